"""Show the candidates of a session: how the market was cut down to them, the list, and every check of one symbol."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from rich import box
from rich.table import Table
from rich.text import Text

from kats_core.cli import console
from kats_core.cli.console import NONE
from kats_core.cli.text import label, language, t, weekday
from kats_core.market.screening.checks import Check, Checks, Note, Reading, Unit, Value, checks_of
from kats_core.market.screening.flows import flow_of
from kats_core.market.screening.qualification import GRADES
from kats_core.market.sectors import HORIZONS, SectorStrength
from kats_core.model import fact
from kats_core.model.codes import CoreCode
from kats_core.model.fact import FactValue
from kats_core.model.kinds import FactSource, Grade, Market, Profile, Pulse, Regime

if TYPE_CHECKING:
    from rich.console import Console

    from kats_core.runtime.candidates import Draw, Found

_SCALES = {"ko": ((1e12, "조"), (1e8, "억")), "en": ((1e12, "tn"), (1e9, "bn"), (1e6, "m"))}
_TRADED_GRADES = (Grade.A, Grade.B, Grade.C)
_WHOLE = 100
_SECTORS_SHOWN = 5


def show(found: Found, out: Console, most: int | None) -> None:
    """Print the session, each list with what was left out on the way to it, and what nobody told."""
    for line in _heading(found):
        out.print(line, soft_wrap=True)
    for draw in found.draws:
        out.print()
        out.print(_title(draw), soft_wrap=True)
        out.print(_left_out(draw, found), soft_wrap=True)
        if draw.emptied_by is not None:
            out.print(Text(t("emptied", reason=label(draw.emptied_by)), "bold yellow"), soft_wrap=True)
        if draw.passed:
            out.print(_list(draw, found, draw.passed[:most]))
            if found.has_assumed_stars(draw.profile):
                out.print(Text(f"* {label(FactSource.ASSUMED)}", "yellow"))
            if most is not None and len(draw.passed) > most:
                out.print(Text(t("more_with_all", count=len(draw.passed) - most), "dim"))
    out.print()
    for line in _notes(found):
        out.print(line, soft_wrap=True)
    some = next((draw.passed[0] for draw in found.draws if draw.passed), None)
    if some is not None:
        symbol = found.screen.panel.symbols[some]
        out.print(Text.assemble((t("why"), "dim"), f"  kats screen --symbol {symbol}"), soft_wrap=True)


def show_symbol(found: Found, column: int, out: Console) -> None:
    """Print who the symbol is to each strategy, then every check with what it read."""
    screen = found.screen
    checks = _checks(found, column)
    out.print(_identity(found, column), soft_wrap=True)
    out.print(_evening(found), soft_wrap=True)
    table = Table(box=None, show_header=False, pad_edge=False)
    for name, value in _facts(found, column):
        table.add_row(Text(name, "dim"), value)
    out.print(table)
    out.print()
    for line in _fates(found, column):
        out.print(line, soft_wrap=True)
    for name, several in _groups(checks):
        out.print()
        passed = sum(check.passed for check in several)
        score = Text(f"{passed}/{len(several)}", "green" if passed == len(several) else "yellow")
        out.print(Text.assemble((name, "bold"), "  ", score))
        exclusion = screen.exclusions[column]
        if several is checks.qualification and exclusion is not None:
            out.print(Text(f"✗  {t('not_in_universe', reason=label(exclusion))}", "red"))
        out.print(_check_table(several))
    out.print()
    for line in _notes(found):
        out.print(line, soft_wrap=True)


def as_json(found: Found) -> dict[str, Any]:
    """Return the lists as plain values."""
    return {
        **_about(found),
        "lists": [
            {
                "profile": draw.profile.value,
                "grades": [grade.value for grade in draw.grades],
                "min_confidence": draw.min_confidence,
                "strategies": list(draw.strategies),
                "left_out": {str(code): count for code, count in draw.left_out.items()},
                "emptied_by": None if draw.emptied_by is None else str(draw.emptied_by),
                "symbols": [_symbol(found, j) for j in draw.passed],
            }
            for draw in found.draws
        ],
        "armed": [
            {"strategy": one.instance, "rank": one.rank, "symbol": one.symbol, "numbers": dict(one.numbers)}
            for one in found.setups
        ],
    }


def symbol_as_json(found: Found, column: int) -> dict[str, Any]:
    """Return everything about one symbol as plain values."""
    about, one = _about(found), _symbol(found, column)
    return {**about, **one, "assumed": {**about["assumed"], **one["assumed"]}}


def amount(won: float) -> str:
    """Return an amount of won in words of the language: 1.23조, 4,500억; 1.23tn, 450bn."""
    for scale, word in _SCALES[language()]:
        if abs(won) >= scale:
            scaled = won / scale
            digits = 0 if abs(scaled) >= _WHOLE else 1 if abs(scaled) >= _WHOLE / 10 else 2
            return f"{scaled:,.{digits}f}{word}"
    return console.won(won)


def _heading(found: Found) -> Iterator[Text]:
    screen = found.screen
    yield Text.assemble(("KATS", "bold"), " · ", (t("screen_title"), "bold"), " · ", _when(found))
    yield _evening(found)
    grades = [int((screen.grade == GRADES.index(grade)).sum()) for grade in _TRADED_GRADES]
    ranking = t("by_turnover") if screen.by_turnover else t("by_market_cap")
    counts = " · ".join(f"{grade.value} {count}" for grade, count in zip(_TRADED_GRADES, grades, strict=True))
    members, qualified = int(screen.is_member.sum()), int(screen.qualified.sum())
    yield Text.assemble(
        (t("universe"), "dim"),
        f"  {t('universe_counts', symbols=f'{len(screen.exclusions):,}', members=f'{members:,}')}",
        f" · {t('qualified', count=f'{qualified:,}')} · {ranking} {counts}",
    )
    yield Text.assemble((t("regime"), "dim"), f"  {_market(found)}")
    if screen.sectors is not None and screen.sectors.rank.any():
        yield Text.assemble((t("sectors"), "dim"), "  ", _strongest(screen.sectors))
    if found.assumed:
        yield Text.assemble((t("assumed_inputs"), "yellow"), f"  {_assumed_inputs(found)}")
    if not found.is_in_force:
        grade = found.inputs.get(fact.GRADE, screen.panel.symbols[0]).value if screen.panel.symbols else None
        yield Text(t("not_in_force", grade=grade or NONE), "bold yellow")


def _market(found: Found) -> str:
    """Return regime and pulse, labelled where nobody measured them."""
    regime, pulse = found.inputs.get(fact.REGIME).value, found.inputs.get(fact.PULSE).value
    parts = (
        NONE if regime is None else _labelled(label(Regime[str(regime)]), found.is_assumed(fact.REGIME)),
        t("pulse"),
        NONE if pulse is None else _labelled(label(Pulse[str(pulse)]), found.is_assumed(fact.PULSE)),
    )
    return "{} · {} {}".format(*parts)


def _assumed_inputs(found: Found) -> str:
    """Return what is assumed, in the words of the key `assume`."""
    return " · ".join(f"{name}={value}" for name, value in found.assumed.items())


def _labelled(text: str, is_assumed: bool) -> str:
    return f"{text} ({label(FactSource.ASSUMED)})" if is_assumed else text


def _strongest(sectors: SectorStrength) -> str:
    """Return the strongest sectors, and of how many."""
    ranked = np.flatnonzero(sectors.rank)
    best = sorted(ranked.tolist(), key=lambda k: int(sectors.rank[k]))[:_SECTORS_SHOWN]
    named = (f"{sectors.rank[k]} {sectors.names[k]} {float(sectors.composite[k]):+.1%}" for k in best)
    return f"{' · '.join(named)} ({t('sectors_ranked', count=ranked.size)})"


def _evening(found: Found) -> Text:
    return Text(t("from_evening", day=found.session, evening=found.screen.session), "dim")


def _when(found: Found) -> str:
    return f"{found.session} {weekday(found.session)}"


def _title(draw: Draw) -> Text:
    return Text.assemble(
        (", ".join(draw.strategies), "bold"),
        f"  {t('profile', name=label(draw.profile))} · {' '.join(grade.value for grade in draw.grades)}",
        f" · {t('stars_from', stars=draw.min_confidence)} · ",
        (t("candidates", count=len(draw.passed)), "bold"),
    )


def _left_out(draw: Draw, found: Found) -> Text:
    """Return the way from all symbols to those that passed, check by check."""
    left = len(found.screen.exclusions)
    parts = [f"{left:,}"]
    for code, count in draw.left_out.items():
        left -= count
        parts.append(f"{label(code)} −{count:,} → {left:,}")
    return Text("  " + " · ".join(parts), "dim")


def _list(draw: Draw, found: Found, columns: Iterable[int]) -> Table:
    screen, panel = found.screen, found.screen.panel
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column(t("symbol"), no_wrap=True)
    table.add_column(t("grade"))
    for heading in (t("rank"), t("stars"), t("strength")):
        table.add_column(heading, justify="right")
    for heading in (t("trend_checks"), t("report_checks"), t("letters"), t("supply")):
        table.add_column(heading, no_wrap=True)
    for heading in (t("turnover"), t("market_cap")):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column(t("armed"), overflow="fold")
    for j in columns:
        checks = _checks(found, j)
        stars = found.stars(draw.profile, j)
        instrument = panel.instruments[j]
        table.add_row(
            Text.assemble((instrument.symbol, "dim"), f" {instrument.name}"),
            screen.grade_of(j).value,
            _number(screen.rank[j]),
            _or_none(stars) + ("*" if stars is not None and found.has_assumed_stars(draw.profile) else ""),
            _number(screen.strength[j]),
            _marks(checks.trend),
            _marks(checks.fundamental),
            _marks(checks.canslim),
            label(flow_of(int(screen.flow[j]))) if screen.coverage.flows else NONE,
            _money(screen.basics.turnover[j]),
            _money(screen.basics.market_cap[j]),
            _armed(found, draw, instrument.symbol),
        )
    return table


def _marks(checks: Iterable[Check]) -> Text:
    """Return which checks passed, each at its place: 1234·678, CAN·LI·."""
    marks = Text()
    for check in checks:
        marks.append(check.name.value[-1] if check.passed else "·", "" if check.passed else "dim")
    return marks


def _armed(found: Found, draw: Draw, symbol: str) -> Text:
    """Return the place in each strategy, or why it has none."""
    places = found.armed(symbol)
    parts = []
    for name in draw.strategies:
        lead = f"{name} " if len(draw.strategies) > 1 else ""
        if name in places:
            parts.append(Text(f"{lead}{t('place', number=places[name])}", "green"))
        else:
            is_behind = found.not_armed.get((name, symbol)) == str(CoreCode.NOT_SELECTED)
            reason = t("behind") if is_behind else _reason(found, name, symbol)
            parts.append(Text(f"{lead}{reason}", "dim"))
    return Text(" · ").join(parts)


def _reason(found: Found, instance: str, symbol: str) -> str:
    code = found.not_armed.get((instance, symbol))
    if code is None:
        return NONE
    texts = found.codes.get(code)
    reason = code if texts is None else texts[0 if language() == "ko" else 1]
    return _labelled(reason, found.rests_on_assumed(instance, symbol))


def _identity(found: Found, column: int) -> Text:
    instrument = found.screen.panel.instruments[column]
    rest = [text for text in (_board(found, column), _sector_name(found, column)) if text]
    name = f"{instrument.symbol} {instrument.name}".strip()
    return Text.assemble((name, "bold"), *(f" · {text}" for text in rest))


def _board(found: Found, column: int) -> str | None:
    instrument = found.screen.panel.instruments[column]
    if instrument.is_market_known:
        return label(instrument.market)
    if not found.is_assumed(fact.MARKET, instrument.symbol):
        return None
    return _labelled(label(Market[str(found.inputs.get(fact.MARKET, instrument.symbol).value)]), is_assumed=True)


def _sector_name(found: Found, column: int) -> str | None:
    instrument = found.screen.panel.instruments[column]
    if instrument.sector or not found.is_assumed(fact.SECTOR, instrument.symbol):
        return instrument.sector
    name = str(found.inputs.get(fact.SECTOR, instrument.symbol).value)
    return _labelled(t("own_sector") if name == instrument.symbol else name, is_assumed=True)


def _facts(found: Found, column: int) -> Iterator[tuple[str, str]]:
    screen = found.screen
    ranking = t("by_turnover") if screen.by_turnover else t("by_market_cap")
    symbol = screen.panel.symbols[column]
    yield t("regime"), _market(found)
    yield t("grade"), screen.grade_of(column).value + _instead(found, fact.GRADE, symbol)
    yield t("rank"), f"{_number(screen.rank[column])} ({ranking})"
    for profile in _profiles(found):
        instead = _instead(found, fact.STARS, symbol) if found.screening.gives_stars(profile) else ""
        yield f"{t('stars')} {profile.value}", _stars(found, profile, column) + instead
    yield t("strength"), _number(screen.strength[column])
    yield t("supply"), _supply(found, column)
    if screen.sectors is not None and screen.sectors.sector_of[column] >= 0:
        yield t("sectors"), _sector(screen.sectors, int(screen.sectors.sector_of[column]))


def _instead(found: Found, name: str, symbol: str) -> str:
    """Return what a run takes instead of the screen's own word, where it asks for none."""
    if found.is_in_force or not found.is_assumed(name, symbol):
        return ""
    return f" · {t('in_a_run', value=_labelled(str(found.inputs.get(name, symbol).value), is_assumed=True))}"


