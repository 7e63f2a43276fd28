"""One connection without a socket: proof by answers, each refusal with its own action, keys that belong to the connection."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kats_core.kis.stream.answers import Meaning
from kats_core.kis.stream.conversation import Conversation, ConversationTerms, Ending
from kats_core.kis.stream.registrations import Channel, Registration
from kats_core.kis.stream.streams import streams_of
from kats_core.kis.wire import stream as wire
from kats_core.kis.wire.cipher import CipherKeys
from kats_core.kis.wire.errors import WireError
from kats_core.kis.wire.stream import Ack, Frame
from kats_core.model.time import MINUTE, SECOND, Nanos

STREAMS = streams_of(is_mock=False)
NOTICES = Registration(Channel.NOTICES, "user01")
KEYS = CipherKeys("abcdefghijklmnopabcdefghijklmnop", "0123456789abcdef")
OTHER_KEYS = CipherKeys("ABCDEFGHIJKLMNOPABCDEFGHIJKLMNOP", "fedcba9876543210")
NOTICE = "user01^1234567801^0000085100^^02^0^00^0^005930^0000000010^000071900^094415^0^2^2^00950^000000010^"
LATE = 10 * SECOND


def trades(*numbers: int) -> list[Registration]:
    return [Registration(Channel.TRADES, f"{number:06d}") for number in numbers]


class Heard:
    """A listener that writes down what it hears."""

    def __init__(self) -> None:
        self.proven_ones: list[Registration] = []
        self.released_ones: list[Registration] = []
        self.refusals: list[tuple[Registration, Meaning]] = []
        self.places: list[int] = []
        self.frames: list[Frame] = []
        self.errors: list[WireError] = []

    def proven(self, registration: Registration, now: Nanos) -> None:
        self.proven_ones.append(registration)

    def released(self, registration: Registration, now: Nanos) -> None:
        self.released_ones.append(registration)

    def refused(self, registration: Registration, meaning: Meaning, why: str, now: Nanos) -> None:
        self.refusals.append((registration, meaning))

    def full(self, places: int, now: Nanos) -> None:
        self.places.append(places)

    def frame(self, frame: Frame, now: Nanos) -> None:
        self.frames.append(frame)

    def unreadable(self, error: WireError, now: Nanos) -> None:
        self.errors.append(error)


class Broker:
    """The other side of a session: it answers in order and counts its registrations."""

    def __init__(self, *, limit: int = 41, approval_key: str = "good") -> None:
        self.limit, self.approval_key = limit, approval_key
        self.registered: dict[tuple[str, str], None] = {}
        self.refuse: dict[str, tuple[str, str, bool]] = {}
        """Code, text, and whether the answer names what it refuses, by key."""
        self.silent_for: set[str] = set()
        self.requests: list[str] = []

    def answer(self, text: str) -> list[str]:
        asked = wire.read_registration(text)
        one = (asked.stream, asked.key)
        self.requests.append(("-" if asked.is_unregister else "+") + asked.key)
        code, message, result = self._decide(asked.approval_key, one, is_unregister=asked.is_unregister)
        if asked.key in self.silent_for:
            self.silent_for.discard(asked.key)
            return []
        is_named = self.refuse.get(asked.key, ("", "", True))[2]
        ack = Ack(
            stream=asked.stream if is_named else "",
            key=asked.key if is_named else "",
            code=code,
            message=message,
            result=result,
            keys=KEYS if result == "0" else None,
        )
        return [ack.text()]

    def _decide(self, approval_key: str, one: tuple[str, str], *, is_unregister: bool) -> tuple[str, str, str]:
        if approval_key != self.approval_key:
            return "OPSP0011", "invalid approval(appkey) : NOT FOUND", "1"
        if one[1] in self.refuse:
            return *self.refuse[one[1]][:2], "1"
        if is_unregister:
            if one not in self.registered:
                return "OPSP0003", "UNSUBSCRIBE ERROR(not found!)", "1"
            del self.registered[one]
            return "OPSP0001", "UNSUBSCRIBE SUCCESS", "0"
        if one in self.registered:
            return "OPSP0002", "ALREADY IN SUBSCRIBE", "1"
        if len(self.registered) >= self.limit:
            return "OPSP0008", "MAX SUBSCRIBE OVER", "1"
        self.registered[one] = None
        return "OPSP0000", "SUBSCRIBE SUCCESS", "0"


class Meeting:
    """A conversation with a broker; time passes by hand."""

    def __init__(self, broker: Broker, aim: Iterable[Registration] = (), **terms: int) -> None:
        self.broker, self.heard, self.now = broker, Heard(), 0
        self.talk = Conversation(STREAMS, ConversationTerms(**terms), self.heard)
        self.talk.aim_at(list(aim))
        self.approval_key = "good"
        self.coming: deque[str] = deque()
        self.most_open = 0

    def say_all(self) -> None:
        while (text := self.talk.next_text(self.approval_key, self.now)) is not None:
            self.coming.extend(self.broker.answer(text))
            self.most_open = max(self.most_open, len(self.coming))

    def settle(self) -> None:
        self.say_all()
        while self.coming:
            self.talk.take(self.coming.popleft(), self.now)
            self.say_all()


def test_what_is_registered_is_proven_by_the_brokers_answer() -> None:
    """Regression 19: sent is not registered; the answers make it so, notices first, a few questions open at a time."""
    aim = [NOTICES, *trades(*range(39))]
    meeting = Meeting(Broker(), aim)
    meeting.say_all()
    assert not meeting.talk.live
    meeting.settle()
    assert list(meeting.talk.live) == meeting.heard.proven_ones == aim
    assert meeting.broker.requests[0] == "+user01"
    assert meeting.most_open <= 8
    assert meeting.talk.is_settled


def test_an_answer_that_is_lost_is_asked_for_again_and_already_there_is_success() -> None:
    """Quirk F3: ALREADY IN SUBSCRIBE proves the registration."""
    broker = Broker()
    broker.silent_for = {"000001"}
    meeting = Meeting(broker, trades(1, 2))
    meeting.settle()
    assert list(meeting.talk.live) == trades(2)
    assert meeting.talk.due(0) == 5 * SECOND + 1
    meeting.now = LATE
    meeting.settle()
    assert set(meeting.talk.live) == set(trades(1, 2))
    assert broker.requests == ["+000001", "+000002", "+000001"]


def test_a_broker_that_does_not_answer_twice_ends_the_connection() -> None:
    """What cannot be proven is not fed."""
    meeting = Meeting(Broker(), trades(1))
    meeting.talk.next_text("good", 0)
    meeting.talk.next_text("good", LATE)
    assert meeting.talk.next_text("good", 3 * LATE) is None
    assert meeting.talk.ending is Ending.UNANSWERED


def test_answers_that_come_twice_change_nothing() -> None:
    """Not even where the second one comes while the registration is being given back."""
    meeting = Meeting(Broker(), trades(1, 2))
    answers = [a for _ in range(2) for a in meeting.broker.answer(meeting.talk.next_text("good", 0) or "")]
    for answer in (*answers, *answers):
        meeting.talk.take(answer, 0)
    assert meeting.heard.proven_ones == trades(1, 2)
    meeting.talk.aim_at(trades(2))
    meeting.say_all()
    meeting.talk.take(answers[0], 0)
    assert set(meeting.talk.live) == set(trades(1, 2))
    meeting.settle()
    assert set(meeting.talk.live) == set(trades(2))


def test_the_registration_that_is_too_much_is_not_tried_again_and_again() -> None:
    """Quirk F2: the broker's limit becomes ours, and whoever plans hears of it."""
    meeting = Meeting(Broker(limit=5), trades(*range(8)))
    meeting.settle()
    assert list(meeting.talk.live) == trades(*range(5))
    assert set(meeting.heard.places) == {5}
    asked = len(meeting.broker.requests)
    assert asked <= 8
    meeting.settle()
    assert len(meeting.broker.requests) == asked


