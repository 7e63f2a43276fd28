"""Lead one connection's conversation with the broker: what to send next, and what each text that comes in means.

No socket and no clock is known here: texts and times come in, texts and records go out (to a `Listener`). A registration
counts from the broker's answer on, never from sending. Key and iv of the notices belong to this connection alone.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from kats_core.kis.stream.answers import Meaning, Questions
from kats_core.kis.stream.budget import HARD_LIMIT
from kats_core.kis.stream.placement import Step, next_step
from kats_core.kis.stream.registrations import Channel, Registration
from kats_core.kis.wire import stream as wire
from kats_core.kis.wire.cipher import CipherKeys
from kats_core.kis.wire.errors import WireError
from kats_core.kis.wire.stream import Ack, Frame, Ping
from kats_core.model.time import MINUTE, NEVER, SECOND, Nanos

_MOST_SEALED = 1_000


class Ending(enum.Enum):
    """Why a connection ended, or has to."""

    CLOSED = "closed"
    """The other side closed it, or the network did."""
    UNREACHABLE = "unreachable"
    IN_USE = "app key in use"
    CREDENTIALS = "credentials"
    """The broker knows neither the old nor the new approval key; a person is needed."""
    UNANSWERED = "unanswered"
    """A registration got no answer, twice."""
    SILENT = "silent"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationTerms:
    """How a session asks: at most `window` open questions, each asked a second time after `answer_within`.

    `again_after` is the pause before something that the broker refused for its own trouble is asked again.
    """

    hard_limit: int = HARD_LIMIT
    window: int = 8
    answer_within: Nanos = 5 * SECOND
    again_after: Nanos = MINUTE


class Listener(Protocol):
    """Hears what one connection brings, in order."""

    def proven(self, registration: Registration, now: Nanos) -> None:
        """Hear that the broker has answered: the registration is live."""

    def released(self, registration: Registration, now: Nanos) -> None:
        """Hear that the broker has answered: the registration is given back."""

    def refused(self, registration: Registration, meaning: Meaning, why: str, now: Nanos) -> None:
        """Hear that a registration is not possible, or not now."""

    def full(self, places: int, now: Nanos) -> None:
        """Hear that the session takes no more than so many."""

    def frame(self, frame: Frame, now: Nanos) -> None:
        """Hear a frame of data in plain text."""

    def unreadable(self, error: WireError, now: Nanos) -> None:
        """Hear a text that cannot be read."""


class Conversation:
    """One connection from its handshake to its end."""

    def __init__(self, streams: Mapping[Channel, str], terms: ConversationTerms, listener: Listener) -> None:
        self.wake: Callable[[], None] = lambda: None
        """Called when `next_text` may have something to say again."""
        self.ending: Ending | None = None
        self.live: dict[Registration, Nanos] = {}
        """What the broker has confirmed, and when."""
        self._aim: list[Registration] = []
        self._streams, self._terms, self._listener = streams, terms, listener
        self._questions = Questions(streams)
        self._later: dict[Registration, Nanos] = {}
        self._renewing: set[Registration] = set()
        self._limit = terms.hard_limit
        self._notice_keys: CipherKeys | None = None
        self._other_keys: CipherKeys | None = None
        self._sealed: list[Frame] = []
        self._approval_refusals = 0
        self._is_draining = False
        self.last_ping = ""
        """The newest sign of life, as it came: texts of one day rise with its time."""
        self.last_ping_at: Nanos = 0
        self.needs_approval = False
        """The broker does not know the approval key: nothing is sent until `renewed` is called."""

    @property
    def is_settled(self) -> bool:
        """Tell whether all that is aimed at and possible now is proven, and nothing else is registered."""
        possible = {one for one in self._aim if one in self.live or one not in self._later}
        return not self._questions and self.live.keys() == possible and not self._renewing

    def aim_at(self, registrations: Sequence[Registration]) -> None:
        """Say what shall be registered, dearest first."""
        if registrations != self._aim:
            self._aim = list(registrations)
            self.wake()

    def end(self, ending: Ending) -> None:
        """Let the connection end."""
        self.ending = self.ending or ending
        self.wake()

    def next_text(self, approval_key: str, now: Nanos) -> str | None:
        """Return the next message to send and note that it was sent; None when there is nothing to say yet."""
        if self.ending is not None or self.needs_approval:
            return None
        overdue = self._questions.overdue(now - self._terms.answer_within)
        if any(question.times > 1 for question in overdue):
            self.ending = Ending.UNANSWERED
            return None
        if overdue:
            self._questions.sent_again(overdue[0], now)
            return self._text(overdue[0].step, approval_key)
        self._is_draining = self._is_draining and bool(self._questions)
        if self._is_draining or len(self._questions) >= self._terms.window:
            return None
        step = self._next_step(now)
        if step is None:
            return None
        self._questions.ask(step, now)
        return self._text(step, approval_key)

    def due(self, now: Nanos) -> Nanos | None:
        """Return when `next_text` has something to say although nothing came in meanwhile; None: never."""
        asked = [question.sent_at + self._terms.answer_within + 1 for question in self._questions.overdue(NEVER)]
        later = [at for at in self._later.values() if now < at < NEVER]
        return min((*asked, *later), default=None)

    def renewed(self) -> None:
        """Go on with a new approval key, once all that was asked with the old one is answered."""
        self.needs_approval = False
        self._is_draining = True

    def renew(self, registration: Registration) -> None:
        """Give a registration back and ask for it again: the broker confirms it and sends nothing."""
        if registration in self.live:
            self._renewing.add(registration)
            self.wake()

    def take(self, text: str, now: Nanos) -> str | None:
        """Take a text of the broker's; return what is to be sent back at once."""
        try:
            message = wire.split(text)
        except WireError as error:
            self._listener.unreadable(error, now)
            return None
        if isinstance(message, Ping):
            self.last_ping, self.last_ping_at = message.text, now
            return message.text
        if isinstance(message, Ack):
            self._answered(message, now)
            self.wake()
        elif message.is_encrypted:
            self._open(message, now)
        else:
            self._listener.frame(message, now)
        return None

    def _next_step(self, now: Nanos) -> Step | None:
        held_back = {one for one, at in self._later.items() if at > now}
        aim = [one for one in self._aim if one in self.live or one not in held_back]
        aim += [one for one in self.live if one in held_back]
        asked = self._questions.asked()
        step = next_step(aim, self.live, asked, self._limit)
        if step is not None:
            return step
        again = next((one for one in self._renewing if one not in asked), None)
        return None if again is None else Step(False, again)

    def _text(self, step: Step, approval_key: str) -> str:
        say = wire.register if step.is_register else wire.unregister
        return say(approval_key, self._streams[step.registration.channel], step.registration.key)

    def _answered(self, ack: Ack, now: Nanos) -> None:
        meaning, step = self._questions.answer(ack)
        if meaning is Meaning.IN_USE:
            self.ending = Ending.IN_USE
        elif meaning is Meaning.BAD_APPROVAL:
            self._approval_refused()
        elif meaning is Meaning.DONE:
            self._keep_keys(ack)
            if step is not None:
                self._done(step, now)
            self._open_sealed(now)
        elif step is not None:
            self._refused(step, meaning, f"{ack.code} {ack.message}", now)

    def _approval_refused(self) -> None:
        if self.needs_approval or self._is_draining:
            return
        self._approval_refusals += 1
        if self._approval_refusals > 1:
            self.ending = Ending.CREDENTIALS
        else:
            self.needs_approval = True

    def _done(self, step: Step, now: Nanos) -> None:
        one = step.registration
        if step.is_register:
            self.live[one] = now
            self._approval_refusals = 0
            self._listener.proven(one, now)
        else:
            self.live.pop(one, None)
            self._renewing.discard(one)
            self._listener.released(one, now)

    def _refused(self, step: Step, meaning: Meaning, why: str, now: Nanos) -> None:
        one = step.registration
        if not step.is_register:
            # What cannot be given back stays where it is; asked again at once it would be asked without end.
            self._renewing.discard(one)
            self._later[one] = now + self._terms.again_after
            return
        if meaning is Meaning.FULL:
            self._limit = max(1, len(self.live))
            self._listener.full(self._limit, now)
            return
        self._later[one] = now + self._terms.again_after if meaning is Meaning.TEMPORARY else NEVER
        self._listener.refused(one, meaning, why, now)

    def _keep_keys(self, ack: Ack) -> None:
        if ack.keys is None:
            return
        if ack.stream == self._streams.get(Channel.NOTICES):
            self._notice_keys = ack.keys
        else:
            self._other_keys = ack.keys

    def _open_sealed(self, now: Nanos) -> None:
        if self._sealed and not self._waits_for_keys:
            waiting, self._sealed = self._sealed, []
            for frame in waiting:
                self._open(frame, now)

    def _open(self, frame: Frame, now: Nanos) -> None:
        """Decrypt a notice with the keys of its own answer; where that had none, with those of another of this connection."""
        if self._waits_for_keys and len(self._sealed) < _MOST_SEALED:
            self._sealed.append(frame)
            return
        keys = self._notice_keys or self._other_keys
        if keys is None:
            error = WireError(frame.text(), "no answer of this connection brought keys to open it")
            self._listener.unreadable(error, now)
            return
        try:
            opened = frame.opened(keys)
        except WireError as error:
            self._listener.unreadable(error, now)
            return
        self._listener.frame(opened, now)

    @property
    def _waits_for_keys(self) -> bool:
        """Tell whether the answer that brings the keys is still to come; a notice may come before it."""
        is_asked = any(one.channel is Channel.NOTICES for one in self._questions.asked())
        return is_asked and self._notice_keys is None
