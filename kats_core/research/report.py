"""Make the report of a run: one page that holds everything it shows, and opens without a network."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec
from jinja2 import DictLoader, Environment, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from kats_core.exits.in_bar import BarPath
from kats_core.journal.caveats import Caveats, Totals
from kats_core.journal.statistics import SQN_NEEDS, Group
from kats_core.model.labels import Language
from kats_core.model.time import clock, session_date
from kats_core.research import charted, figures
from kats_core.research.configuration import flattened
from kats_core.research.figures import Figure
from kats_core.research.market import Candles, Index
from kats_core.research.metrics import BENCHMARK, By, Metrics
from kats_core.research.results import Results
from kats_core.research.words import NONE, Words

_PAGE = "report.html.jinja"
_SCRIPT_TEXTS = (
    *("trigger", "limit", "stop", "target", "buy", "sell", "setup", "fills", "time", "price", "quantity", "net_profit"),
    *("exit_code", "regime", "grade", "strategy", "entry_price", "exit_price", "note", "path_dependent"),
)
_LISTED = 10
_FAULTS_LISTED = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A key figure: its name, its value, a remark, and whether it is a gain (+1) or a loss (-1)."""

    name: str
    value: str
    remark: str = ""
    sign: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """What to know before believing the result; `is_warning` where it may be too good."""

    text: str
    detail: str = ""
    is_warning: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupTable:
    """The trades told apart by something, as a table beside a chart."""

    key: str
    title: str
    rows: Sequence[tuple[str, Group]]


def build(
    results: Results,
    metrics: Metrics,
    candles: Mapping[str, Candles],
    indices: Mapping[str, Index],
    language: Language,
    charts: int = charted.CHARTED,
) -> str:
    """Return the page as HTML, with at most so many trades to draw."""
    words = Words(results.run, language)
    # Only trades whose bars were kept can be drawn.
    drawable = [story for story in results.stories if story.trade.symbol in candles]
    stories = charted.chosen(drawable, charts)
    drawn = _figures(results, metrics, indices.get(BENCHMARK), words)
    ordered = sorted(results.stories, key=lambda story: story.trade.net_profit)
    page = _environment().get_template(_PAGE)
    return page.render(
        w=words,
        language=language,
        run=results.run,
        metrics=metrics,
        stamps=_stamps(metrics.caveats, words),
        paths=_paths(metrics.caveats, words),
        names=results.instances,
        cards=_cards(metrics, words),
        groups=_group_tables(metrics, words),
        configuration=sorted(flattened(results.run.configuration).items()) if results.run.configuration else [],
        worst=[story for story in ordered[:_LISTED] if story.trade.net_profit < 0],
        best=[story for story in ordered[::-1][:_LISTED] if story.trade.net_profit > 0],
        charted={story.number for story in stories},
        count=len(results.stories),
        without_r=sum(story.trade.r_multiple is None for story in results.stories),
        held=results.held,
        faults=results.faults[:_FAULTS_LISTED],
        figures={name: _embedded(figures.as_json(figure)) for name, figure in drawn.items()},
        packed=_embedded(
            json.dumps(charted.packed(stories, candles, words), ensure_ascii=False, separators=(",", ":"))
        ),
        texts=_embedded(json.dumps(_script_texts(words), ensure_ascii=False)),
        plotly=Markup(_script_safe(get_plotlyjs())),  # noqa: S704 - the library's own code
        style=Markup(_file("report.css")),  # noqa: S704 - ours
        script=Markup(_file("report.js")),  # noqa: S704 - ours
    )


def _figures(results: Results, metrics: Metrics, index: Index | None, words: Words) -> dict[str, Figure]:
    drawn: dict[str, Figure] = {}
    if results.equity:
        drawn["equity"] = figures.equity(results, index, words)
        drawn["months"] = figures.months(metrics, words)
        drawn["exposure"] = figures.exposure(results, words)
    multiples = [story.trade.r_multiple for story in results.stories if story.trade.r_multiple is not None]
    if multiples:
        drawn["r"] = figures.r_multiples(multiples, words)
    if results.fills:
        drawn["costs"] = figures.costs(results, words)
    if results.stories:
        drawn |= {f"by-{by.value}": figures.group(by, metrics.groups[by.value], words) for by in _shown(metrics)}
    if metrics.refusals:
        drawn["refusals"] = figures.refusals(metrics, words)
    return drawn


