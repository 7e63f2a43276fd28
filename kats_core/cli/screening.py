"""Show the candidates of a session: how the market was cut down to them, the list, and every check of one symbol."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from rich.text import Text

from kats_core.cli import check_lines, console
from kats_core.cli.candidate_lines import Line, candidate_lines
from kats_core.cli.check_lines import ReadingLine
from kats_core.cli.console import NONE
from kats_core.cli.filling import filled, padded
from kats_core.cli.text import label, language, say, t, weekday
from kats_core.market.conditions import MARKET_INDEX
from kats_core.market.regime import LONG, LONG_BEFORE
from kats_core.market.screening.checks import Check, Checks, Note, Reading, Unit, Value, checks_of
from kats_core.market.screening.flows import flow_of
from kats_core.market.screening.qualification import GRADES
from kats_core.market.sectors import SectorStrength
from kats_core.model import fact
from kats_core.model.codes import CoreCode
from kats_core.model.kinds import FactSource, Grade, Market, Profile, Pulse, Regime

if TYPE_CHECKING:
    from rich.console import Console

    from kats_core.runtime.candidates import Draw, Found

_SCALES = {"ko": ((1e12, "조"), (1e8, "억")), "en": ((1e12, "tn"), (1e9, "bn"), (1e6, "m"))}
_TRADED_GRADES = (Grade.A, Grade.B, Grade.C)
_WHOLE = 100
_SECTORS_SHOWN = 5


def show(found: Found, out: Console, most: int | None, again: Sequence[str]) -> None:
    """Print the session, each list with what was left out on the way to it, and what nobody told.

    `again` are the words that call this page again; with a symbol they show it.
    """
    width = out.width
    for line in _heading(found, width):
        out.print(line, soft_wrap=True)
    for draw in found.draws:
        out.print()
        for line in _draw_lines(found, draw, most, width):
            out.print(line, soft_wrap=True)
    out.print()
    for line in _notes(found, width):
        out.print(line, soft_wrap=True)
    some = next((draw.passed[0] for draw in found.draws if draw.passed), None)
    if some is not None:
        command = shlex.join([*again, "--symbol", found.screen.panel.symbols[some]])
        out.print(Text.assemble((t("why"), "dim"), f"  {command}"), soft_wrap=True)


def show_symbol(found: Found, column: int, out: Console) -> None:
    """Print who the symbol is to each strategy, then every check with what it read."""
    screen, width = found.screen, out.width
    checks = checks_read(found, column)
    for line in (_identity(found, column), _evening(found)):
        out.print(line, soft_wrap=True)
    for line in _labelled_lines(list(_facts(found, column)), width):
        out.print(line, soft_wrap=True)
    out.print()
    for line in _fates(found, column, width):
        out.print(line, soft_wrap=True)
    groups = [(name, several, list(_reading_lines(several))) for name, several in _groups(checks)]
    is_wide = all(check_lines.fits(lines, width) for _, _, lines in groups)
    for name, several, lines in groups:
        out.print()
        passed = sum(check.passed for check in several)
        score = Text(f"{passed}/{len(several)}", "green" if passed == len(several) else "yellow")
        out.print(Text.assemble((name, "bold"), "  ", score))
        exclusion = screen.exclusions[column]
        if several is checks.qualification and exclusion is not None:
            out.print(Text(f"✗  {t('not_in_universe', reason=label(exclusion))}", "red"))
        for line in check_lines.aligned(lines) if is_wide else check_lines.stacked(lines, width):
            out.print(line, soft_wrap=True)
    out.print()
    for line in _notes(found, width):
        out.print(line, soft_wrap=True)


def amount(won: float) -> str:
    """Return an amount of won in words of the language: 1.23조, 4,500억; 1.23tn, 450bn."""
    for scale, word in _SCALES[language()]:
        if abs(won) >= scale:
            scaled = won / scale
            digits = 0 if abs(scaled) >= _WHOLE else 1 if abs(scaled) >= _WHOLE / 10 else 2
            return f"{scaled:,.{digits}f}{word}"
    return console.won(won)


def _heading(found: Found, width: int) -> Iterator[Text]:
    screen = found.screen
    yield Text.assemble(("KATS", "bold"), " · ", (t("screen_title"), "bold"), " · ", _when(found))
    yield _evening(found)
    yield from _labelled_lines(list(_summary(found)), width)
    if not found.is_in_force:
        grade = found.inputs.get(fact.GRADE, screen.panel.symbols[0]).value if screen.panel.symbols else None
        yield from filled(Text(), [Text(t("not_in_force", grade=grade or NONE), "bold yellow")], width)


def _summary(found: Found) -> Iterator[tuple[str, Sequence[str]]]:
    """Yield what the session is like, each line with its name: universe, market, sectors, and what is assumed."""
    screen = found.screen
    grades = [int((screen.grade == GRADES.index(grade)).sum()) for grade in _TRADED_GRADES]
    ranking = t("by_turnover") if screen.by_turnover else t("by_market_cap")
    counts = " · ".join(f"{grade.value} {count}" for grade, count in zip(_TRADED_GRADES, grades, strict=True))
    members, qualified = int(screen.is_member.sum()), int(screen.qualified.sum())
    yield (
        t("universe"),
        (
            t("universe_counts", symbols=f"{len(screen.exclusions):,}", members=f"{members:,}"),
            t("qualified", count=f"{qualified:,}"),
            f"{ranking} {counts}",
        ),
    )
    yield t("regime"), _market(found)
    if screen.sectors is not None and screen.sectors.rank.any():
        yield t("sectors"), _strongest(screen.sectors)
    if found.assumed:
        # In the words of the key `assume`.
        yield t("assumed_inputs"), [f"{name}={value}" for name, value in found.assumed.items()]


def _labelled_lines(several: Sequence[tuple[str, Sequence[str]]], width: int) -> Iterator[Text]:
    """Yield texts behind their names, all of which are as wide as the widest."""
    widest = max((Text(name).cell_len for name, _ in several), default=0)
    for name, parts in several:
        lead = Text.assemble(padded(Text(name, "dim"), widest), "  ")
        yield from filled(lead, [Text(part) for part in parts], width)


def _market(found: Found) -> Sequence[str]:
    """Return regime and pulse, labelled where nobody measured them."""
    regime, pulse = found.inputs.get(fact.REGIME).value, found.inputs.get(fact.PULSE).value
    return (
        NONE if regime is None else _labelled(label(Regime[str(regime)]), found.is_assumed(fact.REGIME)),
        f"{t('pulse')} "
        + (NONE if pulse is None else _labelled(label(Pulse[str(pulse)]), found.is_assumed(fact.PULSE))),
        *([_why_unknown(found)] if pulse is None or regime in (None, Regime.UNKNOWN.value) else []),
    )


def _why_unknown(found: Found) -> str:
    """Return what of the index is missing where regime or pulse are."""
    evening, index = found.screen.session, found.screen.panel.indices.get(MARKET_INDEX)
    if index is None or not len(index):
        return t("index_absent", index=MARKET_INDEX, evening=evening)
    if index.sessions[-1] < evening:
        return t("index_ends", index=MARKET_INDEX, last=index.sessions[-1], evening=evening)
    closes = int(np.count_nonzero(~np.isnan(index.close)))
    if closes < LONG + LONG_BEFORE:
        return t("index_short", index=MARKET_INDEX, count=closes, least=LONG + LONG_BEFORE)
    return t("index_incomplete", index=MARKET_INDEX, evening=evening)


def _labelled(text: str, is_assumed: bool) -> str:
    return f"{text} ({label(FactSource.ASSUMED)})" if is_assumed else text


def _strongest(sectors: SectorStrength) -> Sequence[str]:
    """Return the strongest sectors, and of how many."""
    ranked = np.flatnonzero(sectors.rank)
    best = sorted(ranked.tolist(), key=lambda k: int(sectors.rank[k]))[:_SECTORS_SHOWN]
    named = [f"{sectors.rank[k]} {sectors.names[k]} {float(sectors.composite[k]):+.1%}" for k in best]
    return [*named[:-1], f"{named[-1]} ({t('sectors_ranked', count=ranked.size)})"]


def _evening(found: Found) -> Text:
    return Text(t("from_evening", day=found.session, evening=found.screen.session), "dim")


def _when(found: Found) -> str:
    return f"{found.session} {weekday(found.session)}"


def _draw_lines(found: Found, draw: Draw, most: int | None, width: int) -> Iterator[Text]:
    """Yield one list: whose it is, who was left out, and the best of those who were not."""
    yield from _title(draw, width)
    yield from _left_out(draw, found, width)
    if draw.emptied_by is not None:
        yield from filled(Text(), [Text(t("emptied", reason=label(draw.emptied_by)), "bold yellow")], width)
    if not draw.passed:
        return
    yield from candidate_lines([_line(found, draw, j) for j in draw.passed[:most]], width)
    if found.has_assumed_stars(draw.profile):
        yield Text(f"* {label(FactSource.ASSUMED)}", "yellow")
    if most is not None and len(draw.passed) > most:
        yield Text(t("more_with_all", count=len(draw.passed) - most), "dim")


def _title(draw: Draw, width: int) -> Iterator[Text]:
    names = [Text(name, "bold") for name in draw.strategies]
    yield from filled(Text(), names, width, between=", ")
    asked = (
        Text(t("profile", name=label(draw.profile))),
        Text(" ".join(grade.value for grade in draw.grades)),
        Text(t("stars_from", stars=draw.min_confidence)),
        Text(t("candidates", count=len(draw.passed)), "bold"),
    )
    yield from filled(Text("  "), asked, width)


def _left_out(draw: Draw, found: Found, width: int) -> Iterator[Text]:
    """Yield the way from all symbols to those that passed, check by check."""
    left = len(found.screen.exclusions)
    parts = [f"{left:,}"]
    for code, count in draw.left_out.items():
        left -= count
        parts.append(f"{label(code)} −{count:,} → {left:,}")
    yield from filled(Text("  "), [Text(part, "dim") for part in parts], width)


def _line(found: Found, draw: Draw, j: int) -> Line:
    """Return a candidate as a line of its list."""
    screen, checks = found.screen, checks_read(found, j)
    stars = found.stars(draw.profile, j)
    instrument = screen.panel.instruments[j]
    mark = "*" if stars is not None and found.has_assumed_stars(draw.profile) else ""
    groups = {"trend": checks.trend, "fundamental": checks.fundamental, "canslim": checks.canslim}
    return Line(
        cells={
            "code": Text(instrument.symbol, "dim"),
            "name": Text(instrument.name),
            "grade": Text(screen.grade_of(j).value),
            "rank": Text(_number(screen.rank[j])),
            "stars": Text.assemble(_or_none(stars), (mark, "yellow")),
            "strength": Text(_number(screen.strength[j])),
            **{name: _marks(several) for name, several in groups.items()},
            "supply": Text(label(flow_of(int(screen.flow[j]))) if screen.coverage.flows else NONE),
            "turnover": Text(_money(screen.basics.turnover[j])),
            "market_cap": Text(_money(screen.basics.market_cap[j])),
        },
        counts={name: Text(f"{sum(one.passed for one in several)}/{len(several)}") for name, several in groups.items()},
        fates=_armed(found, draw, instrument.symbol),
    )


def _marks(checks: Iterable[Check]) -> Text:
    """Return which checks passed, each at its place: 1234·678, CAN·LI·."""
    marks = Text()
    for check in checks:
        marks.append(check.name.value[-1] if check.passed else "·", "" if check.passed else "dim")
    return marks


def _armed(found: Found, draw: Draw, symbol: str) -> Sequence[Text]:
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
    return parts


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


def _facts(found: Found, column: int) -> Iterator[tuple[str, Sequence[str]]]:
    screen = found.screen
    ranking = t("by_turnover") if screen.by_turnover else t("by_market_cap")
    symbol = screen.panel.symbols[column]
    yield t("regime"), _market(found)
    yield t("grade"), [screen.grade_of(column).value + _instead(found, fact.GRADE, symbol)]
    yield t("rank"), [f"{_number(screen.rank[column])} ({ranking})"]
    for profile in profiles_shown(found):
        instead = _instead(found, fact.STARS, symbol) if found.screening.gives_stars(profile) else ""
        yield f"{t('stars')} {profile.value}", [_stars(found, profile, column) + instead]
    yield t("strength"), [_number(screen.strength[column])]
    yield t("supply"), [_supply(found, column)]
    if screen.sectors is not None and screen.sectors.sector_of[column] >= 0:
        yield t("sectors"), [_sector(screen.sectors, int(screen.sectors.sector_of[column]))]


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


def profiles_shown(found: Found) -> list[Profile]:
    """Return the profiles whose stars are shown of a symbol: those that the strategies use."""
    used = dict.fromkeys(draw.profile for draw in found.draws)
    return list(used) or [Profile.BULL, Profile.FLOW, Profile.BEAR]


def _fates(found: Found, column: int, width: int) -> Iterator[Text]:
    """Yield what each strategy does with the symbol."""
    symbol = found.screen.panel.symbols[column]
    places = found.armed(symbol)
    for one in found.strategies:
        is_armed = one.name in places
        lead = Text.assemble(("✓ ", "green") if is_armed else ("✗ ", "red"), (one.name, "bold"), "  ")
        if is_armed:
            fate = Text(t("is_armed", number=places[one.name]))
        else:
            code = found.not_armed.get((one.name, symbol), "")
            reason = t("is_not_armed", reason=_reason(found, one.name, symbol))
            fate = Text.assemble(reason, (f" ({code})", "dim"))
        yield from filled(lead, [fate], width)


def _groups(checks: Checks) -> Iterator[tuple[str, tuple[Check, ...]]]:
    yield t("screen_qualification"), checks.qualification
    yield t("screen_trend"), checks.trend
    yield t("screen_fundamental"), checks.fundamental
    yield t("screen_canslim"), checks.canslim


def _reading_lines(checks: Iterable[Check]) -> Iterator[ReadingLine]:
    """Yield each check with what it read, and beside it what it asked for; one line a reading."""
    for check in checks:
        mark = Text("✓", "green") if check.passed else Text("✗", "red")
        note = Text("" if check.note is None else label(check.note), "yellow")
        lead = (mark, Text(check.name.value, "dim"), Text(label(check.name)))
        for reading in check.readings:
            yield ReadingLine(*lead, Text(_read(reading)), Text(_asked(reading)), note)
            joint = Text(t("or"), "dim") if check.any_of else Text("")
            lead, note = (Text(""), Text(""), joint), Text("")


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


def _notes(found: Found, width: int) -> Iterator[Text]:
    for fault in found.faults:
        yield from filled(Text.assemble((t("fault"), "bold red"), "  "), [Text(fault)], width)
    for note in found.notes:
        yield from filled(Text.assemble((t("note"), "dim"), "  "), [Text(say(note))], width)


def checks_read(found: Found, column: int) -> Checks:
    """Return every check of a symbol, with status and pulse as a run would know them."""
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
