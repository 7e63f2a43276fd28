"""Lay out what is known of strategies: one line each, or everything about one."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel
from rich import box
from rich.table import Table
from rich.text import Text

from kats_core.cli import console as look
from kats_core.cli.text import label, language, t
from kats_core.engine.state import StrategyInstance
from kats_core.journal.statistics import measure
from kats_core.model import fact
from kats_core.model.kinds import Grade, Regime
from kats_core.model.record import TradeRecord

if TYPE_CHECKING:
    from rich.console import Console

    from kats_core.config.effective import StrategyEntry
    from kats_core.runtime.candidates import Found

_SIGNS = {
    Regime.STRONG_BULL: "▲",
    Regime.BULL: "△",
    Regime.SIDEWAYS: "-",
    Regime.BEAR: "▽",
    Regime.STRONG_BEAR: "▼",
}
"""As `kats regime` draws them."""

_PARTS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}


def overview(found: Found, out: Console) -> None:
    """Print one line a strategy: when it trades, whether this session is one of its, whom it is armed with, else why not."""
    regime = found.inputs.get(fact.REGIME).value
    out.print(Text.assemble((t("strategies_of", day=found.session), "bold"), "  ", _regime(regime)))
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    if look.is_narrow(out):
        table.padding = look.SNUG
    for heading in (
        t("heading_code"),
        t("heading_strategy"),
        t("heading_style"),
        t("heading_regimes"),
        t("heading_windows"),
        t("heading_armed"),
        t("heading_why_none"),
    ):
        table.add_column(heading, no_wrap=heading in (t("heading_strategy"), t("heading_regimes")), overflow="fold")
    for line in _lines(found):
        one = line.instance
        table.add_row(
            one.traits.code,
            Text(one.name, "" if line.is_on else "dim"),
            label(one.traits.style),
            _regimes(one, regime),
            windows(one.windows),
            Text(str(len(line.armed)), "bold green" if line.armed else "dim"),
            line.reason or "",
        )
    out.print(table)
    out.print(Text("   ").join(Text.assemble((f"{sign} ", "dim"), (label(one), "dim")) for one, sign in _SIGNS.items()))


def overview_as_json(found: Found) -> dict[str, Any]:
    """Return the same for programs."""
    return {
        "session": found.session.isoformat(),
        "regime": found.inputs.get(fact.REGIME).value,
        "strategies": [
            {
                "instance": line.instance.name,
                "plugin": line.instance.plugin,
                "code": line.instance.traits.code,
                "style": line.instance.traits.style.value,
                "regimes": sorted(regime.value for regime in line.instance.regimes),
                "windows": [[f"{start:%H:%M}", f"{end:%H:%M}"] for start, end in line.instance.windows],
                "is_on": line.is_on,
                "armed": list(line.armed),
                "not_armed": dict(line.reasons),
            }
            for line in _lines(found)
        ],
    }


@dataclass(frozen=True, slots=True)
class _Line:
    """A strategy in one session. `reasons` count the symbols that are not armed by their code."""

    instance: StrategyInstance
    is_on: bool
    armed: tuple[str, ...]
    reasons: Mapping[str, int]
    reason: str | None


def _lines(found: Found) -> Iterator[_Line]:
    regime = found.inputs.get(fact.REGIME).value
    for one in found.strategies:
        armed = tuple(dict.fromkeys(setup.symbol for setup in found.setups if setup.instance == one.name))
        reasons = Counter(code for (instance, _), code in found.not_armed.items() if instance == one.name)
        most = reasons.most_common(1)
        reason = None
        if not armed and most:
            texts = found.codes.get(most[0][0], (most[0][0], most[0][0]))
            reason = texts[0] if language() == "ko" else texts[1]
        yield _Line(one, one.params.enabled and regime in one.regimes, armed, dict(reasons.most_common()), reason)


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter: dotted name, value in force, default, range and reason."""

    name: str
    value: object
    default: object
    range: str
    reason: str