def _sector(sectors: SectorStrength, k: int) -> str:
    """Return the place of a sector among all, its strength, and who bought it."""
    rank = int(sectors.rank[k])
    if not rank:
        return f"{sectors.names[k]} ({t('sector_unranked')})"
    place = t("sector_place", rank=rank, count=int(np.count_nonzero(sectors.rank)))
    return f"{sectors.names[k]} {place} · {float(sectors.composite[k]):+.1%} · {label(flow_of(int(sectors.flow[k])))}"


def _stars(found: Found, profile: Profile, j: int) -> str:
    """Return a symbol's stars and what they follow from."""
    screen, stars = found.screen, _or_none(found.stars(profile, j))
    flow = f"{t('supply')} {label(flow_of(int(screen.flow[j])))}"
    if not found.screening.gives_stars(profile):
        return (
            _labelled(stars, is_assumed=True)
            if found.has_assumed_stars(profile)
            else f"{stars} ({label(Note.MISSING)})"
        )
    if profile is Profile.ETF:
        return stars
    if not screen.qualified[j]:
        return f"{stars} ({t('stars_unqualified')})"
    if profile in (Profile.BEAR, Profile.NEUTRAL):
        return f"{stars} ({flow})"
    score = f"{t('screen_trend')} {screen.trend_score[j]}/8"
    if profile is Profile.FLOW and screen.trend_score[j] < screen.rules.min_trend:
        return f"{stars} ({t('stars_without_trend', score=score, least=screen.rules.min_trend)} · {flow})"
    return f"{stars} ({score} · {t('screen_fundamental')} {screen.fundamental_score[j]}/5 · {flow})"


