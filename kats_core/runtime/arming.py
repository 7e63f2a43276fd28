"""Arm the strategies for a session: judge every symbol on the evening before, rank, and cut to what is armed.

Rows of the panel up to t alone decide what is armed for the session after row t. Every symbol that is not armed has a
reason.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from kats_core.engine.state import StrategyInstance
from kats_core.market.arrays import BoolArray
from kats_core.market.overlays import OverlayParams, pulse_allows
from kats_core.market.panel import Panel
from kats_core.market.screening.candidates import Candidate, Claim, choose
from kats_core.market.screening.measures import Measures
from kats_core.market.screening.rules import ScreenRules
from kats_core.model import fact
from kats_core.model.codes import CoreCode
from kats_core.model.kinds import Overlay
from kats_core.model.labels import Code
from kats_core.model.record import SetupRecord, SetupStatus
from kats_core.model.setup import Numbers, Setup
from kats_core.runtime.inputs import SessionInputs, number
from kats_core.runtime.screening import Screening
from kats_core.runtime.session_bars import SessionBars
from kats_core.strategy.contract import ARMED, Setups

TURNOVER_BARS = 20
"""Own bars of the mean turnover (A20) by which setups are ranked."""

SIDE_LIMIT = ScreenRules().side_limit

_COMMON: tuple[Code, ...] = (
    CoreCode.STALE_DATA,
    CoreCode.RECENT_HALT,
    CoreCode.WARMUP,
    CoreCode.CORPORATE_ACTION,
)


@dataclass(slots=True)
class _Judged:
    """One strategy's answer for the whole panel.

    Only the rows that the panel is asked for, the first of which is `first`. `reasons` are 0 where the strategy arms, else 1 +
    the place of the reason in `codes`; `final` are the same after each session's selection. `setups` holds the numbers of the
    armed cells alone, one after the other, and `armed` their flat positions; of all cells, and None, where most are armed.
    """

    instance: StrategyInstance
    setups: Setups
    first: int
    armed: npt.NDArray[np.intp] | None
    codes: list[Code]
    reasons: npt.NDArray[np.uint8]
    final: npt.NDArray[np.uint8]

    def leave_out(self, t: int, columns: list[int] | npt.NDArray[np.intp], code: Code) -> None:
        """Note why columns that could be armed after row t are not."""
        if code not in self.codes:
            self.codes.append(code)
        self.final[t - self.first, columns] = self.codes.index(code) + 1

    def numbers(self, t: int, columns: list[int]) -> dict[str, list[Any]]:
        """Return what the setups of armed columns store after row t."""
        cells = (t - self.first) * self.reasons.shape[1] + np.array(columns, dtype=np.intp)
        places = cells if self.armed is None else np.searchsorted(self.armed, cells)
        return {name: column[places].tolist() for name, column in self.setups.numbers.items()}


class ArmingDesk:
    """All strategies judged on one panel, once, for `first` and the sessions behind it: None for all that the panel arms."""

    def __init__(
        self,
        panel: Panel,
        strategies: Sequence[StrategyInstance],
        on_fault: Callable[[StrategyInstance, Exception], None],
        overlays: OverlayParams | None = None,
        screening: Screening | None = None,
        side_limit: int = SIDE_LIMIT,
        first: dt.date | None = None,
    ) -> None:
        whole, panel = panel, panel if first is None else panel.asked_for(first)
        self._panel = panel
        self._on_fault = on_fault
        self._overlays = overlays or OverlayParams()
        self._screening = screening
        self._side_limit = side_limit
        self._turnover = panel.mean_of_own_bars(panel.value, TURNOVER_BARS)[panel.asked_from :]
        self._common = [condition[panel.asked_from :] for condition in (panel.present, panel.traded_recently)]
        measures = Measures.of(panel)  # held while strategies read them
        self._judged = [j for j in map(self._judge, strategies) if j is not None]
        del measures
        # A run goes on for years behind this, and asks for no indicator any more.
        whole.forget()
        panel.forget()

    def for_session(
        self,
        session: dt.date,
        inputs: SessionInputs,
        streamed: SessionBars | None = None,
        held: frozenset[str] = frozenset(),
    ) -> tuple[Setup, ...]:
        """Return the setups for a session, best first by stars, relative strength, turnover, symbol.

        `streamed` says whose bars the session will bring, and which; None where that does not matter. `held` are the symbols
        with a position, which are not new.
        """
        t = self._row_before(session)
        if t is None:
            return ()
        chosen = [self._choose(judged, t, inputs, streamed) for judged in self._judged]
        chosen = self._within_sides(t, chosen, inputs, held)
        return tuple(
            setup
            for judged, columns in zip(self._judged, chosen, strict=True)
            for setup in self._guarded_setups(judged, t, columns, session)
        )

    def refused(
        self,
        session: dt.date,
        inputs: SessionInputs,
        setups: Sequence[Setup],
        symbols: Sequence[str],
        streamed: SessionBars | None = None,
    ) -> list[SetupRecord]:
        """Return a record for each of `symbols` and each strategy that is not among `setups`, with its reason."""
        t = self._row_before(session)
        armed = {(setup.instance, setup.symbol) for setup in setups}
        return [
            SetupRecord(
                session=session,
                instance=judged.instance.name,
                symbol=symbol,
                status=SetupStatus.NOT_ARMED,
                code=str(self._why_not(judged, t, symbol, inputs, streamed)),
            )
            for judged in self._judged
            for symbol in symbols
            if (judged.instance.name, symbol) not in armed
        ]

    def not_armed(self, sessions: Sequence[dt.date]) -> Iterator[tuple[str, npt.NDArray[np.uint8], tuple[Code, ...]]]:
        """Yield, by instance, why each (session x symbol) was not armed: 0 armed, else 1 + the place in the codes.

        Complete for the sessions that `for_session` was asked for.
        """
        for judged in self._judged:
            rows = [self._row_before(session) for session in sessions]
            cells = judged.final[[0 if t is None else t - judged.first for t in rows]]
            # The first common code says what is true of a session that has no row before it.
            cells[[t is None for t in rows]] = 1
            yield judged.instance.name, cells, tuple(judged.codes)

    def _row_before(self, session: dt.date) -> int | None:
        """Return the row from which a session is armed."""
        return self._panel.row_before(session)

    def _judge(self, instance: StrategyInstance) -> _Judged | None:
        panel, first = self._panel, self._panel.asked_from
        try:
            # A strategy is a guest: one that cannot arm, or answers nonsense, is left out and named, the others go on.
            setups = checked_setups(instance.strategy.arm(panel), panel)
        except Exception as error:  # noqa: BLE001
            self._on_fault(instance, error)
            return None
        needed = instance.traits.bars_needed
        conditions = (*self._common, panel.own_bars[first:] >= needed, panel.on_one_scale(needed)[first:])
        reasons = setups.reasons[first:].copy()
        reasons[reasons != ARMED] += len(_COMMON)
        # Written from the last on, so that the first one that fails stays.
        for place, condition in reversed(list(enumerate(conditions, 1))):
            np.copyto(reasons, np.uint8(place), where=~condition)
        is_armed = reasons == ARMED
        codes = [*_COMMON, *setups.codes, CoreCode.NOT_SELECTED]
        # Until a session chooses among them, rank is the reason of all that could be armed.
        final = np.where(is_armed, np.uint8(len(codes)), reasons)
        numbers = {name: column[first:].ravel() for name, column in setups.numbers.items()}
        armed = None
        if 2 * np.count_nonzero(is_armed) < is_armed.size:
            # A copy of what may be asked for is smaller than what it is taken from, which nobody needs any more.
            armed = np.flatnonzero(is_armed)
            numbers = {name: column[armed] for name, column in numbers.items()}
        return _Judged(instance, replace(setups, numbers=numbers), first, armed, codes, reasons, final)

    def _choose(self, judged: _Judged, t: int, inputs: SessionInputs, streamed: SessionBars | None) -> list[int]:
        """Return the chosen columns, best first."""
        candidates = np.flatnonzero(judged.reasons[t - judged.first] == ARMED)
        closed = self._closed(judged.instance, inputs)
        if closed is not None:
            judged.leave_out(t, np.arange(len(self._panel.symbols)), closed)
            return []
        stay = np.ones(len(candidates), dtype=np.bool_)
        for code, refuses in self._refusals(judged.instance, t, candidates, inputs, streamed):
            refused = stay & refuses
            if refused.any():
                judged.leave_out(t, candidates[refused], code)
                stay &= ~refuses
        chosen = self._ranked(judged.instance, t, candidates[stay], inputs, judged.instance.params.max_armed)
        judged.final[t - judged.first, chosen] = ARMED
        return chosen

    def _within_sides(
        self, t: int, chosen: list[list[int]], inputs: SessionInputs, held: frozenset[str]
    ) -> list[list[int]]:
        """Cut what strategies arm to so many new symbols a side, the best of all strategies together."""
        claims = [
            Claim(
                judged.instance.name,
                judged.instance.traits.profile,
                judged.instance.params.max_armed,
                judged.instance.traits.side_limited,
                self._candidates(judged.instance, t, columns, inputs) if judged.instance.traits.side_limited else (),
            )
            for judged, columns in zip(self._judged, chosen, strict=True)
        ]
        kept = choose(claims, self._side_limit, held)
        result = []
        for judged, columns, claim in zip(self._judged, chosen, claims, strict=True):
            stay = set(kept[claim.strategy])
            within = [j for j in columns if not claim.counts or self._panel.symbols[j] in stay]
            if len(within) < len(columns):
                judged.leave_out(t, sorted(set(columns) - set(within)), CoreCode.NOT_SELECTED)
            result.append(within)
        return result

    def _candidates(
        self, instance: StrategyInstance, t: int, columns: list[int], inputs: SessionInputs
    ) -> list[Candidate]:
        stars, strength = _stars(instance, inputs), inputs.numbers(fact.RS)
        turnover = self._turnover[t - self._panel.asked_from]
        return [
            Candidate(self._panel.symbols[j], float(stars[j]), float(strength[j]), float(turnover[j])) for j in columns
        ]

    def _ranked(
        self, instance: StrategyInstance, t: int, candidates: npt.NDArray[np.intp], inputs: SessionInputs, count: int
    ) -> list[int]:
        """Return the first columns by stars, relative strength and turnover, each the highest first, then by symbol."""
        keys = [self._turnover[t - self._panel.asked_from]]
        # What is the same for all symbols ranks none of them.
        if inputs.of_all(fact.RS) is None:
            keys.insert(0, inputs.numbers(fact.RS))
        if _same_stars(instance, inputs) is None:
            keys.insert(0, _stars(instance, inputs))
        sorts = [_descending(key[candidates]) for key in keys]
        leading = _leading(sorts, count)
        order = np.lexsort([leading, *(one[leading] for one in reversed(sorts))])
        ranked: list[int] = candidates[leading[order[:count]]].tolist()
        return ranked

    def _why_not(
        self, judged: _Judged, t: int | None, symbol: str, inputs: SessionInputs, streamed: SessionBars | None
    ) -> Code:
        """Return the first reason for which a symbol is not armed; behind all of them, its rank."""
        j = self._panel.column.get(symbol)
        closed = self._closed(judged.instance, inputs)
        if closed is not None:
            return closed
        if t is None or j is None:
            return CoreCode.STALE_DATA
        reason = int(judged.reasons[t - judged.first, j])
        if reason != ARMED:
            return judged.codes[reason - 1]
        several = self._refusals(judged.instance, t, np.array([j], dtype=np.intp), inputs, streamed)
        return next((code for code, refuses in several if refuses[0]), CoreCode.NOT_SELECTED)

    def _guarded_setups(self, judged: _Judged, t: int, columns: list[int], session: dt.date) -> list[Setup]:
        try:
            # The trigger is the strategy's own: one that cannot build it waits for nothing in this session.
            return list(self._setups(judged, t, columns, session))
        except Exception as error:  # noqa: BLE001
            self._on_fault(judged.instance, error)
            judged.leave_out(t, columns, CoreCode.STRATEGY_ERROR)
            return []

    def _setups(self, judged: _Judged, t: int, columns: list[int], session: dt.date) -> Iterator[Setup]:
        """Yield armed cells of row t as setups, in the order of their rank."""
        cells = judged.numbers(t, columns)
        for place, j in enumerate(columns):
            numbers: Numbers = {name: values[place] for name, values in cells.items()}
            yield from judged.setups.of_cell(
                numbers,
                session=session,
                instance=judged.instance.name,
                symbol=self._panel.symbols[j],
                needs=judged.instance.traits.needs,
                rank=place + 1,
            )

    def _closed(self, instance: StrategyInstance, inputs: SessionInputs) -> Code | None:
        """Return why the strategy does not trade this session at all."""
        if not instance.params.enabled:
            return CoreCode.STRATEGY_OFF
        if inputs.get(fact.REGIME).value not in instance.regimes:
            return CoreCode.REGIME_OFF
        return None

    def _refusals(
        self,
        instance: StrategyInstance,
        t: int,
        columns: npt.NDArray[np.intp],
        inputs: SessionInputs,
        streamed: SessionBars | None,
    ) -> Iterator[tuple[Code, BoolArray]]:
        """Yield why symbols that the strategy would arm are no candidates this session, and which of the columns.

        The first reason counts. Called for the whole market every session.
        """
        playable = None if streamed is None else streamed.of(instance)
        if playable is not None:
            symbols = self._panel.symbols
            yield CoreCode.NO_MINUTE_BARS, _marks(symbols[j] not in playable for j in columns.tolist())
        if self._screening is not None:
            cells = self._screening.refused(instance, t, inputs)[columns]
            yield from self._screening.reasons_in(cells)
        grade, stars = inputs.of_all(fact.GRADE), _same_stars(instance, inputs)
        if grade is None or grade.value not in instance.grades:
            yield CoreCode.GRADE, ~inputs.is_among(fact.GRADE, instance.grades)[columns]
        if stars is None or not stars >= instance.params.min_confidence:
            yield CoreCode.CONFIDENCE_LOW, ~(_stars(instance, inputs)[columns] >= instance.params.min_confidence)
        if Overlay.PULSE in instance.traits.overlays:
            pulse, several = inputs.get(fact.PULSE).value, _stars(instance, inputs)[columns].tolist()
            yield CoreCode.PULSE, _marks(not pulse_allows(pulse, one, self._overlays) for one in several)


def _marks(values: Iterable[bool]) -> BoolArray:
    return np.fromiter(values, dtype=np.bool_)


def _leading(keys: Sequence[npt.NDArray[np.float64]], count: int) -> npt.NDArray[np.intp]:
    """Return the places that may be among the first `count` by keys of which the earlier counts more, in no order.

    Whole markets are ranked for a few places: what cannot be among them need not be sorted.
    """
    sure: list[npt.NDArray[np.intp]] = []
    open_, room = np.arange(len(keys[0])), count
    for key in keys:
        if len(open_) <= room:
            break
        values = key[open_]
        border = np.partition(values, room - 1)[room - 1]
        sure.append(open_[values < border])
        open_, room = open_[values == border], room - len(sure[-1])
    return np.concatenate([*sure, open_])


def _stars(instance: StrategyInstance, inputs: SessionInputs) -> npt.NDArray[np.float64]:
    """Return the stars of every column: the strategy's fixed ones, else those of its profile where somebody knows them."""
    fixed = instance.traits.fixed_stars
    if fixed is not None:
        return np.full(inputs.numbers(fact.STARS).shape, float(fixed))
    return inputs.numbers(_name_of_stars(instance, inputs))