def _shown(metrics: Metrics) -> list[By]:
    """Return by what trades are told apart: the hour says nothing where all entries have the same."""
    return [by for by in By if by is not By.HOUR or len(metrics.groups[by.value]) > 1]


def _group_tables(metrics: Metrics, words: Words) -> list[GroupTable]:
    return [
        GroupTable(
            key=f"by-{by.value}",
            title=words.label(by),
            rows=[(words.group(by, str(one.name)), one) for one in metrics.groups[by.value]],
        )
        for by in _shown(metrics)
    ]


def _stamps(caveats: Caveats | None, words: Words) -> list[Stamp]:
    """Return on what the result rests, warnings first."""
    if caveats is None:
        return []
    survivors, path = caveats.survivorship, caveats.bar_path
    alive = words("stamp_survivors_detail", **msgspec.to_builtins(survivors))
    dependent = words("stamp_path", count=path.dependent_trades)
    warnings = [
        (path.is_undecided, words("stamp_undecided"), ""),
        (survivors.is_biased, words("stamp_survivors"), alive),
        (caveats.assumed, words("stamp_assumed"), ", ".join(caveats.assumed)),
        (caveats.left_out, words("stamp_left_out"), ", ".join(caveats.left_out)),
        (caveats.ticks_approximate, words("stamp_ticks"), words("stamp_ticks_detail")),
        (caveats.bars.off_scale, words("stamp_scale"), words("stamp_scale_detail", count=caveats.bars.off_scale)),
    ]
    remarks = [
        (True, words("bars_played", **msgspec.to_builtins(caveats.bars)), ""),
        (path.dependent_trades, dependent, _path(path.path, words)),
        (survivors.is_biased is False, words("stamp_survived"), alive),
        (caveats.approximated, words("stamp_approximated"), ", ".join(caveats.approximated)),
        (caveats.derived, words("stamp_derived"), ", ".join(caveats.derived)),
    ]
    return [
        Stamp(text=text, detail=detail, is_warning=is_warning)
        for is_warning, group in ((True, warnings), (False, remarks))
        for is_so, text, detail in group
        if is_so
    ]


def _paths(caveats: Caveats | None, words: Words) -> dict[str, Totals]:
    """Return the totals on both ways through the bars, where both were played."""
    if caveats is None or len(caveats.bar_path.totals) < 2:
        return {}
    return {_path(path, words): one for path, one in caveats.bar_path.totals.items()}


def _path(name: str, words: Words) -> str:
    labels = {path.value: words.label(path) for path in BarPath}
    return f"{name} · {labels[name]}" if name in labels else name


