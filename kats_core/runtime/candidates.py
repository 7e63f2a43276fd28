"""Find the candidates of one session as a run would, without trading: who is screened out, who is armed, and why not.

Nothing is written, and no broker is asked.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from kats_core.config import Resolved
from kats_core.engine.state import StrategyInstance
from kats_core.market.calendar import Calendar, CalendarError, krx_calendar
from kats_core.market.conditions import market_conditions
from kats_core.market.screening.candidates import Candidate
from kats_core.market.screening.profiles import PASSED, REASONS
from kats_core.market.screening.screener import Screen
from kats_core.market.source import DataSource, SourceError
from kats_core.model import fact
from kats_core.model.codes import CoreCode
from kats_core.model.fact import MARKET_WIDE, FactValue
from kats_core.model.kinds import FactSource, Grade, Profile
from kats_core.model.labels import Bilingual, Code, CodeTexts, message
from kats_core.model.setup import Setup
from kats_core.runtime import screening as screens
from kats_core.runtime.arming import ArmingDesk
from kats_core.runtime.assembly import codes_of, inputs_of, open_source, strategies_of
from kats_core.runtime.inputs import PREPARED, SessionInputs, assuming
from kats_core.runtime.play import history, thresholds_of
from kats_core.runtime.screening import Screening

_READS = {
    str(CoreCode.REGIME_OFF): fact.REGIME,
    str(CoreCode.PULSE): fact.PULSE,
    str(CoreCode.GRADE): fact.GRADE,
    str(CoreCode.CONFIDENCE_LOW): fact.STARS,
    str(CoreCode.RESTRICTED): fact.STATUS,
}
"""The input on which a reason rests, by its code; other reasons rest on prices and reports, which nobody assumes."""


@dataclass(frozen=True, slots=True)
class Draw:
    """From whom strategies of one kind may draw: those that share profile, grades and least stars.

    `passed` are columns of the screen, best first; `left_out` counts the symbols by the first check that each failed, in the
    order in which checks are asked.
    """

    profile: Profile
    grades: tuple[Grade, ...]
    min_confidence: int
    strategies: tuple[str, ...]
    passed: tuple[int, ...]
    left_out: Mapping[Code, int]

    @property
    def emptied_by(self) -> Code | None:
        """The check that left nobody, None where somebody passed."""
        return None if self.passed else next(reversed(list(self.left_out)), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The candidates of a session.

    `is_in_force`: a run on these data asks the screen's checks too; false where grades are assumed instead. `not_armed` holds
    the code of each (instance, symbol) that is not among `setups`.
    """

    session: dt.date
    screen: Screen
    screening: Screening
    is_in_force: bool
    inputs: SessionInputs
    strategies: tuple[StrategyInstance, ...]
    draws: tuple[Draw, ...]
    setups: tuple[Setup, ...]
    not_armed: Mapping[tuple[str, str], str]
    faults: tuple[str, ...]
    codes: CodeTexts
    notes: tuple[str, ...]

    def armed(self, symbol: str) -> dict[str, int]:
        """Return the place of a symbol in each strategy that is armed with it."""
        return {setup.instance: setup.rank for setup in self.setups if setup.symbol == symbol}

    @property
    def assumed(self) -> dict[str, FactValue]:
        """What of `assume:` a run uses on this session, by input: for some symbols at least, nobody else tells it."""
        told = self.inputs.assumed()
        if self.is_in_force and all(self.screening.gives_stars(one.traits.profile) for one in self.strategies):
            told.pop(fact.STARS, None)
        return told

    def is_assumed(self, name: str, symbol: str = MARKET_WIDE) -> bool:
        """Tell whether an input of a symbol, or of the market, is assumed."""
        return self.inputs.get(name, symbol).source is FactSource.ASSUMED

    def has_assumed_stars(self, profile: Profile) -> bool:
        """Tell whether the stars that this screen shows for a profile are assumed, alike for every symbol."""
        return not self.screening.gives_stars(profile) and self.is_assumed(fact.STARS)

    def rests_on_assumed(self, instance: str, symbol: str) -> bool:
        """Tell whether the reason why a strategy is not armed with a symbol rests on something that is assumed."""
        code = self.not_armed.get((instance, symbol), "")
        name = _READS.get(code)
        if name == fact.STARS:
            profile = next(one.traits.profile for one in self.strategies if one.name == instance)
            return self.is_assumed(name) and not (self.is_in_force and self.screening.gives_stars(profile))
        return name is not None and self.is_assumed(name, symbol)

    def stars(self, profile: Profile, column: int) -> int | None:
        """Return a symbol's stars for strategies of a profile."""
        value = float(self.screening.stars(profile, self.screen, self.inputs)[column])
        return None if value != value else int(value)


