"""Ask the risk stages about an entry that nobody has signalled: in the running process, or on a fresh account."""

from __future__ import annotations

import datetime as dt
from functools import partial
from typing import Any

import msgspec

from kats_core.market.calendar import krx_calendar
from kats_core.market.panel import Panel
from kats_core.model.event import SessionPrepared
from kats_core.model.record import VerdictRecord
from kats_core.model.signal import ExitPlan, Signal
from kats_core.orders.broker import answer_now
from kats_core.runtime.assembly import App
from kats_core.runtime.inputs import PREPARED


def trial(app: App, instance: str, symbol: str, price: int, stop: int, quantity: int | None) -> list[VerdictRecord]:
    """Return the verdicts, the core's own last where every stage let it pass; changes nothing.

    Raises:
        ValueError: price and stop make no signal.
    """
    signal = Signal(
        trigger_price=price,
        reference=price,
        entry_limit=price,
        chase_cap=price,
        exits=ExitPlan(stop=stop),
        # The most that the grade's cap allows.
        position_hint=1.0,
    )
    return app.engine.trial(instance, symbol, signal, quantity, partial(answer_now, app.broker))


def prepare(app: App, session: dt.date, panel: Panel, symbol: str) -> None:
    """Begin a session with this symbol alone, on the fresh account of a run that is not played.

    Raises:
        ValueError: the data hold no bar of the symbol before that session.
    """
    hours = krx_calendar().hours(session)
    at = hours.at(PREPARED)
    inputs = app.inputs.of_session(session, at)
    known = {i.symbol: i for i in (*panel.instruments, *app.source.instruments(app.last))}
    column = panel.column.get(symbol)
    rows = (
        []
        if column is None
        else [t for t, day in enumerate(panel.sessions) if day < session and panel.present[t, column]]
    )
    if not rows or symbol not in known:
        raise ValueError(f"{symbol}: no daily bar before {session}")
    event = SessionPrepared(
        ts=at,
        session=session,
        instruments=(known[symbol],),
        base_prices={symbol: int(panel.close[rows[-1], column])},
        facts=tuple(inputs.facts([symbol])),
    )
    app.broker.on_event(event)
    app.engine.handle(event)


def as_answer(app: App, verdicts: list[VerdictRecord]) -> list[dict[str, Any]]:
    """Return verdicts as plain values, each with the texts of its code."""
    found = []
    for verdict in verdicts:
        ko, en = app.codes.get(verdict.code or "", (verdict.code or "", verdict.code or ""))
        plain = msgspec.to_builtins(verdict)
        found.append(
            {**{k: v for k, v in plain.items() if k not in ("type", "signal_id", "attempt")}, "ko": ko, "en": en}
        )
    return found