def _cards(metrics: Metrics, words: Words) -> list[Card]:
    found, benchmark = metrics.statistics, metrics.benchmark
    fall = found.max_drawdown
    against = "" if benchmark is None else words("against", name=benchmark.name, change=signed(benchmark.return_frac))
    days = "" if fall is None or not fall.frac else f"{fall.peak_day:%Y.%m.%d} → {fall.trough_day:%Y.%m.%d}"
    costs = found.commission + found.tax
    before_costs = found.profit + costs
    share = words("cost_share", share=percent(costs / before_costs)) if before_costs > 0 else ""
    execution = words(
        "execution_detail",
        partial=percent(metrics.execution.partial_frac),
        expired=metrics.execution.expired,
        amended=metrics.execution.amended,
    )
    payoff = words("payoff", payoff=number(found.payoff))
    held = words("time_in_market", share=percent(found.time_in_market))
    each = "" if found.money_expectancy is None else words("expectancy", won=change(found.money_expectancy))
    streaks = words("streaks", wins=found.streaks.wins, losses=found.streaks.losses)
    taxes = f"{words('commission')} {won(found.commission)} · {words('tax')} {won(found.tax)}"
    return [
        Card(name=words("return"), value=signed(found.return_frac), remark=against, sign=_sign(found.return_frac)),
        Card(name=words("mdd"), value=percent(None if fall is None else fall.frac), remark=days),
        Card(name=words("profit"), value=change(found.profit), remark=each, sign=_sign(found.profit)),
        Card(
            name=words("trades"),
            value=words("trades_unit", count=found.trades),
            remark=words("wins", wins=found.wins, losses=found.losses),
        ),
        Card(name=words("win_rate"), value=percent(found.win_rate), remark=streaks),
        Card(name=words("average_r"), value=multiple(found.expectancy_r), sign=_sign(found.expectancy_r)),
        Card(name=words("sqn"), value=number(found.sqn.value), remark=_sqn(metrics, words)),
        Card(name=words("profit_factor"), value=number(found.profit_factor), remark=payoff),
        Card(
            name=words("sharpe"),
            value=number(found.sharpe),
            remark="" if found.sharpe is not None else words("sharpe_needs"),
        ),
        Card(name=words("exposure"), value=percent(found.exposure), remark=held),
        Card(name=words("costs"), value=won(costs), remark=share or taxes),
        Card(name=words("slippage"), value=percent(metrics.execution.slippage, digits=3), remark=execution),
    ]


def _sqn(metrics: Metrics, words: Words) -> str:
    sqn = metrics.statistics.sqn
    if sqn.rating is not None:
        return words.label(sqn.rating)
    return words("sqn_needs", count=sqn.count) if sqn.count < SQN_NEEDS else words("sqn_equal")


def _script_texts(words: Words) -> dict[str, str]:
    return {key: words(key) for key in _SCRIPT_TEXTS}


@cache
def _file(name: str) -> str:
    return files("kats_core.research").joinpath("page", name).read_text(encoding="utf-8")


def _environment() -> Environment:
    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        loader=DictLoader({_PAGE: _file(_PAGE)}),
    )
    environment.filters |= {
        "percent": percent,
        "signed": signed,
        "multiple": multiple,
        "won": won,
        "change": change,
        "side": _side,
        "moment": _moment,
        "exact": _exact,
        "plain": _plain,
    }
    return environment


def _embedded(text: str) -> Markup:
    """Return JSON as it may stand in a script element: nothing in it ends the element or begins another."""
    return Markup(text.replace("<", "\\u003c"))  # noqa: S704 - made safe here


def _script_safe(code: str) -> str:
    return code.replace("</script", "<\\/script")


def _moment(ts: int) -> str:
    return f"{session_date(ts)} {clock(ts):%H:%M}"


def _plain(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else NONE if value is None else str(value)


def _exact(quotient: str) -> float:
    return float(Fraction(quotient))


def _side(value: float | None) -> str:
    """Return the class that colours a gain or a loss."""
    return ("", "gain", "loss")[_sign(value)]


def _sign(value: float | None) -> int:
    return 0 if value is None else (value > 0) - (value < 0)


def won(amount: float) -> str:
    """Return an amount in whole won."""
    return f"{amount:,.0f}"


def change(amount: float) -> str:
    """Return a gain or a loss in whole won with its sign."""
    return f"{amount:+,.0f}".replace("-", "−") if round(amount) else "0"


def percent(fraction: float | None, digits: int = 1) -> str:
    """Return a fraction in percent."""
    return NONE if fraction is None else f"{fraction:.{digits}%}".replace("-", "−")


def signed(fraction: float | None) -> str:
    """Return a fraction in percent with its sign and two decimals."""
    return NONE if fraction is None else f"{fraction:+.2%}".replace("-", "−")


def number(value: float | None) -> str:
    """Return a figure with two decimals."""
    return NONE if value is None else f"{value:,.2f}".replace("-", "−")


def multiple(r: float | None) -> str:
    """Return a multiple of the initial risk with its sign."""
    return NONE if r is None else f"{r:+.2f}".replace("-", "−")
