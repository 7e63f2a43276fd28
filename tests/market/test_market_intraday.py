"""The day so far: average price, usual volume by the minute, relative volume."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kats_core.market.calendar import krx_calendar
from kats_core.market.intraday import USUAL_CURVE, VolumeCurve, own_curve, session_shares, vwap, vwap_of_bars
from kats_core.market.minutes import MinuteBars
from kats_core.model.time import MINUTE

S2 = np.array(
    [
        (51500, 51900, 51400, 51800, 90000), (51800, 52100, 51700, 52000, 60000), (52000, 52300, 51900, 52200, 50000),
        (52200, 52400, 52000, 52300, 40000), (52300, 52300, 51900, 52000, 20000), (52000, 52100, 51800, 51900, 15000),
        (51900, 52000, 51700, 51800, 12000), (51800, 51900, 51700, 51800, 10000), (51800, 51900, 51700, 51900, 9000),
        (51900, 51900, 51700, 51700, 8000), (51700, 51800, 51700, 51800, 7000), (51800, 51800, 51600, 51700, 7000),
        (51700, 51800, 51700, 51800, 6000), (51800, 51900, 51700, 51800, 6000), (51800, 51800, 51700, 51700, 6000),
        (51700, 51800, 51700, 51700, 6000), (51700, 51800, 51600, 51700, 7000), (51700, 52000, 51700, 52000, 16000),
    ]
)  # fmt: skip
"""One-minute bars of example S2-1."""

S5 = np.array(
    [
        (79500, 79900, 79400, 79800, 60000), (79800, 80100, 79700, 80000, 45000), (80000, 80300, 79900, 80200, 40000),
        (80200, 80500, 80100, 80400, 35000), (80400, 80500, 80200, 80300, 25000), (80300, 80400, 80100, 80200, 20000),
        (80200, 80300, 80000, 80100, 20000), (80100, 80200, 79900, 80000, 18000), (80000, 80100, 79900, 80000, 15000),
        (80000, 80100, 79900, 79900, 15000), (79900, 80100, 79900, 80100, 18000), (80100, 80300, 80000, 80200, 22000),
    ]
)  # fmt: skip
"""Three-minute bars of example S5-1."""


def average(bars: np.ndarray) -> np.ndarray:
    _, high, low, close, volume = bars.T
    return vwap_of_bars(high, low, close, volume)


def test_the_average_price_of_bars_weights_the_typical_price_by_volume() -> None:
    """S2-1 and S5-1; row i knows bars 0 to i only."""
    assert average(S2)[17] == pytest.approx(51905.955556, abs=1e-6)
    assert average(S5)[11] == pytest.approx(80048.148148, abs=1e-6)
    assert average(S5)[11] - average(S5)[6] == pytest.approx(0.53, abs=0.005)
    np.testing.assert_array_equal(average(S2[:9]), average(S2)[:9])


def test_the_average_price_of_the_exchange_has_six_places() -> None:
    """Value over volume, exact before it is rounded; before the first trade there is none."""
    assert vwap(3_090, 300) == Decimal("10.300000")
    assert vwap(200_000_000_000_001, 3) == Decimal("66666666666667.000000")
    assert vwap(2, 3) == Decimal("0.666667")
    assert vwap(0, 0) is None


def test_before_the_first_trade_bars_have_no_average() -> None:
    """A bar without volume divides by zero otherwise."""
    assert np.isnan(vwap_of_bars(*np.zeros((4, 2), dtype=np.int64))).all()


@pytest.mark.parametrize(("minute", "share"), [(0, 0.03), (15, 0.155), (45, 0.285), (60, 0.34), (390, 1.0), (400, 1.0)])
def test_the_usual_curve_is_linear_between_its_points(minute: int, share: float) -> None:
    """09:45 is minute 45: 0.285."""
    assert USUAL_CURVE.share(minute) == pytest.approx(share, abs=1e-12)


def test_a_shifted_day_is_stretched_to_a_usual_one() -> None:
    """Open 10:00, close 15:30 are 330 minutes: minute 55 is minute 65 of a usual day."""
    assert USUAL_CURVE.share(55, 330) == pytest.approx(USUAL_CURVE.share(65), abs=1e-12)
    assert USUAL_CURVE.share(330, 330) == 1.0


def test_there_is_no_share_before_the_open() -> None:
    """A minute before the open is a programming error."""
    with pytest.raises(ValueError, match="before the open"):
        USUAL_CURVE.share(-1)


@pytest.mark.parametrize(
    ("volume", "minute", "usual", "expected"),
    [
        (36_000, 45, 82_000, 1.540),  # S1-1
        (34_000, 45, 82_000, 1.455),  # S1-2
        (48_000, 60, 93_600, 1.508),  # S3-1
        (44_000, 60, 93_600, 1.383),  # S3-4
        (346_000, 15, 1_000_000, 2.232258),  # S2-1
    ],
)
def test_relative_volume_of_the_examples(volume: int, minute: int, usual: float, expected: float) -> None:
    """Volume so far over what is usual by now."""
    assert USUAL_CURVE.relative_volume(volume, minute, usual) == pytest.approx(expected, abs=6e-4)


@pytest.mark.parametrize("usual", [0.0, float("nan"), -1.0])
def test_without_a_usual_volume_nothing_is_relative(usual: float) -> None:
    """Missing, and so no entry."""
    assert USUAL_CURVE.relative_volume(36_000, 45, usual) is None


def test_a_curve_that_falls_is_refused() -> None:
    """Cumulative shares rise, over the whole day."""
    with pytest.raises(ValueError, match="rise"):
        VolumeCurve((0, 100, 390), (0.1, 0.05, 1.0))
    with pytest.raises(ValueError, match="390"):
        VolumeCurve((0, 100), (0.1, 1.0))


def minutes_of(session: dt.date, volumes: dict[int, int]) -> MinuteBars:
    """Return bars of one symbol by session minute."""
    start = np.array([krx_calendar().hours(session).open + minute * MINUTE for minute in volumes], dtype=np.int64)
    price = np.full(len(volumes), 1_000)
    volume = np.array(list(volumes.values()), dtype=np.int64)
    symbol = np.zeros(len(volumes), dtype=np.int32)
    return MinuteBars(
        session, ("000010",), symbol, start, price, price, price, price, volume, price * volume, volume == 0
    )


USUAL_DAY, EXAM_DAY, FIRST_DAY = dt.date(2025, 10, 21), dt.date(2025, 11, 13), dt.date(2025, 1, 2)


def test_what_a_bar_trades_counts_from_its_end() -> None:
    """The bar of 09:00 is known at minute 1; the closing auction's completes the day."""
    hours = krx_calendar().hours(USUAL_DAY)
    shares = session_shares(minutes_of(USUAL_DAY, {0: 30, 10: 50, 390: 20}), "000010", hours)
    assert shares is not None
    assert shares[[0, 1, 10, 11, 389, 390]].tolist() == [0.0, 0.3, 0.3, 0.8, 0.8, 1.0]
    assert session_shares(minutes_of(USUAL_DAY, {0: 30}), "000020", hours) is None


