"""Show a run as plain lines, for pipes, files and logs of a build server: one line for each thing that happened."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from rich.cells import set_cell_size
from rich.console import Console
from rich.text import Text

from kats_core.cli import console as look
from kats_core.cli.audience import Quiet
from kats_core.cli.describing import banner
from kats_core.cli.pace import Pace
from kats_core.cli.text import label, t
from kats_core.cli.wording import Trail, Trails, Wording
from kats_core.model.codes import CoreCode
from kats_core.model.command import Notify
from kats_core.model.kinds import OrderState, OrderType, Severity, Side
from kats_core.model.record import (
    EquityRecord,
    FaultRecord,
    FillRecord,
    OperatorRecord,
    OrderEventRecord,
    OrderRecord,
    Record,
    TradeRecord,
)
from kats_core.model.time import Nanos, clock
from kats_core.runtime.assembly import App

_KIND_CELLS = 6
_OPERATOR_ORDER = str(CoreCode.OPERATOR_ORDER)
_ENDED_EARLY = frozenset({OrderState.CANCELLED, OrderState.REJECTED, OrderState.EXPIRED, OrderState.ERROR})


class PlainView(Quiet):
    """Prints signals, orders, fills, exits, faults and warnings with the Korean clock."""

    def __init__(self, console: Console, pace: Pace) -> None:
        self._console = console
        self._pace = pace
        self._trails = Trails()
        self._orders: dict[str, OrderRecord] = {}
        self._waiting: list[OrderRecord] = []
        self._wording = Wording({}, {})

    def on_start(self, app: App, sessions: Sequence[dt.date]) -> None:
        self._wording = Wording.of_app(app)
        for line in banner(app, sessions):
            self._print(line)

    def on_record(self, record: Record) -> None:
        decided = self._trails.take(record)
        if decided is not None:
            self._line(decided.signal.ts, t("signal"), self._signal(decided))
            self._print_orders()
        match record:
            case OrderRecord():
                self._orders[record.order_id] = record
                self._waiting.append(record)
                if record.side is Side.SELL:
                    self._print_orders()
            case OrderEventRecord() if record.after in _ENDED_EARLY:
                self._line(record.ts, t("order"), self._order_end(record))
            case FillRecord():
                self._line(record.ts, t("fill"), self._fill(record))
            case TradeRecord():
                self._line(record.closed_at, t("exit"), self._trade(record))
            case FaultRecord():
                self._line(record.ts, t("fault"), Text(self._fault(record), "red"))
            case OperatorRecord():
                self._line(record.ts, t("operator"), Text(self._wording.operator(record), "yellow"))
            case EquityRecord():
                text = t("day_end", day=record.session, equity=look.won(record.equity), cash=look.won(record.cash))
                self._print(Text(text))

    def on_notice(self, notice: Notify) -> None:
        # What a person ordered is a record, and shown as such.
        if notice.severity is not Severity.INFO and notice.code != _OPERATOR_ORDER:
            self._line(notice.ts, label(notice.severity), Text(self._wording.notice(notice), "yellow"))

    def on_clock(self, now: Nanos) -> None:
        self._pace.wait(now, lambda _: None)

    def _print_orders(self) -> None:
        """Print the orders so far; one that buys is recorded before its signal, which people read first."""
        for order in self._waiting:
            self._line(order.ts, t("order"), self._order(order))
        self._waiting.clear()

    def _signal(self, trail: Trail) -> Text:
        signal = trail.signal
        prices = t("limit_and_stop", limit=look.won(signal.entry_limit), stop=look.won(signal.stop))
        head = f"{self._wording.named(signal.symbol)} · {signal.instance} · {prices} · "
        return Text.assemble(head, trail.chips(), " → ", trail.result(self._wording))

    def _order(self, order: OrderRecord) -> Text:
        parts = [self._wording.named(order.symbol), _size(order.side, order.quantity)]
        if order.order_type is OrderType.LIMIT and order.limit is not None:
            parts.append(t("at_limit", price=look.won(order.limit)))
        else:
            parts.append(label(order.order_type))
        return Text(" · ".join([*parts, *filter(None, [self._wording.reason(order.reason or None)])]))

    def _order_end(self, step: OrderEventRecord) -> Text:
        order = self._orders[step.order_id]
        filled = t("filled_part", filled=look.won(step.filled_quantity), quantity=look.won(order.quantity))
        parts = [self._wording.named(order.symbol), label(step.after), filled, self._wording.reason(step.code)]
        return Text(" · ".join(filter(None, parts)))

    def _fill(self, fill: FillRecord) -> Text:
        costs = t("costs_of_fill", costs=look.won(fill.commission + fill.tax))
        price = t("at_price", price=look.won(fill.price))
        return Text(f"{self._wording.named(fill.symbol)} · {_size(fill.side, fill.quantity)} · {price} · {costs}")

    def _trade(self, trade: TradeRecord) -> Text:
        profit = t("profit_and_r", profit=look.change(trade.net_profit), r=look.multiple(trade.r_multiple))
        reason = self._wording.reason(trade.exit_code)
        style = look.colour(trade.net_profit)
        return Text.assemble(f"{self._wording.named(trade.symbol)} · {reason} · ", (profit, style))

    def _fault(self, fault: FaultRecord) -> str:
        parts = [fault.owner, self._wording.reason(fault.code), fault.symbol, fault.text]
        return " · ".join(filter(None, parts))

    def _line(self, ts: Nanos, what: str, content: Text) -> None:
        self._print(Text.assemble((f"{clock(ts):%H:%M:%S}", "dim"), f"  {set_cell_size(what, _KIND_CELLS)}  ", content))

    def _print(self, line: Text) -> None:
        self._console.print(line, soft_wrap=True)


def _size(side: Side, quantity: int) -> str:
    return t("size", side=label(side), quantity=look.won(quantity))