def test_an_approval_key_that_is_not_known_is_fetched_anew_once() -> None:
    """The refusals of everything that was asked with the old key are one refusal."""
    meeting = Meeting(Broker(approval_key="new"), trades(1, 2, 3))
    meeting.say_all()
    meeting.talk.take(meeting.coming.popleft(), 0)
    assert meeting.talk.needs_approval
    assert meeting.talk.next_text("good", 0) is None
    meeting.approval_key = "new"
    meeting.talk.renewed()
    meeting.settle()
    assert set(meeting.talk.live) == set(trades(1, 2, 3))
    assert meeting.talk.ending is None


def test_a_new_approval_key_that_is_not_known_either_needs_a_person() -> None:
    """The connection ends with CREDENTIALS."""
    meeting = Meeting(Broker(approval_key="never"), trades(1, 2, 3))
    meeting.settle()
    assert meeting.talk.needs_approval
    meeting.talk.renewed()
    meeting.settle()
    assert meeting.talk.ending is Ending.CREDENTIALS


def test_an_app_key_in_use_ends_the_connection() -> None:
    """Quirk F1: the answer names nothing."""
    meeting = Meeting(Broker(), trades(1))
    meeting.talk.take(
        '{"header":{"tr_id":"(null)","tr_key":"","encrypt":"N"},'
        '"body":{"rt_cd":"9","msg_cd":"OPSP8996","msg1":"ALREADY IN USE appkey"}}',
        0,
    )
    assert meeting.talk.ending is Ending.IN_USE