def _supply(found: Found, column: int) -> str:
    screen, sums = found.screen, found.screen.flow_sums
    if sums.is_missing[column]:
        return f"{label(flow_of(0))} ({label(Note.MISSING)})"
    sold = int(sums.foreign_sold[column])
    parts = [
        label(flow_of(int(screen.flow[column]))),
        t("flow_frac", frac=f"{float(sums.frac[column]):+.1%}"),
        t("foreign_sold", count=sold),
    ]
    return " · ".join(parts)


def _profiles(found: Found) -> list[Profile]:
    used = dict.fromkeys(draw.profile for draw in found.draws)
    return list(used) or [Profile.BULL, Profile.FLOW, Profile.BEAR]


def _fates(found: Found, column: int) -> Iterator[Text]:
    """Yield what each strategy does with the symbol."""
    symbol = found.screen.panel.symbols[column]
    places = found.armed(symbol)
    for one in found.strategies:
        if one.name in places:
            yield Text.assemble(("✓ ", "green"), (one.name, "bold"), f"  {t('is_armed', number=places[one.name])}")
            continue
        code = found.not_armed.get((one.name, symbol), "")
        reason = f"  {t('is_not_armed', reason=_reason(found, one.name, symbol))}"
        yield Text.assemble(("✗ ", "red"), (one.name, "bold"), reason, (f" ({code})", "dim"))


