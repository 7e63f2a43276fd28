"""The queue between stream and engine: ordered, bounded, and honest about what it had to throw away."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kats_core.kis.stream.inbox import Inbox

Message = tuple[str, str, int]
"""Kind, symbol, number."""

messages = st.lists(
    st.tuples(st.sampled_from(["trade", "book", "notice"]), st.sampled_from("AB"), st.booleans()), max_size=40
)


def inbox_of(patience: int, capacity: int) -> tuple[Inbox[Message], list[Message]]:
    lost: list[Message] = []
    made = Inbox[Message](
        slot=lambda m: m[:2] if m[0] == "book" else None,
        is_kept=lambda m: m[0] == "notice",
        lose=lost.append,
        patience=patience,
        capacity=capacity,
    )
    return made, lost


@given(messages)
def test_who_keeps_up_gets_everything_in_order(path: list[tuple[str, str, bool]]) -> None:
    """Below its patience the inbox is a plain queue."""
    inbox, lost = inbox_of(100, 100)
    put = [(kind, symbol, number) for number, (kind, symbol, _) in enumerate(path)]
    for message in put:
        inbox.put(message)
    taken = [inbox.take() for _ in put]
    assert taken == put
    assert inbox.take() is None
    assert not lost
    assert inbox.backlog.replaced == 0


@given(messages, st.integers(0, 5), st.integers(5, 8))
def test_who_is_behind_gets_less_but_in_order_and_never_without_the_newest(
    path: list[tuple[str, str, bool]], patience: int, capacity: int
) -> None:
    """Notices always come; of each book the newest; every trade came, waits, or is counted as lost."""
    inbox, lost = inbox_of(patience, capacity)
    put: list[Message] = []
    taken: list[Message] = []
    for number, (kind, symbol, takes) in enumerate(path):
        put.append((kind, symbol, number))
        inbox.put(put[-1])
        if takes:
            message = inbox.take()
            assert message is not None
            taken.append(message)
        waiting_notices = sum(1 for m in put if m[0] == "notice") - sum(1 for m in taken if m[0] == "notice")
        assert len(inbox) <= max(capacity, waiting_notices + 1)
    while (message := inbox.take()) is not None:
        taken.append(message)
    assert [m[2] for m in taken] == sorted(m[2] for m in taken)
    assert [m for m in taken if m[0] == "notice"] == [m for m in put if m[0] == "notice"]
    assert len(taken) + len(lost) + inbox.backlog.replaced == len(put)
    assert inbox.backlog.lost == len(lost)
    trades = {m for m in put if m[0] == "trade"}
    assert trades == {m for m in (*taken, *lost) if m[0] == "trade"}


def test_a_newer_book_takes_the_place_of_an_older_one_behind_the_trades_between() -> None:
    """A message never overtakes one that came before it."""
    inbox, _ = inbox_of(1, 10)
    for message in (("book", "A", 1), ("trade", "A", 2), ("book", "A", 3)):
        inbox.put(message)
    assert [inbox.take(), inbox.take(), inbox.take()] == [("trade", "A", 2), ("book", "A", 3), None]
    assert inbox.backlog.replaced == 1


def test_the_backlog_tells_how_far_the_reader_was_behind() -> None:
    """What waits now and the most that ever waited."""
    inbox, _ = inbox_of(10, 10)
    for number in range(4):
        inbox.put(("trade", "A", number))
    inbox.take()
    assert (inbox.backlog.waiting, inbox.backlog.most) == (3, 4)


@pytest.mark.parametrize(("patience", "capacity"), [(5, 4), (0, 0), (-1, 4)])
def test_an_inbox_without_room_is_refused(patience: int, capacity: int) -> None:
    """It would lose everything."""
    with pytest.raises(ValueError, match="inbox"):
        inbox_of(patience, capacity)