@dataclass(frozen=True, slots=True)
class Page:
    """Everything about one strategy, and the trades of the last run."""

    entry: StrategyEntry
    last: tuple[str, Sequence[TradeRecord]] | None

    @property
    def parameters(self) -> list[Parameter]:
        """The parameters, the strategy's own first."""
        return list(_parameters(type(self.entry.params), self.entry.params))

    def facts(self) -> Iterator[tuple[str, str]]:
        """Yield what its traits say."""
        traits = self.entry.plugin.traits
        yield t("heading_style"), f"{label(traits.style)} · {label(traits.category)} · {label(traits.profile)}"
        yield t("heading_regimes"), ", ".join(label(regime) for regime in Regime if regime in traits.regimes)
        yield t("heading_windows"), windows(self.entry.params.windows or traits.windows)
        grades = self.entry.params.grades or traits.grades
        yield t("heading_grades"), ", ".join(label(grade) for grade in Grade if grade in grades)
        yield t("heading_needs"), ", ".join(_needs(self.entry))
        if traits.sell_signals:
            yield t("heading_sell_signals"), ", ".join(sorted(label(signal) for signal in traits.sell_signals))
        if traits.overlays:
            yield t("heading_overlays"), ", ".join(sorted(label(overlay) for overlay in traits.overlays))

    def print(self, out: Console) -> None:
        """Print the page."""
        plugin = self.entry.plugin
        korean, english = plugin.summary
        title = Text.assemble((plugin.traits.code, "bold cyan"), "  ", (self.entry.instance, "bold"))
        out.print(title, Text(korean if language() == "ko" else english))
        facts = Table(box=None, show_header=False, pad_edge=False)
        facts.add_column(style="dim")
        facts.add_column()
        for name, value in self.facts():
            facts.add_row(name, value)
        out.print(facts)
        out.print()
        table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
        for heading in (
            t("heading_parameter"),
            t("heading_value"),
            t("heading_default"),
            t("heading_range"),
            t("heading_reason"),
        ):
            table.add_column(heading)
        for one in self.parameters:
            is_own = one.value != one.default
            table.add_row(
                one.name,
                Text(_written(one.value), "bold" if is_own else ""),
                _written(one.default),
                one.range,
                one.reason,
            )
        out.print(table)
        codes = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
        codes.add_column(t("heading_code"))
        codes.add_column(t("heading_meaning"))
        for enum in plugin.codes:
            for code in enum:
                codes.add_row(code.name, label(code))
        out.print(codes)
        out.print(self._results())

    def _results(self) -> Text:
        if self.last is None:
            return Text(t("no_results_yet"), "dim")
        run, trades = self.last
        if not trades:
            return Text(t("no_trades_in_run", run=run[:8]), "dim")
        figures = measure(list(trades), [], 1)
        return Text(
            t(
                "last_results",
                run=run[:8],
                trades=figures.trades,
                win_rate=look.percent(figures.win_rate),
                average=look.multiple(figures.expectancy_r) if figures.expectancy_r is not None else look.NONE,
                profit=look.change(sum(trade.net_profit for trade in trades)),
            )
        )

    def as_json(self) -> dict[str, Any]:
        """Return the page for programs."""
        plugin = self.entry.plugin
        return {
            "instance": self.entry.instance,
            "plugin": plugin.name,
            "code": plugin.traits.code,
            "summary": {"ko": plugin.summary[0], "en": plugin.summary[1]},
            "traits": dict(self.facts()),
            "parameters": [
                {
                    "name": p.name,
                    "value": _plain(p.value),
                    "default": _plain(p.default),
                    "range": p.range,
                    "reason": p.reason,
                }
                for p in self.parameters
            ],
            "codes": {
                str(code): {"ko": code.label("ko"), "en": code.label("en")} for enum in plugin.codes for code in enum
            },
            "last_run": None if self.last is None else {"run": self.last[0], "trades": len(self.last[1])},
        }


def windows(spans: Sequence[tuple[dt.time, dt.time]]) -> str:
    """Return entry windows as people write them."""
    return ", ".join(f"{start:%H:%M}-{end:%H:%M}" for start, end in spans)


def _regime(regime: object) -> Text:
    known = next((one for one in Regime if one.value == regime), None)
    return Text(look.NONE if known is None else label(known), "cyan")


def _regimes(one: StrategyInstance, now: object) -> Text:
    """Return a sign for each regime in which a strategy trades, in the order of the legend; today's is bold."""
    text = Text(no_wrap=True)
    for regime, sign in _SIGNS.items():
        text.append(sign if regime in one.regimes else "·", "bold cyan" if regime.value == now else "dim")
        text.append(" ")
    return text


def _needs(entry: StrategyEntry) -> Iterator[str]:
    traits = entry.plugin.traits
    yield t("needs_daily_bars", bars=traits.bars_needed)
    if traits.needs_minute_bars:
        yield t("needs_minute_bars")
    yield from traits.indices
    yield from traits.needs


def _parameters(model: type[BaseModel], values: BaseModel, prefix: str = "") -> Iterator[Parameter]:
    """Yield parameters with their ranges; those of nested models under dotted names."""
    schema = model.model_json_schema()["properties"]
    own = [name for name in model.model_fields if name in model.__annotations__]
    for name in [*own, *(name for name in model.model_fields if name not in own)]:
        field, value = model.model_fields[name], getattr(values, name)
        if isinstance(value, BaseModel):
            yield from _parameters(type(value), value, f"{prefix}{name}.")
            continue
        default = field.get_default(call_default_factory=True)
        yield Parameter(prefix + name, value, default, _range(schema[name]), field.description or "")


def _range(schema: Mapping[str, Any]) -> str:
    bounds: Mapping[str, Any] = next(
        (part for part in (schema, *schema.get("anyOf", ())) if _PARTS.keys() & part.keys()), {}
    )
    return " ".join(f"{sign} {bounds[key]:g}" for key, sign in _PARTS.items() if key in bounds)


def _written(value: object) -> str:
    if value is None:
        return look.NONE
    if isinstance(value, (tuple, frozenset, list)):
        return ", ".join(sorted(map(str, value)) if isinstance(value, frozenset) else map(str, value))
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def _plain(value: object) -> object:
    return value if value is None or isinstance(value, (bool, int, float, str)) else _written(value)