def _groups(checks: Checks) -> Iterator[tuple[str, tuple[Check, ...]]]:
    yield t("screen_qualification"), checks.qualification
    yield t("screen_trend"), checks.trend
    yield t("screen_fundamental"), checks.fundamental
    yield t("screen_canslim"), checks.canslim


def _check_table(checks: Iterable[Check]) -> Table:
    """Return each check with what it read, and beside it what it asked for; one line a reading."""
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    for _ in range(5):
        table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for check in checks:
        mark = Text("✓", "green") if check.passed else Text("✗", "red")
        note = Text("" if check.note is None else label(check.note), "yellow")
        lead = (mark, Text(check.name.value, "dim"), Text(label(check.name)))
        for reading in check.readings:
            table.add_row(*lead, _read(reading), _asked(reading), note)
            joint = Text(t("or"), "dim") if check.any_of else Text("")
            lead, note = (Text(""), Text(""), joint), Text("")
    return table


def _read(reading: Reading) -> str:
    return f"{label(reading.measure)} {_value(reading.value, reading.unit)}"


def _asked(reading: Reading) -> str:
    """Return what a reading is held against: > 50일선 38,200; ≥ 52주 저가 × 1.30 = 31,850."""
    against = ""
    if reading.against is not None:
        against = label(reading.against) + (f" × {reading.factor:.2f} = " if reading.factor != 1 else " ")
    return f"{reading.relation} {against}{_value(reading.limit, reading.unit)}"