def find(resolved: Resolved, session: dt.date | None = None) -> Found:
    """Return the candidates of a session, by default of the first one after the data.

    Raises:
        SourceError: the data cannot be used, the day is no session, or the evening before it is not in the data.
    """
    source, calendar = open_source(resolved), krx_calendar()
    session, evening = _with_evening(session, source, calendar)
    panel = history(source, evening, thresholds=thresholds_of(resolved))
    row = panel.row_before(session)
    if row is None:
        raise _no_bars_before(session, source, calendar)
    strategies = strategies_of(resolved)
    conditions = market_conditions(panel.indices, panel, calendar, session, resolved.regime, resolved.pulse)
    in_force = screens.build(panel, resolved.universe, strategies, conditions, resolved.assume.grade)
    inputs = inputs_of(resolved, source, panel, conditions, in_force).of_session(
        session, calendar.hours(session).at(PREPARED)
    )
    screening = in_force or Screening(
        screens.screener_of(panel, resolved.universe, (one.params for one in strategies), conditions), calendar, ()
    )
    faults: list[str] = []
    desk = ArmingDesk(
        assuming(panel, resolved.assume),
        strategies,
        lambda one, error: faults.append(f"{one.name}: {type(error).__name__}: {error}"),
        resolved.overlays,
        in_force,
        resolved.universe.side_limit,
        session,
    )
    setups = desk.for_session(session, inputs)
    refused = desk.refused(session, inputs, setups, panel.symbols)
    screen = screening.with_status(row, inputs)
    return Found(
        session=session,
        screen=screen,
        screening=screening,
        is_in_force=in_force is not None,
        inputs=inputs,
        strategies=strategies,
        draws=tuple(_draws(screening, screen, strategies, inputs)),
        setups=setups,
        not_armed={(record.instance, record.symbol): str(record.code) for record in refused},
        faults=tuple(faults),
        codes=codes_of(resolved),
        notes=tuple(dict.fromkeys((*source.notes(), *resolved.notes, *screening.notes(session)))),
    )


def _with_evening(session: dt.date | None, source: DataSource, calendar: Calendar) -> tuple[dt.date, dt.date]:
    """Return the session and the one before it, on whose evening the candidates are known."""
    try:
        session = session or calendar.next_session(_sessions_of(source)[-1])
        if calendar.is_session(session):
            return session, calendar.previous_session(session)
    except CalendarError as error:
        if session is None:
            raise SourceError(str(error)) from None
        near = calendar.sessions_beside(session)[0]
        raise SourceError(
            Bilingual(
                "--day {day}: {error} (가장 가까운 날은 {near})",
                "--day {day}: {error}; the nearest day is {near}",
                day=session,
                error=message(error),
                near=near,
            )
        ) from None
    beside = ", ".join(map(str, calendar.sessions_beside(session)))
    raise SourceError(
        Bilingual(
            "--day {day}: 거래일이 아닙니다. 앞뒤 거래일은 {beside}",
            "--day {day}: no session of the exchange, the nearest are {beside}",
            day=session,
            beside=beside,
        )
    )


def _no_bars_before(session: dt.date, source: DataSource, calendar: Calendar) -> SourceError:
    have = _sessions_of(source)
    near = min(have, key=lambda day: abs((day - session).days))
    following = next((day for day in calendar.sessions_beside(near) if day > near), near)
    return SourceError(
        Bilingual(
            "--day {day}: 전 거래일의 일봉이 없습니다. 데이터에 있는 날은 {first} ~ {last}, 후보가 있는 가장 가까운 날은 {near}",
            "--day {day}: no daily bars of the evening before; the data have {first} to {last}, "
            "the nearest day with candidates is {near}",
            day=session,
            first=have[0],
            last=have[-1],
            near=following,
        )
    )


def _sessions_of(source: DataSource) -> Sequence[dt.date]:
    sessions = source.daily_sessions() or source.minute_sessions()
    if not sessions:
        raise SourceError(Bilingual("데이터에 봉이 하나도 없습니다", "the data hold no bars at all"))
    return sessions


def _draws(
    screening: Screening, screen: Screen, strategies: Sequence[StrategyInstance], inputs: SessionInputs
) -> list[Draw]:
    alike: dict[tuple[Profile, frozenset[Grade], int], list[StrategyInstance]] = {}
    for one in strategies:
        alike.setdefault((one.traits.profile, one.grades, one.params.min_confidence), []).append(one)
    return [_draw(screening, screen, several, inputs) for several in alike.values()]


def _draw(screening: Screening, screen: Screen, alike: Sequence[StrategyInstance], inputs: SessionInputs) -> Draw:
    first = alike[0]
    profile = first.traits.profile
    cells = screening.refusals(first, screen, inputs)
    counts = np.bincount(cells, minlength=len(REASONS) + 1).tolist()
    stars = screening.stars(profile, screen, inputs)
    candidates = {
        j: Candidate(
            screen.panel.symbols[j], float(stars[j]), float(screen.strength[j]), float(screen.basics.turnover[j])
        )
        for j in np.flatnonzero(cells == PASSED).tolist()
    }
    return Draw(
        profile=profile,
        grades=tuple(grade for grade in Grade if grade in first.grades),
        min_confidence=first.params.min_confidence,
        strategies=tuple(one.name for one in alike),
        passed=tuple(sorted(candidates, key=lambda j: candidates[j].key)),
        left_out={code: count for code, count in zip(REASONS, counts[1:], strict=True) if count},
    )