def test_a_wrong_hts_id_is_refused_without_a_name_and_everything_else_goes_on() -> None:
    """Quirk F11: OPSP0017 belongs to the notices, whatever was asked before them."""
    broker = Broker()
    broker.refuse["user01"] = ("OPSP0017", "ERROR : htsid", False)
    meeting = Meeting(broker, [*trades(1), NOTICES, *trades(2)])
    meeting.settle()
    assert meeting.heard.refusals == [(NOTICES, Meaning.BAD_USER)]
    assert set(meeting.talk.live) == set(trades(1, 2))
    meeting.now = 10 * MINUTE
    meeting.settle()
    assert broker.requests.count("+user01") == 1


def test_a_refusal_without_a_name_belongs_to_the_first_open_question() -> None:
    """Answers come in order."""
    broker = Broker()
    broker.refuse["000002"] = ("OPSP8992", "SUBSCRIBE ERROR : invalid tr_key", False)
    meeting = Meeting(broker, trades(1, 2, 3))
    meeting.settle()
    assert meeting.heard.refusals == [(trades(2)[0], Meaning.REFUSED)]
    assert set(meeting.talk.live) == set(trades(1, 3))


def test_what_the_broker_cannot_do_now_is_asked_again_after_a_minute() -> None:
    """Its internal errors are its own."""
    broker = Broker()
    broker.refuse["000001"] = ("OPSP0007", "SUBSCRIBE INTERNAL ERROR", True)
    meeting = Meeting(broker, trades(1))
    meeting.settle()
    broker.refuse.clear()
    meeting.now = MINUTE - 1
    meeting.settle()
    assert not meeting.talk.live
    assert meeting.talk.due(meeting.now) == MINUTE
    meeting.now = MINUTE
    meeting.settle()
    assert list(meeting.talk.live) == trades(1)


def test_what_cannot_be_given_back_is_not_tried_without_end() -> None:
    """A loop of unregistrations gets a client blocked (quirk F5)."""
    broker = Broker()
    meeting = Meeting(broker, trades(1, 2))
    meeting.settle()
    broker.refuse["000001"] = ("OPSP0007", "SUBSCRIBE INTERNAL ERROR", True)
    meeting.talk.aim_at(trades(2))
    meeting.settle()
    meeting.settle()
    assert broker.requests.count("-000001") == 1
    assert trades(1)[0] in meeting.talk.live


def test_a_silent_registration_is_given_back_and_asked_for_anew() -> None:
    """Quirk F4: confirmed and silent; only registering anew helps."""
    meeting = Meeting(Broker(), trades(1, 2))
    meeting.settle()
    meeting.broker.requests.clear()
    meeting.talk.renew(trades(1)[0])
    meeting.settle()
    assert meeting.broker.requests == ["-000001", "+000001"]
    assert meeting.talk.is_settled


def test_pingpong_is_answered_by_the_same_text() -> None:
    """Quirk F13."""
    text = '{"header":{"tr_id":"PINGPONG","datetime":"20260922140610"}}'
    assert Meeting(Broker()).talk.take(text, 0) == text


def sealed(keys: CipherKeys = KEYS) -> str:
    return Frame.of(STREAMS[Channel.NOTICES], [NOTICE.split("^")], keys).text()


def test_a_notice_is_opened_with_the_keys_of_its_own_connection() -> None:
    """Quirk F8: what another connection was given opens nothing here, and is no notice."""
    meeting = Meeting(Broker(), [NOTICES])
    meeting.settle()
    meeting.talk.take(sealed(), 0)
    assert [frame.payload for frame in meeting.heard.frames] == [NOTICE]
    meeting.talk.take(sealed(OTHER_KEYS), 0)
    assert len(meeting.heard.frames) == 1
    assert len(meeting.heard.errors) == 1


