"""Show a session as it goes by: clock and account, what is waited for, what was signalled, what is held.

A view only: it reads the engine's public properties and the bars that have been played, and changes nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from types import TracebackType

import numpy as np
from rich import box
from rich.console import Console, Group, RenderableType
from rich.layout import Layout
from rich.live import Live
from rich.padding import Padding
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from kats_core.cli import console as look
from kats_core.cli.describing import notes
from kats_core.cli.pace import Pace
from kats_core.cli.text import label, say, t, weekday
from kats_core.cli.wording import Trail, Trails, Wording
from kats_core.engine.state import SetupState
from kats_core.journal.explain import Outcome
from kats_core.market.calendar import krx_calendar
from kats_core.market.minutes import MinuteBars
from kats_core.market.sessions import SessionHours
from kats_core.model import fact
from kats_core.model.codes import CoreCode
from kats_core.model.command import Notify
from kats_core.model.kinds import FactSource, MarketPhase, Regime, Severity, TradingState
from kats_core.model.position import Position
from kats_core.model.record import FaultRecord, OperatorRecord, Record, SignalStatus, TradeRecord
from kats_core.model.setup import Below
from kats_core.model.time import MINUTE, Nanos, clock, session_date
from kats_core.runtime.assembly import App
from kats_core.runtime.play import Watcher

_REDRAW_S = 0.1
_NARROW = 100
_NEAR = 0.005
"""Distance to a level, as a fraction of it, from which on a row stands out."""

_HEADER_ROWS, _FOOTER_ROWS = 5, 1
_REGIMES = {regime.value: regime for regime in Regime}
_PANEL_SIDES = 4
_INDENT = 6
_TABLE_FRAME = 3
"""Lines of a panel that are no rows: its border and the heading."""


class LiveView:
    """Fills the terminal while a run is played, at most ten times a second."""

    def __init__(self, console: Console, pace: Pace) -> None:
        self._pace = pace
        self._live = Live(console=console, screen=True, auto_refresh=False, transient=True)
        self._drawn: float | None = None
        self._screen: SessionScreen | None = None

    def __enter__(self) -> Watcher:
        self._live.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.__exit__(kind, error, trace)

    def on_start(self, app: App, sessions: Sequence[dt.date]) -> None:
        self._screen = SessionScreen(app, sessions, self._pace.factor)

    def on_record(self, record: Record) -> None:
        if self._screen is not None:
            self._screen.take(record)

    def on_notice(self, notice: Notify) -> None:
        if self._screen is not None:
            self._screen.tell(notice)

    def on_clock(self, now: Nanos) -> None:
        if self._screen is None:
            return
        self._screen.begin(session_date(now))
        self._draw(now)
        self._pace.wait(now, self._draw)

    def _draw(self, now: Nanos) -> None:
        moment = self._pace.clock()
        if self._screen is None or (self._drawn is not None and moment - self._drawn < _REDRAW_S):
            return
        self._drawn = moment
        console = self._live.console
        self._live.update(self._screen.frame(now, console.width, console.height), refresh=True)


class Prices:
    """The last price of each symbol at an instant, from the session's bars; none from the future."""

    def __init__(self, bars: MinuteBars) -> None:
        self._bars = bars
        self._column = {symbol: column for column, symbol in enumerate(bars.symbols)}

    def last(self, symbol: str, now: Nanos) -> int | None:
        """Return the close of the last complete bar."""
        column = self._column.get(symbol)
        if column is None:
            return None
        rows = self._bars.rows_of[column]
        count = int(np.searchsorted(self._bars.start[rows], now - MINUTE, side="right"))
        return int(self._bars.close[rows[count - 1]]) if count else None