def _value(value: Value, unit: Unit) -> str:
    if value is None or isinstance(value, str):
        return value or NONE
    if unit is Unit.WON:
        return amount(value)
    if unit is Unit.FRAC:
        return f"{value:.1%}"
    if unit is Unit.POINTS:
        return f"{value:,.1f}"
    return f"{value:,.0f}"


def _number(value: float) -> str:
    return NONE if value != value else f"{value:,.0f}"


def _money(value: float) -> str:
    return NONE if value != value else amount(value)


def _or_none(value: int | None) -> str:
    return NONE if value is None else str(value)


def _notes(found: Found) -> Iterator[Text]:
    for fault in found.faults:
        yield Text.assemble((t("fault"), "bold red"), "  ", fault)
    for note in found.notes:
        yield Text.assemble((t("note"), "dim"), "  ", note)


def _checks(found: Found, column: int) -> Checks:
    symbol = found.screen.panel.symbols[column]
    status, pulse = found.inputs.get(fact.STATUS, symbol).value, found.inputs.get(fact.PULSE).value
    return checks_of(
        found.screen,
        column,
        status=_word(status),
        pulse=_word(pulse),
        status_is_assumed=found.is_assumed(fact.STATUS, symbol),
    )


def _word(value: object) -> str | None:
    return None if value is None else str(value)