def _same_stars(instance: StrategyInstance, inputs: SessionInputs) -> float | None:
    """Return the stars of every symbol where they are the same, NaN where nobody knows any; None where they may differ."""
    fixed = instance.traits.fixed_stars
    if fixed is not None:
        return float(fixed)
    same = inputs.of_all(_name_of_stars(instance, inputs))
    return None if same is None else number(same.value)


def _name_of_stars(instance: StrategyInstance, inputs: SessionInputs) -> str:
    own = fact.stars_for(instance.traits.profile)
    return own if own in inputs.answers else fact.STARS


def _descending(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return sort keys that put the highest first and what is missing last."""
    return np.where(np.isnan(values), np.inf, -values)


def checked_setups(setups: object, panel: Panel) -> Setups:
    """Return what `arm` answered; raises when it does not judge each cell of the panel with one of its codes."""
    if not isinstance(setups, Setups):
        raise TypeError(f"arm answered {type(setups).__name__}, expected Setups")
    columns = {"reasons": setups.reasons, **setups.numbers}
    for name, column in columns.items():
        shape = getattr(column, "shape", None)
        if shape != panel.present.shape:
            raise ValueError(f"arm: {name} has the shape {shape}, the panel {panel.present.shape}")
    if setups.reasons.dtype != np.uint8:
        raise TypeError(f"arm: reasons are {setups.reasons.dtype}, expected uint8")
    highest = int(setups.reasons[panel.asked_from :].max(initial=0))
    if highest > len(setups.codes):
        raise ValueError(f"arm: reason {highest} of {len(setups.codes)} codes")
    if not all(isinstance(code, Code) for code in setups.codes):
        raise TypeError("arm: a code that is no Code")
    return setups