@pytest.mark.parametrize("session", [USUAL_DAY, EXAM_DAY, FIRST_DAY])
def test_days_of_every_length_have_one_scale(session: dt.date) -> None:
    """Even trading gives a straight line, also on a short day and on one that begins late."""
    hours = krx_calendar().hours(session)
    shares = session_shares(minutes_of(session, dict.fromkeys(range(hours.minutes), 7)), "000010", hours)
    np.testing.assert_allclose(shares, np.linspace(0, 1, 391), atol=1e-12)  # type: ignore[arg-type]


def test_a_symbols_own_curve_needs_twenty_sessions() -> None:
    """The mean over sessions; with fewer the usual curve stands in."""
    early, late = np.minimum(np.arange(391) / 100, 1), np.maximum((np.arange(391) - 290) / 100, 0)
    assert own_curve([early] * 19) is USUAL_CURVE
    curve = own_curve([early] * 10 + [late] * 10)
    assert curve.share(100) == pytest.approx(0.5)
    assert curve.share(340) == pytest.approx(0.75)
    assert curve.projected_volume(1_000, 0) is None


@given(minute=st.integers(0, 500), later=st.integers(0, 100), length=st.integers(100, 400))
def test_shares_rise_to_one(minute: int, later: int, length: int) -> None:
    """At every length of a day."""
    assert 0 < USUAL_CURVE.share(minute, length) <= USUAL_CURVE.share(minute + later, length) <= 1
