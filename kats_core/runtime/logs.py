"""Write the log of a run: JSON lines in `KATS_HOME/logs`, one file a day of the machine's clock.

Logs are for whoever looks after the machine; decisions are kept by the recorder. An event has a past-tense name and
fields, never a sentence, and no secret.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import structlog

from kats_core.model.command import Notify
from kats_core.model.kinds import Severity
from kats_core.model.record import (
    FaultRecord,
    FillRecord,
    OperatorRecord,
    OrderRecord,
    Record,
    SignalRecord,
    SignalStatus,
    TradeRecord,
)
from kats_core.model.time import KST, Nanos, to_datetime
from kats_core.runtime.assembly import App
from kats_core.runtime.play import Watcher

_LEVELS = {Severity.INFO: "info", Severity.WARNING: "warning", Severity.CRITICAL: "critical"}


@contextmanager
def open_log(folder: Path, level: str, now: dt.datetime) -> Iterator[structlog.typing.FilteringBoundLogger]:
    """Give a logger that appends to today's file in `folder`, which is made when it is missing."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"kats_{now.astimezone(KST):%Y%m%d}.log").open("a", encoding="utf-8", buffering=1) as file:
        yield structlog.wrap_logger(
            structlog.WriteLogger(file),
            wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level)),
            processors=[
                structlog.processors.add_log_level,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )


class LoggingWatcher:
    """Logs what another watcher is shown. `log` gets market time as `at`, beside its own clock."""

    def __init__(self, watcher: Watcher, log: structlog.typing.FilteringBoundLogger) -> None:
        self._watcher = watcher
        self._log = log

    def on_start(self, app: App, sessions: Sequence[dt.date]) -> None:
        """Log what is going to be played."""
        self._log = self._log.bind(run_id=app.run_id)
        self._log.info(
            "run.started", kind=str(app.kind), first=str(app.first), last=str(app.last), config=app.resolved.hash[:12]
        )
        self._watcher.on_start(app, sessions)

    def on_record(self, record: Record) -> None:
        """Log what an operator would look for first."""
        match record:
            case SignalRecord(status=SignalStatus.REJECTED):
                self._log.info("signal.rejected", **_who(record), code=record.code, at=_clock(record.ts))
            case OrderRecord():
                self._log.info(
                    "order.created",
                    **_who(record),
                    side=str(record.side),
                    quantity=record.quantity,
                    at=_clock(record.ts),
                )
            case FillRecord():
                self._log.info("order.filled", **_who(record), quantity=record.quantity, price=record.price)
            case TradeRecord():
                self._log.info("trade.closed", **_who(record), code=record.exit_code, net_profit=record.net_profit)
            case OperatorRecord():
                self._log.warning(
                    "operator.ordered",
                    verb=str(record.verb),
                    instance=record.instance,
                    symbol=record.symbol,
                    who=record.who,
                    reason=record.reason,
                    cause=record.cause,
                    at=_clock(record.ts),
                )
            case FaultRecord():
                self._log.error("plugin.failed", owner=record.owner, code=record.code, error=record.text)
            case _:
                pass
        self._watcher.on_record(record)

    def on_notice(self, notice: Notify) -> None:
        """Log a notice with its severity."""
        log = getattr(self._log, _LEVELS[notice.severity])
        log("notice.sent", code=notice.code, symbol=notice.symbol, at=_clock(notice.ts), **_fields(notice))
        self._watcher.on_notice(notice)

    def on_clock(self, now: Nanos) -> None:
        """Pass the clock on; a log of every minute would hide the rest."""
        self._watcher.on_clock(now)


def _who(record: SignalRecord | OrderRecord | FillRecord | TradeRecord) -> dict[str, Any]:
    return {"instance": record.instance, "symbol": record.symbol}


def _fields(notice: Notify) -> dict[str, Any]:
    return {f"detail_{name}": value for name, value in notice.detail.items()}


def _clock(ts: Nanos) -> str:
    return to_datetime(ts).isoformat()