class SessionScreen:
    """The picture of one session at an instant."""

    def __init__(self, app: App, sessions: Sequence[dt.date], factor: float | None) -> None:
        self._app = app
        self._sessions = sessions
        self._factor = factor
        self._wording = Wording.of_app(app)
        self._short = {strategy.name: strategy.traits.code for strategy in app.strategies}
        self._session = dt.date.min
        self._trails = Trails()
        self._trades: list[TradeRecord] = []
        self._news = Text(" · ".join(map(say, notes(app))), "dim", no_wrap=True, overflow="ellipsis")
        self._faults = 0
        self._hours: SessionHours
        self._prices: Prices

    def begin(self, session: dt.date) -> None:
        """Turn the page when another session has begun."""
        if session == self._session:
            return
        self._session = session
        self._hours = krx_calendar().hours(session)
        self._prices = Prices(self._app.source.minutes(session))
        self._trails.clear()
        self._trades.clear()

    def take(self, record: Record) -> None:
        """Take a record."""
        self._trails.take(record)
        match record:
            case TradeRecord():
                self._trades.append(record)
            case OperatorRecord():
                text = f"{clock(record.ts):%H:%M} {self._wording.operator(record)}"
                self._news = Text(text, "yellow", no_wrap=True, overflow="ellipsis")
            case FaultRecord():
                self._faults += 1
                text = f"{clock(record.ts):%H:%M} {record.owner} · {self._wording.reason(record.code)} · {record.text}"
                self._news = Text(text, "red", no_wrap=True, overflow="ellipsis")

    def tell(self, notice: Notify) -> None:
        """Take a notice."""
        if notice.severity is Severity.INFO or notice.code == str(CoreCode.OPERATOR_ORDER):
            return
        text = f"{clock(notice.ts):%H:%M} {self._wording.notice(notice)}"
        self._news = Text(text, "yellow", no_wrap=True, overflow="ellipsis")

    def frame(self, now: Nanos, width: int, height: int) -> Layout:
        """Return the whole screen."""
        bottom = max(5, min(height // 3, _TABLE_FRAME + max(2, len(self._app.engine.positions), len(self._trades))))
        middle = height - _HEADER_ROWS - bottom - _FOOTER_ROWS
        layout, body, foot = Layout(), Layout(name="body"), Layout(name="foot", size=bottom)
        if width >= _NARROW:
            body.split_row(
                Layout(self._watch_list(now, middle - _TABLE_FRAME), size=width - width * 19 // 40),
                Layout(self._signals(middle - 2, width * 19 // 40 - _PANEL_SIDES)),
            )
            foot.split_row(Layout(self._positions(), ratio=13), Layout(self._closed(bottom - _TABLE_FRAME), ratio=7))
        else:
            body.split_column(
                Layout(self._watch_list(now, middle // 2 - _TABLE_FRAME)),
                Layout(self._signals(middle - middle // 2 - 2, width - _PANEL_SIDES)),
            )
            foot.update(self._positions())
        layout.split_column(
            Layout(self._header(now), size=_HEADER_ROWS), body, foot, Layout(self._footer(), size=_FOOTER_ROWS)
        )
        return layout

    def _header(self, now: Nanos) -> RenderableType:
        engine = self._app.engine
        opening = engine.equity_day or engine.equity
        profit = engine.equity - opening
        style = look.colour(profit)
        tiles: list[tuple[str, Text]] = [
            (t("clock"), Text(f"{clock(now):%H:%M:%S}", "bold")),
            (t("phase"), Text(self._phase(now))),
            (t("regime"), self._regime()),
            (t("equity"), Text(look.won(engine.equity), "bold")),
            (t("profit_today"), Text(f"{look.change(profit)} ({profit / opening:+.2%})", f"bold {style}")),
            (t("cash"), Text(look.won(engine.cash))),
            (t("on_order"), Text(str(len(engine.live_orders)))),
        ]
        if engine.trading_state is not TradingState.ACTIVE:
            tiles.append((t("state"), Text(label(engine.trading_state), "bold red")))
        if self._faults:
            tiles.append((t("fault"), Text(str(self._faults), "bold red")))
        grid = Table.grid(expand=True, padding=(0, 1))
        for _ in tiles:
            grid.add_column()
        grid.add_row(*(Text(heading, "dim") for heading, _ in tiles))
        grid.add_row(*(value for _, value in tiles))
        done = min(max(now - self._hours.open, 0), self._hours.close - self._hours.open)
        bar = ProgressBar(
            total=(self._hours.close - self._hours.open) / MINUTE,
            completed=done / MINUTE,
            style="grey23",
            complete_style="cyan",
            finished_style="cyan",
        )
        return Panel(
            Group(grid, bar),
            title=self._title(),
            title_align="left",
            subtitle=Text(t("times", factor=f"{self._factor:g}"), "dim") if self._factor is not None else None,
            subtitle_align="right",
            border_style="dim",
            box=box.ROUNDED,
        )

    def _title(self) -> Text:
        title = Text.assemble(
            ("KATS", "bold cyan"), " · ", t("paper"), " · ", f"{self._session} {weekday(self._session)}"
        )
        if len(self._sessions) > 1:
            number = self._sessions.index(self._session) + 1
            title.append(f" · {t('session_of', number=number, count=len(self._sessions))}")
        return title

    def _phase(self, now: Nanos) -> str:
        if now >= self._hours.close:
            return label(MarketPhase.CLOSED)
        if now >= self._hours.close_auction:
            return label(MarketPhase.CLOSE_AUCTION)
        return t("regular_session")

    def _regime(self) -> Text:
        known = self._app.engine.fact(fact.REGIME)
        if known.is_missing:
            return Text(look.NONE)
        mark = f" ({label(known.source)})" if known.source is FactSource.ASSUMED else ""
        return Text(label(_REGIMES[str(known.value)]) + mark)

    def _watch_list(self, now: Nanos, rows: int) -> Panel:
        entries = sorted(self._app.engine.setups, key=lambda e: (e.setup.rank, e.setup.instance, e.setup.symbol))
        table = _table()
        if len(self._short) > 1:
            table.add_column("", style="dim", no_wrap=True)
        table.add_column(t("symbol"), no_wrap=True, overflow="ellipsis", max_width=14)
        table.add_column(t("level"), justify="right", no_wrap=True)
        table.add_column(t("last"), justify="right", no_wrap=True)
        table.add_column(t("distance"), justify="right", no_wrap=True)
        table.add_column(t("state"), no_wrap=True, overflow="ellipsis", ratio=1)
        shown = entries if len(entries) <= rows else entries[: max(rows - 1, 0)]
        for entry in shown:
            table.add_row(*self._watched(entry, now))
        content: list[RenderableType] = [table]
        if len(shown) < len(entries):
            content.append(Text(t("and_more", count=len(entries) - len(shown)), "dim"))
        if not entries:
            content = [Text(t("nothing_armed"), "dim")]
        return _panel(Group(*content), t("watch_list", count=len(entries)))

    def _watched(self, entry: SetupState, now: Nanos) -> list[RenderableType]:
        setup, last = entry.setup, self._prices.last(entry.setup.symbol, now)
        code = [self._short[setup.instance]] if len(self._short) > 1 else []
        distance = None
        if entry.level is not None and last is not None:
            gap = last - entry.level if isinstance(setup.trigger, Below) else entry.level - last
            distance = gap / entry.level
        return [
            *code,
            self._wording.name(setup.symbol),
            look.NONE if entry.level is None else look.won(entry.level),
            look.NONE if last is None else look.won(last),
            _distance(distance),
            self._state(entry),
        ]

    def _state(self, entry: SetupState) -> Text:
        engine, key = self._app.engine, entry.setup.key
        if any(position.key == key for position in engine.positions):
            return Text(t("holding"), "bold")
        if any(order.key == key for order in engine.live_orders):
            return Text(t("ordered"), "bold yellow")
        if any((trade.instance, trade.symbol, trade.slot) == key for trade in self._trades):
            return Text(t("sold"), "dim")
        if entry.code is not None:
            return Text(label(entry.code), "red" if entry.has_fired else "dim")
        return Text(t("ended") if entry.is_done else t("waiting"), "dim")

    def _signals(self, rows: int, width: int) -> Panel:
        """Return the signals, the last one first, as many as there is room for."""
        trails = self._trails.all()
        lines: list[RenderableType] = []
        for trail in reversed(trails):
            chips = [Padding(line, (0, 0, 0, _INDENT)) for line in trail.chip_lines(width - _INDENT)]
            if lines and len(lines) + 1 + len(chips) > rows:
                break
            lines += [self._signal(trail), *chips]
        if not lines:
            lines = [Text(t("no_signal_yet"), "dim")]
        return _panel(Group(*lines), t("signals", count=len(trails)))

    def _signal(self, trail: Trail) -> Text:
        signal = trail.signal
        return Text.assemble(
            (f"{clock(signal.ts):%H:%M} ", "dim"),
            (self._wording.name(signal.symbol), "bold"),
            (f" {self._short[signal.instance]} {look.won(signal.entry_limit)}  ", "dim"),
            self._became(trail),
            no_wrap=True,
            overflow="ellipsis",
        )

    def _became(self, trail: Trail) -> Text:
        """Return what has come of a signal by now."""
        signal = trail.signal
        if signal.status is not SignalStatus.ORDERED:
            return trail.result(self._wording)
        trades = [trade for trade in self._trades if trade.signal_id == signal.signal_id]
        if trades:
            profit = sum(trade.net_profit for trade in trades)
            return Text(f"{t('sold')} {look.change(profit)}", look.colour(profit))
        if any(position.signal_id == signal.signal_id for position in self._app.engine.positions):
            return Text(t("holding"), "bold")
        if any(order.signal_id == signal.signal_id for order in self._app.engine.live_orders):
            return Text(t("ordered"), "bold yellow")
        return Text(label(Outcome.NOT_FILLED), "dim")

    def _positions(self) -> Panel:
        positions = self._app.engine.positions
        if not positions:
            return _panel(Text(t("no_positions"), "dim"), t("positions", count=0))
        table = _table()
        table.add_column(t("symbol"), no_wrap=True, overflow="ellipsis", min_width=12, ratio=1)
        for heading in (t("quantity"), t("average"), t("last"), t("stop"), t("profit_loss"), "R"):
            table.add_column(heading, justify="right", no_wrap=True)
        for position in positions:
            table.add_row(*self._position(position))
        return _panel(table, t("positions", count=len(positions)))

    def _position(self, position: Position) -> list[RenderableType]:
        last = self._app.engine.last_price(position.symbol) or 0
        profit = position.quantity * last - position.cost
        r = float(profit / position.initial_risk) if position.initial_risk > 0 else None
        style = look.colour(float(profit))
        return [
            self._wording.name(position.symbol),
            look.won(position.quantity),
            look.won(float(position.average)),
            look.won(last),
            Text.assemble(look.won(position.stop), (f" {position.stop / last - 1:+.1%}" if last else "", "dim")),
            Text(look.change(float(profit)), style),
            Text(look.multiple(r), style),
        ]

    def _closed(self, rows: int) -> Panel:
        trades = self._trades[-max(rows, 1) :]
        total = sum(trade.net_profit for trade in self._trades)
        title = t("closed_trades", count=len(self._trades), profit=look.change(total))
        if not trades:
            return _panel(Text(t("no_trades"), "dim"), title)
        table = _table()
        table.add_column(t("symbol"), no_wrap=True, overflow="ellipsis", ratio=1)
        table.add_column(t("exit"), no_wrap=True, overflow="ellipsis")
        table.add_column(t("profit_loss"), justify="right", no_wrap=True)
        table.add_column("R", justify="right", no_wrap=True)
        for trade in reversed(trades):
            style = look.colour(trade.net_profit)
            table.add_row(
                self._wording.name(trade.symbol),
                self._wording.reason(trade.exit_code),
                Text(look.change(trade.net_profit), style),
                Text(look.multiple(trade.r_multiple), style),
            )
        return _panel(table, title)

    def _footer(self) -> Table:
        grid = Table.grid(expand=True, padding=(0, 1))
        grid.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
        grid.add_column(justify="right", no_wrap=True)
        grid.add_row(self._news, Text(t("press_to_stop"), "dim"))
        return grid


def _distance(distance: float | None) -> Text:
    """Return how far a price has to go to its level, or with a mark how far it is beyond."""
    if distance is None:
        return Text(look.NONE, "dim")
    if distance <= 0:
        return Text(f"▲ {abs(distance):.2%}", "green")
    return Text(f"{distance:.2%}", "yellow" if distance <= _NEAR else "dim")


def _table() -> Table:
    return Table(box=None, expand=True, pad_edge=False, padding=(0, 1), header_style="dim")


def _panel(content: RenderableType, title: str) -> Panel:
    return Panel(content, title=Text(title, "bold"), title_align="left", border_style="dim", box=box.ROUNDED)
