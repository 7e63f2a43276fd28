"""Hold indicators over 22 years of real bars against TA-Lib, symbol by symbol, and against a shorter history."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import talib

from kats_core.market.indicators import Indicators
from kats_core.market.panel import Panel
from kats_core.sources.files import FilesParams, build

DAILY = Path(__file__).parents[2].parent / "shared" / "data" / "daily" / "adj_1999_2022.parquet"

pytestmark = [
    pytest.mark.realdata,
    pytest.mark.skipif(not DAILY.exists(), reason="the market data lie beside the repository and are not published"),
]


@pytest.fixture(scope="module")
def whole() -> Panel:
    """Return the panel of the file."""
    pytest.importorskip("pyarrow.parquet")
    return build(FilesParams(paths=(str(DAILY),))).history(None, None)


def spells(panel: Panel) -> Iterator[tuple[int, npt.NDArray[np.intp]]]:
    """Yield the rows of each symbol's bars, one spell for every price scale."""
    for j in range(0, len(panel.symbols), 7):
        rows = np.flatnonzero(panel.present[:, j])
        for spell in np.split(rows, np.flatnonzero(panel.scale_breaks[rows, j])):
            if spell.size:
                yield j, spell


def read(ind: Indicators) -> dict[str, npt.NDArray[np.float64]]:
    """Return what is compared."""
    return {
        "sma": ind.sma("close", 200),
        "volume": ind.sma("volume", 50),
        "highest": ind.highest("high", 252),
        "lowest": ind.lowest("low", 20),
        "ema": ind.ema("close", 12),
        "rsi": ind.rsi(),
        "atr": ind.atr(),
        "macd": ind.macd().histogram,
        "band": ind.bollinger().lower,
    }


def test_indicators_of_every_seventh_symbol_are_talibs(whole: Panel) -> None:
    """Late listings, halts and broken scales included; to a billionth of the price."""
    found = read(whole.indicators)
    compared = 0
    for j, rows in spells(whole):
        high, low, close, volume = (
            getattr(whole, name)[rows, j].astype(np.float64) for name in ("high", "low", "close", "volume")
        )
        says = {
            "sma": talib.SMA(close, 200),
            "volume": talib.SMA(volume, 50),
            "highest": talib.MAX(high, 252),
            "lowest": talib.MIN(low, 20),
            "ema": talib.EMA(close, 12),
            "atr": talib.ATR(high, low, close, 14),
            "macd": talib.MACD(close)[2],
        }
        scale = max(close.max(), volume.max())
        for name, expected in says.items():
            np.testing.assert_allclose(
                found[name][rows, j], expected, rtol=1e-9, atol=1e-9 * scale, err_msg=f"{name} of {whole.symbols[j]}"
            )
            compared += len(rows)
    assert compared > 1_000_000


def test_a_shorter_history_gives_the_same_rows(whole: Panel) -> None:
    """What follows changes no bit, also where prices are too large for exact squares."""
    until = whole.sessions[len(whole.sessions) // 2]
    before = whole.until(until)
    longer = read(whole.indicators)
    for name, values in read(before.indicators).items():
        np.testing.assert_array_equal(values, longer[name][: len(before.sessions)], err_msg=name)
