"""What is counted over a session: messages, repeated entries, refusals, round trips; an exit has a lane of its own."""

from __future__ import annotations

import datetime as dt

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kats_core.model import time
from kats_core.model.codes import CoreCode
from kats_core.model.kinds import OrderState, OrderType, Purpose, Side
from kats_core.model.order import Order
from kats_core.orders.gate_config import GateConfig
from kats_core.orders.traffic import STORM_PAUSE, TokenBucket, Traffic

NOW = time.at(dt.date(2026, 3, 4), dt.time(10))
ENTRY = Order(
    order_id=1,
    signal_id="s",
    instance="vb",
    symbol="005930",
    slot=0,
    purpose=Purpose.ENTRY,
    side=Side.BUY,
    order_type=OrderType.LIMIT,
    quantity=10,
    limit=25_500,
    state=OrderState.CREATED,
    created_at=NOW,
)
EXIT = msgspec.structs.replace(ENTRY, side=Side.SELL, purpose=Purpose.EXIT)


def of(instance: str, symbol: str = "005930") -> Order:
    return msgspec.structs.replace(ENTRY, instance=instance, symbol=symbol)


def test_the_bucket_lets_five_through_at_once_and_two_a_second() -> None:
    """The standard's vector: ten at 0 s, five pass; two more at 1 s; five at 10 s."""
    bucket = TokenBucket(5, 2)
    passed = []
    for second, tries in ((0, 10), (1, 10), (10, 10)):
        now, count = NOW + second * time.SECOND, 0
        for _ in range(tries):
            if bucket.wait(now) == 0:
                bucket.take(now)
                count += 1
        passed.append(count)
    assert passed == [5, 2, 5]


@given(st.lists(st.integers(0, 3_000), min_size=1, max_size=60), st.integers(1, 5), st.integers(1, 5))
def test_a_bucket_never_lets_more_through_than_its_rate(pauses_ms: list[int], burst: int, rate: int) -> None:
    """In any stretch of time at most `burst` and `rate` a second; and whoever waits as told passes."""
    bucket, now, sent = TokenBucket(burst, rate), NOW, []
    for pause in pauses_ms:
        now += pause * 1_000_000
        wait = bucket.wait(now)
        if wait:
            assert bucket.wait(now + wait - 1) > 0
            now += wait
        assert bucket.wait(now) == 0
        bucket.take(now)
        sent.append(now)
    for i, first in enumerate(sent):
        for j in range(i, len(sent)):
            assert j - i + 1 <= burst + (sent[j] - first) * rate // time.SECOND + 1


