"""Say what the broker's answer to a registration means, and to which one it belongs.

Refusals may not name what they refuse (`kis/ws.md` section 3.3), so open questions are kept in the order in which they were
sent: an answer with a name goes to the first of that name and direction, one without a name to the first that can be meant.
Answers come twice, too; one that nobody waits for changes nothing. Pure.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from kats_core.kis.stream.placement import Step
from kats_core.kis.stream.registrations import Channel, Registration
from kats_core.kis.wire import stream as wire
from kats_core.kis.wire.codes import ReplyClass, classify
from kats_core.kis.wire.stream import Ack
from kats_core.model.time import Nanos


class Meaning(enum.Enum):
    """What an answer means for whoever asked, and what is done then."""

    DONE = "done"
    """What was asked for holds; that includes a registration that was there already."""
    FULL = "full"
    """The session takes no more: plan with fewer places."""
    BAD_APPROVAL = "bad approval key"
    """Fetch a new approval key once and ask again; refused again, it needs a person."""
    IN_USE = "app key in use"
    """Another session of the app key lives: wait for its end, or a person finds who else uses it."""
    BAD_USER = "wrong HTS id"
    """There are no notices until a person mends the setting; everything else goes on."""
    TEMPORARY = "temporary"
    """The broker's own trouble: ask again later."""
    REFUSED = "refused"
    """This registration is not possible; never asked again by itself."""


_MEANINGS: Mapping[str, Meaning] = {
    wire.NOT_SUBSCRIBED: Meaning.DONE,
    "OPSP0009": Meaning.TEMPORARY,
    "OPSP0010": Meaning.BAD_APPROVAL,
    "OPSP0011": Meaning.BAD_APPROVAL,
    "OPSP0017": Meaning.BAD_USER,
    "OPSP9994": Meaning.BAD_APPROVAL,
}
"""Where the class of a code does not say what a stream does about it."""
_OF_CLASS: Mapping[ReplyClass, Meaning] = {
    ReplyClass.FULL: Meaning.FULL,
    ReplyClass.IN_USE: Meaning.IN_USE,
    ReplyClass.TEMPORARY: Meaning.TEMPORARY,
}
_TEXTS: Mapping[str, Meaning] = {
    "MAX SUBSCRIBE OVER": Meaning.FULL,
    "ALREADY IN USE": Meaning.IN_USE,
    "ALREADY IN SUBSCRIBE": Meaning.DONE,
}
"""Some are known by their text alone, without a code."""
_OF_REGISTERING = frozenset({wire.SUBSCRIBED, wire.ALREADY_SUBSCRIBED, "OPSP0008"})
_OF_UNREGISTERING = frozenset({wire.UNSUBSCRIBED, wire.NOT_SUBSCRIBED})


def meaning_of(ack: Ack) -> Meaning:
    """Return what an answer means; a code that nobody knows is a refusal."""
    known = _MEANINGS.get(ack.code) or _OF_CLASS.get(classify(ack.code, ack.message))
    if known is not None:
        return known
    if ack.is_done:
        return Meaning.DONE
    return next((meaning for text, meaning in _TEXTS.items() if text in ack.message.upper()), Meaning.REFUSED)


@dataclass(slots=True)
class Question:
    """A message that waits for its answer. `times` is how often it was sent."""

    step: Step
    sent_at: Nanos
    times: int = 1


class Answered(NamedTuple):
    """An answer with what it belongs to; `step` is None where it concerns the session, or nobody waits for it."""

    meaning: Meaning
    step: Step | None


@dataclass
class Questions:
    """What one connection has asked and is still without an answer, in the order of sending.

    `streams` are the broker's names of the channels.
    """

    streams: Mapping[Channel, str]
    _open: dict[Registration, Question] = field(default_factory=dict, init=False)

    def __len__(self) -> int:
        return len(self._open)

    def ask(self, step: Step, now: Nanos) -> None:
        """Note that a message was sent."""
        self._open[step.registration] = Question(step, now)

    def asked(self) -> dict[Registration, bool]:
        """Return what is open: True for a registration, False where it is given back."""
        return {one: question.step.is_register for one, question in self._open.items()}

    def answer(self, ack: Ack) -> Answered:
        """Return what an answer means and to what, and close that question."""
        meaning = meaning_of(ack)
        if meaning is Meaning.IN_USE:
            return Answered(meaning, None)
        found = next(self._candidates(ack, meaning), None)
        if found is None:
            return Answered(meaning, None)
        del self._open[found.registration]
        return Answered(meaning, found)

    def overdue(self, before: Nanos) -> list[Question]:
        """Return the questions last sent before an instant."""
        return [question for question in self._open.values() if question.sent_at < before]

    def sent_again(self, question: Question, now: Nanos) -> None:
        """Note that a question was sent once more; it stands behind the others now."""
        del self._open[question.step.registration]
        self._open[question.step.registration] = Question(question.step, now, question.times + 1)

    def _candidates(self, ack: Ack, meaning: Meaning) -> Iterator[Step]:
        for registration, question in self._open.items():
            step = question.step
            if (ack.code in _OF_REGISTERING and not step.is_register) or (
                ack.code in _OF_UNREGISTERING and step.is_register
            ):
                continue
            if meaning is Meaning.BAD_USER and registration.channel is not Channel.NOTICES:
                continue
            if not ack.stream or self._is_named(ack, registration):
                yield step

    def _is_named(self, ack: Ack, registration: Registration) -> bool:
        if ack.stream != self.streams.get(registration.channel):
            return False
        # There is one user a session, and some servers answer with another spelling of it.
        return not ack.key or ack.key == registration.key or registration.channel is Channel.NOTICES
