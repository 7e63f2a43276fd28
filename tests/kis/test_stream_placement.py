"""The order of changes: no tick of what is wanted before and after is lost, and no session is ever asked for too much."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kats_core.kis.stream.placement import Step, next_step, place
from kats_core.kis.stream.registrations import Channel, Registration


def registration(number: int) -> Registration:
    return Registration(Channel.TRADES, f"{number:06d}")


registrations = st.integers(0, 30).map(registration)
aims = st.lists(registrations, unique=True, max_size=8)


class Broker:
    """A session at the broker: it answers in order, when it is told to, and refuses what is too much."""

    def __init__(self, hard_limit: int) -> None:
        self.hard_limit = hard_limit
        self.registered: dict[Registration, None] = {}
        self.live: dict[Registration, None] = {}
        self.asked: dict[Registration, bool] = {}
        self.steps: list[Step] = []
        self.overruns = 0

    def send(self, step: Step) -> None:
        self.steps.append(step)
        self.asked[step.registration] = step.is_register
        if not step.is_register:
            self.registered.pop(step.registration)
        elif len(self.registered) < self.hard_limit:
            self.registered[step.registration] = None
        else:
            self.overruns += 1

    def answer(self) -> None:
        one = next(iter(self.asked))
        if self.asked.pop(one):
            self.live[one] = None
        else:
            self.live.pop(one)

    def reach(self, aim: list[Registration], answers_early: list[bool]) -> None:
        early = iter(answers_early)
        while True:
            step = next_step(aim, self.live, self.asked, self.hard_limit)
            if step is not None:
                self.send(step)
                if next(early, False) and self.asked:
                    self.answer()
            elif self.asked:
                self.answer()
            else:
                return


@given(aims, aims, st.integers(8, 10), st.lists(st.booleans(), max_size=20))
def test_a_session_reaches_its_aim_without_giving_up_what_stays(
    before: list[Registration], after: list[Registration], hard_limit: int, answers_early: list[bool]
) -> None:
    """Whatever the order of answers: never over the limit, what stays is never unregistered, and each change is sent once."""
    broker = Broker(hard_limit)
    broker.reach(before, answers_early)
    broker.steps.clear()
    broker.reach(after, answers_early)
    assert set(broker.registered) == set(broker.live) == set(after)
    assert broker.overruns == 0
    given_up = {step.registration for step in broker.steps if not step.is_register}
    assert given_up == set(before) - set(after)
    assert len(broker.steps) == len(set(before) ^ set(after))


@given(aims, aims, st.lists(st.booleans(), max_size=20))
def test_with_room_the_new_is_proven_before_the_old_is_given_up(
    before: list[Registration], after: list[Registration], answers_early: list[bool]
) -> None:
    """All registrations of a change come before all its unregistrations where there is room for both."""
    broker = Broker(16)
    broker.reach(before, answers_early)
    broker.steps.clear()
    broker.reach(after, answers_early)
    kinds = [step.is_register for step in broker.steps]
    assert kinds == sorted(kinds, reverse=True)


@given(st.lists(aims, min_size=1, max_size=6), st.integers(8, 9), st.data())
def test_an_aim_that_changes_on_the_way_is_reached_all_the_same(
    wishes: list[list[Registration]], hard_limit: int, data: st.DataObject
) -> None:
    """Changes that were begun for an older aim are finished or taken back, within the limit all along."""
    broker = Broker(hard_limit)
    for aim in wishes[:-1]:
        for _ in range(data.draw(st.integers(0, 10))):
            step = next_step(aim, broker.live, broker.asked, hard_limit)
            if step is not None and data.draw(st.booleans()):
                broker.send(step)
            elif broker.asked:
                broker.answer()
    broker.reach(wishes[-1], [])
    assert set(broker.registered) == set(wishes[-1])
    assert broker.overruns == 0


def test_dearest_first() -> None:
    """After a reconnect the notices are asked for before everything else, in the order of the aim."""
    aim = [registration(n) for n in (7, 3, 5)]
    broker = Broker(41)
    broker.reach(aim, [])
    assert [step.registration for step in broker.steps] == aim


@given(
    st.lists(registrations, unique=True, max_size=20),
    st.dictionaries(registrations, st.sampled_from(["one", "two", "three", "gone"]), max_size=20),
    st.fixed_dictionaries({name: st.integers(0, 8) for name in ("one", "two", "three")}),
)
def test_registrations_stay_where_they_are(
    wanted: list[Registration], before: dict[Registration, str], rooms: dict[str, int]
) -> None:
    """Nobody moves who has a place, no session gets more than it has room for, and nothing is left away while there is room."""
    found = place(wanted, before, rooms, {})
    for session, room in rooms.items():
        assert sum(1 for one in found.values() if one == session) <= room
    assert len(found) == min(len(wanted), sum(rooms.values()))
    for session, room in rooms.items():
        stayed = [one for one in wanted if before.get(one) == session]
        assert [one for one in stayed if found.get(one) == session] == stayed[:room]


def test_the_channels_of_a_symbol_live_together() -> None:
    """Trades and book of a symbol come in one order only where they come on one session."""
    book = Registration(Channel.BOOK, registration(1).key)
    found = place([registration(1), book], {registration(1): "one"}, {"one": 2, "two": 9}, {})
    assert found[book] == "one"


def test_a_pinned_registration_makes_room_on_its_own_session_or_is_left_away() -> None:
    """Notices belong to the app key of the account."""
    notices = Registration(Channel.NOTICES, "user01")
    wanted = [notices, registration(1), registration(2)]
    before = {registration(1): "one", registration(2): "one"}
    found = place(wanted, before, {"one": 2, "two": 2}, {notices: "one"})
    assert found == {notices: "one", registration(1): "one", registration(2): "two"}
    assert notices not in place(wanted, before, {"two": 2}, {notices: "one"})