def test_thirty_orders_in_a_second_are_throttled_and_exits_still_pass() -> None:
    """FI-11: entries stop at their own lane, which exits and cancels do not use; on bars no rate is known."""
    traffic = Traffic(GateConfig())
    answers = []
    for n in range(30):
        order = of(f"vb{n}")
        code = traffic.refusal(order, NOW, is_paced=True)
        answers.append(code)
        if code is None:
            traffic.on_sent(order, NOW)
    assert answers == [None] * 5 + [CoreCode.THROTTLE] * 25
    assert traffic.exit_wait(NOW) == 0
    assert traffic.refusal(of("vb"), NOW, is_paced=False) is None
    for _ in range(3):
        traffic.on_sent(EXIT, NOW)
    assert traffic.exit_wait(NOW) == -(-time.SECOND // 3)
    assert traffic.exit_wait(NOW + time.SECOND) == 0


def test_a_fourth_entry_within_a_minute_and_a_seventh_of_the_day_are_repetition() -> None:
    """REPEAT_EXEC counts what one instance sends in one symbol."""
    traffic = Traffic(GateConfig())
    for n in range(3):
        traffic.on_sent(ENTRY, NOW + n)
    assert traffic.refusal(ENTRY, NOW + 3, is_paced=False) is CoreCode.REPEAT_EXEC
    assert traffic.refusal(of("vb", "000660"), NOW + 3, is_paced=False) is None
    assert traffic.refusal(of("other"), NOW + 3, is_paced=False) is None
    assert traffic.refusal(ENTRY, NOW + time.MINUTE + 2, is_paced=False) is None
    for n in range(3):
        traffic.on_sent(ENTRY, NOW + (n + 1) * 60 * time.MINUTE)
    assert traffic.refusal(ENTRY, NOW + 5 * 60 * time.MINUTE, is_paced=False) is CoreCode.REPEAT_EXEC
    traffic.begin_session()
    assert traffic.refusal(ENTRY, NOW + 5 * 60 * time.MINUTE, is_paced=False) is None


def test_what_waited_in_vain_is_no_entry_of_the_day_but_one_of_the_minute() -> None:
    """A grid bids a level every ten minutes until somebody sells there; that is no strategy in a loop."""
    traffic = Traffic(GateConfig())
    now = NOW
    for _ in range(40):
        now += 10 * time.MINUTE
        assert traffic.refusal(ENTRY, now, is_paced=False) is None
        traffic.on_sent(ENTRY, now)
        traffic.on_unfilled(ENTRY)
    for n in range(2):
        traffic.on_sent(ENTRY, now + n + 1)
        traffic.on_unfilled(ENTRY)
    assert traffic.refusal(ENTRY, now + 3, is_paced=False) is CoreCode.REPEAT_EXEC


def test_each_level_of_a_grid_is_counted_on_its_own() -> None:
    """Levels are orders of their own by design: positions and uniqueness are keyed by slot, and so is this."""
    traffic = Traffic(GateConfig())
    for slot in range(6):
        order = msgspec.structs.replace(ENTRY, slot=slot)
        assert traffic.refusal(order, NOW, is_paced=False) is None
        traffic.on_sent(order, NOW)


def test_a_latch_outlives_the_session_until_a_person_releases_it() -> None:
    """Nothing but `release` takes it back."""
    traffic = Traffic(GateConfig())
    traffic.latch("vb", CoreCode.REPEAT_EXEC)
    traffic.begin_session()
    assert traffic.refusal(ENTRY, NOW, is_paced=False) is CoreCode.REPEAT_EXEC
    assert traffic.refusal(of("other"), NOW, is_paced=False) is None
    traffic.release("vb")
    assert traffic.refusal(ENTRY, NOW, is_paced=False) is None


def test_refusals_latch_the_instance_then_halt_the_account() -> None:
    """Five in a minute latch the instance; twenty, whoever sent them, are for the whole account."""
    traffic = Traffic(GateConfig())
    told = [traffic.on_refused(of(f"vb{n % 4}"), NOW + n * time.SECOND) for n in range(20)]
    assert told[:4] == [None] * 4
    assert told[4] is CoreCode.ORDER_STORM
    assert [told[n] for n in range(16, 19)] == [CoreCode.REJECT_STORM] * 3
    assert sorted(traffic.latched) == ["vb0", "vb1", "vb2"]
    assert told[19] is CoreCode.REJECT_STORM
    assert "vb3" not in traffic.latched


def test_five_refusals_in_ten_minutes_stop_entries_for_half_an_hour() -> None:
    """ORDER_STORM of `spec/orders.md` section 5, for every instance."""
    traffic = Traffic(GateConfig())
    told = [traffic.on_refused(of("vb"), NOW + n * 2 * time.MINUTE) for n in range(5)]
    assert told == [None, None, None, None, CoreCode.ORDER_STORM]
    last = NOW + 8 * time.MINUTE
    assert traffic.refusal(of("other"), last + STORM_PAUSE - 1, is_paced=False) is CoreCode.ORDER_STORM
    assert traffic.refusal(of("other"), last + STORM_PAUSE, is_paced=False) is None


def test_after_three_round_trips_nothing_is_bought_in_the_symbol() -> None:
    """CHURN, until the next session."""
    traffic = Traffic(GateConfig())
    for _ in range(3):
        assert traffic.refusal(ENTRY, NOW, is_paced=False) is None
        traffic.on_flat("005930")
    assert traffic.refusal(of("other"), NOW, is_paced=False) is CoreCode.CHURN
    assert traffic.refusal(of("vb", "000660"), NOW, is_paced=False) is None
    traffic.begin_session()
    assert traffic.refusal(ENTRY, NOW, is_paced=False) is None


@pytest.mark.parametrize("field", ["orders", "cancels"])
def test_a_day_has_so_many_messages_and_no_more(field: str) -> None:
    """DAILY_MSG; exits go on."""
    traffic = Traffic(GateConfig(orders_a_day=3, cancels_a_day=3))
    for n in range(3):
        at = NOW + n * time.MINUTE
        traffic.on_sent(of(f"vb{n}"), at) if field == "orders" else traffic.on_cancel(at)
    late = NOW + 10 * time.MINUTE
    assert traffic.refusal(ENTRY, late, is_paced=True) is CoreCode.DAILY_MSG
    assert traffic.exit_wait(late) == 0
