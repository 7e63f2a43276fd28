"""Judge bars as a careful trader would: what is no bar is left out and counted, what cannot be true stops the run.

| found                                                        | then                                   |
| ------------------------------------------------------------ | -------------------------------------- |
| no volume                                                    | left out: the symbol did not trade     |
| volume, but open, high and low are 0 (off-hours trades only) | left out and counted                   |
| high below, or low above, another price of the bar           | left out and counted                   |
| an adjusted price that rounds to 0 won                       | left out and counted                   |
| with volume: a price that is missing, infinite, 0 or below   | error                                  |
| a negative price or volume, prices without a volume          | error                                  |
| a fraction of a won in prices as traded                      | error: the file is adjusted            |
| two bars of a symbol at one time, or times that go back      | error                                  |
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from kats_core.market.arrays import BoolArray, Int64Array
from kats_core.market.source import SourceError
from kats_core.model.kinds import Scope
from kats_core.model.labels import Bilingual
from kats_core.sources.files.reading import Chunk, ColumnFile, chunks, row_name

PRICES = ("open", "high", "low", "close")
CONTRADICTION = Bilingual("고가·저가가 다른 가격과 모순되는 봉", "bars whose high or low contradicts another price")
BELOW_ONE_WON = Bilingual("수정하면 0.5원 아래가 되는 봉", "bars that adjustment brings below half a won")
NO_PRICES = Bilingual("거래량은 있고 시가·고가·저가가 없는 봉", "bars with a volume but neither open, high nor low")

_NEEDS_VOLUME = Bilingual("가격이 있는 봉에는 거래량이 있어야 합니다", "a bar with prices needs a volume")
_EXPECTS_SHARES = Bilingual("주식 수여야 합니다", "expected a number of shares")
_NOT_NEGATIVE_SHARES = Bilingual("0주 이상이어야 합니다", "expected 0 or more shares")
_NEEDS_PRICE = Bilingual("거래량이 있는 봉에는 가격이 있어야 합니다", "a bar with volume needs a price")
_NEEDS_PRICE_ABOVE_0 = Bilingual(
    "거래량이 있는 봉의 가격은 0보다 커야 합니다", "a bar with volume needs a price above 0"
)
_NOT_NEGATIVE_PRICE = Bilingual("가격은 음수일 수 없습니다", "a price is not negative")
_WHOLE_WON = Bilingual(
    "원주가는 원 단위여야 합니다. 수정주가라면 catalogue에 scope: ADJUSTED로 밝히세요",
    "prices as traded are whole won; if they are adjusted, say so",
)

_TOO_LARGE = 2.0**53
"""From here on floats are no longer exact; no price or volume comes near it, infinity does."""


@dataclass(slots=True)
class LeftOut:
    """Counts what was left out, by file and reason, and remembers the first case."""

    counts: dict[tuple[str, str], int] = field(default_factory=dict)
    examples: dict[tuple[str, str], str] = field(default_factory=dict)

    def count(self, chunk: Chunk, rows: BoolArray, reason: str) -> None:
        """Add the marked rows of a chunk."""
        number = int(np.count_nonzero(rows))
        if not number:
            return
        key = chunk.file.name, reason
        self.counts[key] = self.counts.get(key, 0) + number
        self.examples.setdefault(key, chunk.place(int(np.argmax(rows))))

    def add(self, other: LeftOut) -> None:
        """Add what another one counted."""
        for key, number in other.counts.items():
            self.counts[key] = self.counts.get(key, 0) + number
            self.examples.setdefault(key, other.examples[key])

    def lines(self) -> Iterator[str]:
        """Say what was left out, one line for each file and reason."""
        for (file, reason), number in sorted(self.counts.items()):
            yield Bilingual(
                "{file}: {reason} {number:,}건 제외, 처음은 {first}",
                "{file}: left out {number:,} {reason}, first {first}",
                file=file,
                number=number,
                reason=reason,
                first=self.examples[file, reason],
            )


@dataclass(frozen=True, slots=True)
class Bars:
    """The bars of a chunk in whole won and shares. `traded` marks those that are bars; the others hold no sense."""

    traded: BoolArray
    open: Int64Array
    high: Int64Array
    low: Int64Array
    close: Int64Array
    volume: Int64Array


def checked_bars(chunk: Chunk, left_out: LeftOut) -> Bars:
    """Return the chunk's bars, and count those that are left out although they have volume.

    Raises:
        SourceError: a price or a volume cannot be true; the message names file, row, time, symbol, column and value.
    """
    volume = _volume(chunk)
    without_trade = np.logical_and.reduce([chunk.numbers[name] == 0 for name in ("open", "high", "low")])
    traded = (volume > 0) & ~without_trade
    whole = {name: _won(chunk, name, traded) for name in PRICES}
    o, h, l, c = (whole[name] for name in PRICES)  # noqa: E741  # the usual letters
    contradicts = traded & ((h < np.maximum(o, c)) | (l > np.minimum(o, c)))
    vanishes = traded & ~contradicts & (l <= 0)
    left_out.count(chunk, (volume > 0) & without_trade, NO_PRICES)
    left_out.count(chunk, contradicts, CONTRADICTION)
    left_out.count(chunk, vanishes, BELOW_ONE_WON)
    return Bars(traded & ~contradicts & ~vanishes, o, h, l, c, volume)


def _volume(chunk: Chunk) -> Int64Array:
    values = chunk.numbers["volume"]
    if values.dtype != np.int64:
        has_price = np.logical_or.reduce([np.nan_to_num(chunk.numbers[name]) != 0 for name in ("open", "high", "low")])
        _refuse(chunk, "volume", np.isnan(values) & has_price, _NEEDS_VOLUME)
        _refuse(chunk, "volume", np.abs(values) >= _TOO_LARGE, _EXPECTS_SHARES)
        values = np.floor(np.nan_to_num(values) + 0.5).astype(np.int64)
    _refuse(chunk, "volume", values < 0, _NOT_NEGATIVE_SHARES)
    return np.asarray(values, dtype=np.int64)


def _won(chunk: Chunk, name: str, traded: BoolArray) -> Int64Array:
    values = chunk.numbers[name]
    if values.dtype == np.int64:
        _refuse(chunk, name, traded & (values <= 0), _NEEDS_PRICE_ABOVE_0)
        _refuse(chunk, name, values < 0, _NOT_NEGATIVE_PRICE)
        return np.asarray(values, dtype=np.int64)
    _refuse(chunk, name, traded & ~(np.abs(values) < _TOO_LARGE), _NEEDS_PRICE)
    _refuse(chunk, name, traded & (values <= 0), _NEEDS_PRICE_ABOVE_0)
    _refuse(chunk, name, values < 0, _NOT_NEGATIVE_PRICE)
    values = np.where(traded, values, 0.0)
    if chunk.file.scope is Scope.RAW:
        _refuse(chunk, name, values != np.floor(values), _WHOLE_WON)
    return np.floor(values + 0.5).astype(np.int64)


def _refuse(chunk: Chunk, name: str, rows: BoolArray, expected: str) -> None:
    if not rows.any():
        return
    i = int(np.argmax(rows))
    raise SourceError(
        Bilingual(
            "{path}, {place}: {column} 값 {found}. {expected}",
            "{path}, {place}: {column} is {found}; {expected}",
            path=chunk.file.path,
            place=chunk.place(i),
            column=chunk.file.columns[name],
            found=_shown(chunk.numbers[name][i]),
            expected=expected,
        )
    )


def _shown(value: np.int64 | np.float64) -> str:
    if np.isnan(value):
        return Bilingual("없음(NaN)", "missing (NaN)")
    return f"{value:,}" if np.isfinite(value) and value == value // 1 else str(value)


@dataclass(slots=True)
class OrderCheck:
    """Sees to it that each symbol's bars come once and in time order, over all chunks of a file.

    Symbols may follow each other or be interleaved: both leave no doubt about what came first.
    """

    source: ColumnFile
    first: int
    last: int
    _latest: dict[int, int] = field(default_factory=dict)

    def check(self, chunk: Chunk) -> None:
        """Look at the next chunk.

        Raises:
            SourceError: a bar comes twice, or after a later one; both rows are named.
        """
        if not len(chunk):
            return
        code, times = _by_symbol(chunk.code, chunk.time)
        same = code[1:] == code[:-1]
        is_broken = bool((same & (times[1:] <= times[:-1])).any())
        starts = np.flatnonzero(np.r_[True, ~same])
        ends = np.r_[starts[1:], code.size] - 1
        for symbol, start, end in zip(code[starts].tolist(), times[starts].tolist(), times[ends].tolist(), strict=True):
            is_broken |= start <= self._latest.get(symbol, start - 1)
            self._latest[symbol] = end
        if is_broken:
            raise self._explained(chunk)

    def _explained(self, chunk: Chunk) -> SourceError:
        # Read again, the whole range: the other half of a pair may stand in an earlier or a later chunk.
        parts = list(chunks(self.source, (), self.first, self.last))
        row, times = np.concatenate([part.row for part in parts]), np.concatenate([part.time for part in parts])
        code = np.concatenate([part.code for part in parts])
        everything = Chunk(chunk.file, chunk.symbols, row, times, code, {})
        path = chunk.file.path
        twin = _first_pair(np.lexsort((row, times, code)), code, times, twins=True)
        if twin is not None:
            one, other = twin
            there = row_name(chunk.file, int(row[one]))
            return SourceError(
                Bilingual(
                    "{path}, {place}: 같은 시각의 두 번째 봉입니다. 첫 번째는 {there}",
                    "{path}, {place}: a second bar at this time, the first is {there}",
                    path=path,
                    place=everything.place(other),
                    there=there,
                )
            )
        order = np.argsort(code, kind="stable")
        pair = _first_pair(order, code, times, twins=False)
        before, after = pair if pair is not None else (0, 0)
        return SourceError(
            Bilingual(
                "{path}, {place}: 시간순이 아닙니다. 바로 앞은 {before}. 종목별로 오래된 것부터 정렬하세요",
                "{path}, {place}: out of order, it follows {before}; sort by symbol, oldest first",
                path=path,
                place=everything.place(after),
                before=everything.place(before),
            )
        )


def _by_symbol(code: npt.NDArray[np.int32], times: Int64Array) -> tuple[npt.NDArray[np.int32], Int64Array]:
    runs = 1 + int(np.count_nonzero(code[1:] != code[:-1]))
    if runs == np.unique(code).size:
        return code, times
    order = np.argsort(code, kind="stable")
    return code[order], times[order]


def _first_pair(
    order: npt.NDArray[np.intp], code: npt.NDArray[np.int32], times: Int64Array, *, twins: bool
) -> tuple[int, int] | None:
    """Return the neighbours within `order` that are twins, or that go back in time; those that come first in the file."""
    same = code[order[1:]] == code[order[:-1]]
    step = times[order[1:]] - times[order[:-1]]
    found = np.flatnonzero(same & ((step == 0) if twins else (step < 0)))
    if not found.size:
        return None
    k = found[np.argmin(order[found + 1])]
    return int(order[k]), int(order[k + 1])