def _about(found: Found) -> dict[str, Any]:
    return {
        "session": found.session.isoformat(),
        "evening": found.screen.session.isoformat(),
        "ranked_by": "turnover" if found.screen.by_turnover else "market_cap",
        "in_force": found.is_in_force,
        "missing": list(found.screen.coverage.missing),
        "regime": found.inputs.get(fact.REGIME).value,
        "pulse": found.inputs.get(fact.PULSE).value,
        "assumed": found.assumed,
        "sectors": [] if found.screen.sectors is None else _sectors_as_json(found.screen.sectors),
        "notes": list(found.notes),
        "faults": list(found.faults),
    }


def _sectors_as_json(sectors: SectorStrength) -> list[dict[str, Any]]:
    return [
        {
            "name": sectors.names[k],
            "rank": int(sectors.rank[k]),
            "composite": float(sectors.composite[k]),
            "relative": float(sectors.relative[k]),
            "returns": {str(horizon): float(own[k]) for horizon, own in zip(HORIZONS, sectors.returns, strict=True)},
            "breadth": float(sectors.breadth[k]),
            "flow": flow_of(int(sectors.flow[k])).value,
        }
        for k in sorted(np.flatnonzero(sectors.rank).tolist(), key=lambda k: int(sectors.rank[k]))
    ]


def _symbol(found: Found, j: int) -> dict[str, Any]:
    screen = found.screen
    instrument, exclusion = screen.panel.instruments[j], screen.exclusions[j]
    places = found.armed(instrument.symbol)
    return {
        "symbol": instrument.symbol,
        "name": instrument.name,
        "excluded": None if exclusion is None else exclusion.value,
        "qualified": bool(screen.qualified[j]),
        "grade": screen.grade_of(j).value,
        "rank": _plain(screen.rank[j], whole=True),
        "stars": {profile.value: found.stars(profile, j) for profile in _profiles(found)},
        "assumed": _assumed_of(found, j),
        "rs": _plain(screen.strength[j]),
        "sector": instrument.sector,
        "sector_rank": found.inputs.get(fact.SECTOR_RANK, instrument.symbol).value,
        "trend_score": int(screen.trend_score[j]),
        "fundamental_score": int(screen.fundamental_score[j]),
        "canslim_score": int(screen.canslim_score[j]),
        "flow": None if screen.flow_sums.is_missing[j] else flow_of(int(screen.flow[j])).value,
        "turnover": _plain(screen.basics.turnover[j]),
        "market_cap": _plain(screen.basics.market_cap[j], whole=True),
        "checks": {check.name.value: _check_as_json(check) for check in _checks(found, j)},
        "strategies": {
            one.name: {
                "armed": one.name in places,
                "rank": places.get(one.name),
                "code": found.not_armed.get((one.name, instrument.symbol)),
                "assumed": found.rests_on_assumed(one.name, instrument.symbol),
            }
            for one in found.strategies
        },
    }


def _assumed_of(found: Found, j: int) -> dict[str, FactValue]:
    """Return what is assumed of a symbol: inputs by their name, and the stars shown for each profile as `stars.PROFILE`."""
    symbol = found.screen.panel.symbols[j]
    inputs = {name: value for name, value in found.assumed.items() if found.is_assumed(name, symbol)}
    of_symbol = {name: value for name, value in inputs.items() if name not in (fact.REGIME, fact.PULSE)}
    stars = {f"stars.{p.value}": found.stars(p, j) for p in _profiles(found) if found.has_assumed_stars(p)}
    return {**of_symbol, **stars}


def _check_as_json(check: Check) -> dict[str, Any]:
    return {
        "passed": check.passed,
        "note": None if check.note is None else check.note.value,
        "assumed": check.note is Note.ASSUMED,
        "any_of": check.any_of,
        "readings": [
            {"measure": r.measure.value, "value": r.value, "relation": r.relation, "limit": r.limit}
            for r in check.readings
        ],
    }


def _plain(value: float, *, whole: bool = False) -> float | int | None:
    number = float(value)
    if number != number:
        return None
    return round(number) if whole else number