def test_a_notice_that_comes_before_its_keys_waits_for_them() -> None:
    """The broker may send it between registration and answer."""
    meeting = Meeting(Broker(), [NOTICES])
    meeting.say_all()
    meeting.talk.take(sealed(), 0)
    assert not meeting.heard.frames
    meeting.settle()
    assert [frame.payload for frame in meeting.heard.frames] == [NOTICE]


def test_keys_that_were_lost_with_an_answer_come_with_the_others() -> None:
    """The repeated question is answered ALREADY IN SUBSCRIBE, without keys; every answer of a connection brings the same."""
    broker = Broker()
    broker.silent_for = {"user01"}
    meeting = Meeting(broker, [NOTICES, *trades(1)])
    meeting.settle()
    meeting.now = LATE
    meeting.settle()
    assert NOTICES in meeting.talk.live
    meeting.talk.take(sealed(), LATE)
    assert [frame.payload for frame in meeting.heard.frames] == [NOTICE]


@given(
    st.text()
    | st.sampled_from(["0|", "1|H0STCNI0|001|", "0|H0STCNT0|x|", "{}", '{"header":1}', '{"header":{},"body":{}}'])
)
def test_no_text_ends_a_connection_by_an_exception(text: str) -> None:
    """What cannot be read is told and dropped."""
    meeting = Meeting(Broker(), [NOTICES])
    meeting.talk.take(text, 0)
    meeting.settle()
    assert meeting.talk.is_settled


faults = st.lists(st.sampled_from(["fine", "twice", "lost"]), max_size=30)
aims = st.lists(st.integers(0, 9), unique=True, max_size=6)


@given(st.lists(aims, min_size=1, max_size=4), faults, st.integers(6, 8))
def test_whatever_happens_to_answers_the_aim_is_reached_or_the_connection_ends(
    wishes: list[list[int]], happens: list[str], limit: int
) -> None:
    """Lost and repeated answers, changing aims: what counts as live is what the broker has registered."""
    meeting = Meeting(Broker(limit=limit), hard_limit=limit)
    faulty = iter(happens)
    for wish in wishes:
        meeting.talk.aim_at(trades(*wish))
        for _ in range(40):
            meeting.say_all()
            if not meeting.coming:
                meeting.now += LATE
                meeting.say_all()
            while meeting.coming:
                fault, answer = next(faulty, "fine"), meeting.coming.popleft()
                for _ in range({"fine": 1, "twice": 2, "lost": 0}[fault]):
                    meeting.talk.take(answer, meeting.now)
            if meeting.talk.is_settled or meeting.talk.ending is not None:
                break
        if meeting.talk.ending is not None:
            assert meeting.talk.ending is Ending.UNANSWERED
            return
        live = {(STREAMS[one.channel], one.key) for one in meeting.talk.live}
        assert live == meeting.broker.registered.keys() == {(STREAMS[Channel.TRADES], f"{n:06d}") for n in wish}


@pytest.mark.parametrize(
    ("code", "text", "result", "meaning"),
    [
        ("OPSP0000", "SUBSCRIBE SUCCESS", "0", Meaning.DONE),
        ("OPSP0002", "ALREADY IN SUBSCRIBE", "1", Meaning.DONE),
        ("OPSP0003", "UNSUBSCRIBE ERROR(not found!)", "1", Meaning.DONE),
        ("OPSP0008", "MAX SUBSCRIBE OVER", "1", Meaning.FULL),
        ("", "MAX SUBSCRIBE OVER", "1", Meaning.FULL),
        ("OPSP0011", "invalid approval(appkey) : NOT FOUND", "1", Meaning.BAD_APPROVAL),
        ("OPSP8996", "ALREADY IN USE appkey", "9", Meaning.IN_USE),
        ("OPSP8991", "SUBSCRIBE ERROR : invalid tr_id", "1", Meaning.REFUSED),
        ("OPSP1234", "something new", "1", Meaning.REFUSED),
    ],
)
def test_each_answer_has_its_meaning(code: str, text: str, result: str, meaning: Meaning) -> None:
    """A code that nobody knows is a refusal, never a success."""
    from kats_core.kis.stream.answers import meaning_of

    assert meaning_of(Ack(stream="H0STCNT0", key="005930", code=code, message=text, result=result)) is meaning
