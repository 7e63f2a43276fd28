"""Draw the charts of the report, as Plotly figures without colours of a theme: the page adds these for light and dark."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from kats_core.journal.statistics import Group
from kats_core.model.time import session_date
from kats_core.research.market import Index
from kats_core.research.metrics import BENCHMARK, By, Metrics, drawdowns
from kats_core.research.results import Results
from kats_core.research.words import Words

Figure: TypeAlias = Any

# Korean screens show gains in red and losses in blue.
GAIN, LOSS = "#d9453d", "#2f6fdb"
_PALE_LOSS = "rgba(47,111,219,0.25)"
_NEUTRAL = "#8b93a1"
_ACCENT = "#0f9d8a"
# Pale enough for dark and for light numbers on it.
_SCALE = [[0.0, "rgba(47,111,219,0.62)"], [0.5, "rgba(139,147,161,0.08)"], [1.0, "rgba(217,69,61,0.62)"]]
_DAYS = {
    "type": "date",
    "hoverformat": "%Y-%m-%d",
    "tickformatstops": [
        {"dtickrange": [None, "M1"], "value": "%m-%d"},
        {"dtickrange": ["M1", "M12"], "value": "%Y-%m"},
        {"dtickrange": ["M12", None], "value": "%Y"},
    ],
}
_SERIES = ("#0f9d8a", "#e0a030", "#8e6bd1", "#d9738b", "#5aa0d6", "#8aa34a", "#b5774a", "#8b93a1")

_MILLION = 1_000_000
_BIN_WIDTHS = (0.25, 0.5, 1.0, 2.0, 5.0, 10.0)
_BINS = 60
_GROUPS_DRAWN = 12


def equity(results: Results, index: Index | None, words: Words) -> Figure:
    """Return closing equity over its drawdown, the index beside it from the same start."""
    days = _sessions(results)
    capital = results.run.capital
    own = [day.equity for day in results.equity]
    figure = _figure(height=460, hovermode="x unified")
    falls = drawdowns([capital, *own])[1:]
    _line(figure, days, [value / _MILLION for value in own], words("equity"), _ACCENT, ":,.1f", width=2)
    figure.add_scatter(
        x=days,
        y=_numbers(falls),
        name=words("drawdown"),
        yaxis="y2",
        fill="tozeroy",
        line={"color": LOSS, "width": 1},
        fillcolor=_PALE_LOSS,
        hovertemplate="%{y:.1%}",
    )
    start = None if index is None or not results.equity else index.before(results.equity[0].session)
    if index is not None and start:
        closes = index.on([day.session for day in results.equity])
        rebased = [None if close is None else close / start * capital / _MILLION for close in closes]
        _line(figure, days, rebased, BENCHMARK, _NEUTRAL, ":,.1f", width=1.2)
        known = [start if close is None else close for close in closes]
        _line(
            figure,
            days,
            drawdowns([start, *known])[1:],
            f"{BENCHMARK} {words('drawdown')}",
            _NEUTRAL,
            ":.1%",
            width=1,
            yaxis="y2",
        )
    figure.update_layout(
        yaxis={"title": words("million"), "domain": [0.34, 1], "tickformat": ",~f"},
        yaxis2={"domain": [0, 0.26], "tickformat": ".0%", "rangemode": "tozero", "nticks": 4},
        xaxis=_DAYS | {"anchor": "y2"},
        legend={"orientation": "h", "y": 1.08, "x": 0},
    )
    return figure


def months(metrics: Metrics, words: Words) -> Figure:
    """Return the monthly returns as a heat map, with the whole year at its end."""
    years = sorted({month.year for month in metrics.months}, reverse=True)
    found = {(month.year, month.month): month.return_frac for month in metrics.months}
    rows, texts = [], []
    for year in years:
        own = [found.get((year, month)) for month in range(1, 13)]
        whole = math.prod(1 + one for one in own if one is not None) - 1
        row = [*own, whole]
        rows.append([None if one is None else round(one, 6) for one in row])
        texts.append(["" if one is None else _change(one) for one in row])
    reach = max((abs(one) for row in rows for one in row[:12] if one is not None), default=0.0) or 0.01
    figure = _figure(height=70 + 34 * len(years))
    figure.add_heatmap(
        x=[*words.months, words("year")],
        y=[str(year) for year in years],
        z=rows,
        text=texts,
        texttemplate="%{text}",
        zmin=-reach,
        zmax=reach,
        colorscale=_SCALE,
        showscale=False,
        xgap=2,
        ygap=2,
        hovertemplate="%{y} %{x}<br>%{z:+.2%}<extra></extra>",
        hoverongaps=False,
    )
    figure.update_layout(
        xaxis={"side": "top", "fixedrange": True, "showgrid": False, "tickangle": 0},
        yaxis={"type": "category", "fixedrange": True, "showgrid": False, "autorange": "reversed"},
    )
    return figure


def r_multiples(values: Sequence[float], words: Words) -> Figure:
    """Return how often which R came out."""
    width = next((w for w in _BIN_WIDTHS if (max(values) - min(values)) / w <= _BINS), _BIN_WIDTHS[-1])
    counts: dict[int, int] = {}
    for value in values:
        number = math.floor(value / width)
        counts[number] = counts.get(number, 0) + 1
    bins = range(min(counts), max(counts) + 1)
    figure = _figure(height=300, bargap=0.06)
    figure.add_bar(
        x=[(number + 0.5) * width for number in bins],
        y=[counts.get(number, 0) for number in bins],
        width=width * 0.94,
        customdata=[[number * width, (number + 1) * width] for number in bins],
        marker={"color": [GAIN if number >= 0 else LOSS for number in bins]},
        hovertemplate="%{customdata[0]:.2f} – %{customdata[1]:.2f} R: %{y}<extra></extra>",
    )
    average = math.fsum(values) / len(values)
    figure.add_vline(x=average, line={"color": _NEUTRAL, "dash": "dash", "width": 1.5})
    figure.add_annotation(
        x=average,
        y=1,
        yref="paper",
        yanchor="bottom",
        text=f"{words('average_r')} {average:+.2f}",
        showarrow=False,
        font={"size": 11},
    )
    figure.update_layout(
        xaxis={"title": words("r_axis"), "zeroline": True, "dtick": _tick(width, len(bins))},
        yaxis={"title": words("trades"), "rangemode": "tozero"},
    )
    return figure


def group(by: By, groups: Sequence[Group], words: Words) -> Figure:
    """Return the profit of groups of trades, one bar each."""
    largest = sorted(groups, key=lambda one: -abs(one.profit))[:_GROUPS_DRAWN]
    drawn = [one for one in groups if one in largest]
    names = [_short(words.group(by, str(one.name))) for one in drawn]
    figure = _figure(height=56 + 30 * len(drawn), bargap=0.35)
    figure.add_bar(
        # Two reasons may have the same words: the place tells them apart.
        y=list(range(len(drawn))),
        x=[one.profit / _MILLION for one in drawn],
        orientation="h",
        marker={"color": [GAIN if one.profit >= 0 else LOSS for one in drawn]},
        customdata=[[name, one.count] for name, one in zip(names, drawn, strict=True)],
        hovertemplate="%{customdata[0]}: %{x:+,.2f} " + words("million") + " · %{customdata[1]}<extra></extra>",
    )
    figure.update_layout(
        xaxis={"zeroline": True, "tickformat": ",~g", "nticks": 5},
        yaxis={
            "tickvals": list(range(len(drawn))),
            "ticktext": names,
            "autorange": "reversed",
            "automargin": True,
            "showgrid": False,
            "fixedrange": True,
        },
    )
    return figure


def exposure(results: Results, words: Words) -> Figure:
    """Return the invested share of equity over time."""
    figure = _figure(height=230, hovermode="x unified")
    figure.add_scatter(
        x=_sessions(results),
        y=_numbers([day.exposure for day in results.equity]),
        name=words("exposure"),
        fill="tozeroy",
        line={"color": _ACCENT, "width": 1, "shape": "hv"},
        fillcolor="rgba(15,157,138,0.25)",
        hovertemplate="%{y:.1%}",
    )
    figure.update_layout(yaxis={"tickformat": ".0%", "rangemode": "tozero"}, xaxis=_DAYS)
    return figure


def costs(results: Results, words: Words) -> Figure:
    """Return commission and tax as they add up."""
    by_day: dict[str, tuple[int, int]] = {}
    for fill in results.fills:
        day = session_date(fill.ts).isoformat()
        commission, tax = by_day.get(day, (0, 0))
        by_day[day] = (commission + fill.commission, tax + fill.tax)
    days = sorted(by_day)
    figure = _figure(height=230, hovermode="x unified")
    for number, (key, colour) in enumerate((("tax", _SERIES[1]), ("commission", _NEUTRAL))):
        total = accumulate(by_day[day][0 if key == "commission" else 1] for day in days)
        figure.add_scatter(
            x=days,
            y=[one / _MILLION for one in total],
            name=words(key),
            stackgroup="costs",
            line={"color": colour, "width": 1, "shape": "hv"},
            hovertemplate="%{y:,.3f}",
            legendrank=number,
        )
    figure.update_layout(
        yaxis={"title": words("million"), "rangemode": "tozero", "tickformat": ",~g"},
        xaxis=_DAYS,
        legend={"orientation": "h", "y": 1.16, "x": 0},
    )
    return figure


def refusals(metrics: Metrics, words: Words) -> Figure:
    """Return how many signals each stage rejected, one piece a reason."""
    totals: dict[str, int] = {}
    for refused in metrics.refusals:
        totals[refused.stage] = totals.get(refused.stage, 0) + refused.count
    stages = sorted(totals, key=lambda stage: -totals[stage])
    figure = _figure(height=60 + 34 * len(stages), barmode="stack", bargap=0.35)
    for number, refused in enumerate(metrics.refusals):
        figure.add_bar(
            y=[refused.stage],
            x=[refused.count],
            orientation="h",
            name=words.reason(refused.code),
            marker={"color": _SERIES[number % len(_SERIES)]},
            hovertemplate=f"{_plain(words.reason(refused.code))}: %{{x:,}}<extra></extra>",
        )
    figure.update_layout(
        showlegend=False,
        xaxis={"title": words("count"), "tickformat": ",~f", "nticks": 6},
        yaxis={
            "categoryorder": "array",
            "categoryarray": stages[::-1],
            "automargin": True,
            "showgrid": False,
            "fixedrange": True,
        },
    )
    return figure


def as_json(figure: Figure) -> str:
    """Return a figure as the page embeds it."""
    text: str = figure.to_json(validate=False)
    return text


def _figure(**layout: Any) -> Figure:
    usual: dict[str, Any] = {
        "template": go.layout.Template(),
        "margin": {"l": 8, "r": 8, "t": 24, "b": 8},
        "showlegend": None,
    }
    figure = go.Figure(layout=usual | layout)
    figure.update_xaxes(automargin=True)
    figure.update_yaxes(automargin=True)
    return figure


def _sessions(results: Results) -> npt.NDArray[np.datetime64]:
    return np.array([day.session for day in results.equity], dtype="datetime64[D]")


def _numbers(values: Iterable[float | None]) -> npt.NDArray[np.float32]:
    """Return values as Plotly embeds them in the fewest bytes; None leaves a gap."""
    return np.array([np.nan if value is None else value for value in values], dtype=np.float32)


def _line(
    figure: Figure,
    days: npt.NDArray[np.datetime64],
    values: Iterable[float | None],
    name: str,
    colour: str,
    number: str,
    *,
    width: float,
    yaxis: str = "y",
) -> None:
    figure.add_scatter(
        x=days,
        y=_numbers(values),
        name=name,
        yaxis=yaxis,
        line={"color": colour, "width": width, **({"dash": "dot"} if colour == _NEUTRAL else {})},
        showlegend=yaxis == "y",
        hovertemplate=f"%{{y{number}}}",
    )


def _change(fraction: float) -> str:
    percent = round(100 * fraction, 1)
    return f"{percent:+.1f}" if percent else "0.0"


def _tick(width: float, bins: int) -> float:
    return max(0.5, width) if bins * width <= 8 else max(1.0, width * 4)


def _short(text: str, most: int = 24) -> str:
    return _plain(text if len(text) <= most else text[: most - 1] + "…")


def _plain(text: str) -> str:
    """Return a text in which Plotly finds no markup."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("%{", "% {")
