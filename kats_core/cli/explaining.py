"""Show explanations on a terminal, in Korean or English.

Everything shown comes from the records and from the run's own catalogue of reasons: no plugin is imported to explain
what it did, so a run can be read long after its plugins are gone.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from functools import cached_property
from itertools import groupby

from rich import box
from rich.console import Console, Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from kats_core.cli import console as look
from kats_core.journal.explain import Explanation, InstanceDay, OrderTrail, Outcome, SignalTrail, overview
from kats_core.market.events import day_from_text
from kats_core.model import fact
from kats_core.model.fact import Fact, FactValue
from kats_core.model.kinds import Decision, FactSource, OrderType, Profile, Regime
from kats_core.model.labels import Language
from kats_core.model.record import (
    FaultRecord,
    OperatorRecord,
    OrderEventRecord,
    SetupRecord,
    TradeRecord,
    VerdictRecord,
)
from kats_core.model.setup import Above, At, Below, DayOpen, Fixed, Level, Numbers, OnBar, Trigger
from kats_core.model.time import Nanos, clock, session_date
from kats_core.store.run import Run

NAMES_SHOWN = 8
"""Names listed for each reason of a day unless the caller wants all."""

_TEXTS: dict[str, tuple[str, str]] = {
    "reason": ("이유", "reason"),
    "missing": ("빠진 조건", "not met"),
    "waits_for": ("대기 조건", "waits for"),
    "numbers": ("설정 수치", "numbers"),
    "inputs": ("읽은 값", "inputs"),
    "signal": ("신호", "signal"),
    "order": ("주문", "order"),
    "trade": ("매매 결과", "trade"),
    "level": ("기준가 {level}원", "level {level} won"),
    "rank": ("순위 {rank}", "rank {rank}"),
    "asked": ("확인 {asked}회", "times asked: {asked}"),
    "above": ("현재가 ≥ {level}", "last ≥ {level}"),
    "below": ("현재가 ≤ {level}", "last ≤ {level}"),
    "on_bar": ("{minutes}분봉 완성마다", "each {minutes}-minute bar"),
    "at_clock": ("{clock} 도달 시", "at {clock}"),
    "any_time": ("조건 충족 시 언제나", "whenever its conditions hold"),
    "day_open": ("시가 {sign} {offset}원", "open {sign} {offset} won"),
    "opening_range": ("시초 {minutes}분 고가 + {ticks}호가", "high of the first {minutes} minutes + {ticks} ticks"),
    "signal_prices": (
        "지정가 {limit} · 추격 한도 {cap} · 손절 {stop} · 주당 위험 {risk}원 · 희망 비중 {hint}",
        "limit {limit} · chase cap {cap} · stop {stop} · risk per share {risk} won · asks for {hint}",
    ),
    "again": (
        "같은 이유로 {count}번 더, 마지막 {last} (모두 보려면 --json)",
        "{count} times more for the same reason, last at {last} (--json lists all)",
    ),
    "no_event": ("없음", "none"),
    "attempt": ("{number}차 심사", "attempt {number}"),
    "position": ("순서", "#"),
    "stage": ("단계", "stage"),
    "decision": ("판정", "verdict"),
    "quantity": ("수량 전→후", "size before→after"),
    "why": ("이유", "reason"),
    "read": ("읽은 값", "read"),
    "limits": ("한도", "limits"),
    "until": ("{time}부터 다시", "again from {time}"),
    "shares_at": ("{side} {type} {quantity}주 @ {price}", "{side} {type} {quantity} shares @ {price}"),
    "shares": ("{side} {type} {quantity}주", "{side} {type} {quantity} shares"),
    "fill": (
        "{time} 체결 {quantity}주 @ {price} (수수료 {commission}원 · 세금 {tax}원)",
        "{time} filled {quantity} shares @ {price} (commission {commission} won · tax {tax} won)",
    ),
    "filled": (
        "합계 {whole}주 중 {quantity}주 체결, 평균 {average}원 (수수료 {commission}원 · 세금 {tax}원)",
        "in all {quantity} of {whole} shares, {average} won on average (commission {commission} won · tax {tax} won)",
    ),
    "no_fill": ("체결 없음", "no fills"),
    "result": ("손익 {profit}원 · R {r}", "profit {profit} won · R {r}"),
    "dividend": (" · 배당금 {won}원 포함 (세후)", " · with {won} won of dividends after tax"),
    "no_r": ("없음", "none"),
    "in_one_bar": ("한 봉 안에서 진입과 청산", "entry and exit within one bar"),
    "strategy": ("전략", "strategy"),
    "armed": ("대기", "armed"),
    "fired": ("신호", "fired"),
    "refused": ("거절", "refused"),
    "not_filled": ("미체결", "not filled"),
    "bought": ("매수", "bought"),
    "never": ("신호 없음", "never came"),
    "not_armed": ("미대기", "not armed"),
    "run": ("실행", "run"),
    "count": ("{count}종목", "symbols: {count}"),
    "count_all": ("전 종목 ({count})", "all symbols ({count})"),
    "and_more": ("외 {count}", "and {count} more"),
    "sessions": ("{count}일 ({first} ~ {last})", "{count} sessions ({first} to {last})"),
    "earlier": ("이전 거래일의 신호", "signals of earlier sessions"),
    "faults": ("오류", "faults"),
    "ordered": ("운영자 명령", "ordered by people"),
    "everything": ("전체", "everything"),
    "nothing": ("기록 없음", "nothing recorded"),
    "yes": ("예", "yes"),
    "no": ("아니요", "no"),
}
_FACTS: dict[str, tuple[str, str]] = {
    fact.REGIME: ("장세", "regime"),
    fact.PULSE: ("시장 맥박", "market pulse"),
    fact.INDEX_CLOSE: ("코스피 종가", "KOSPI close"),
    fact.INDEX_CHANGE: ("코스피 등락", "KOSPI change"),
    fact.RS: ("상대강도", "relative strength"),
    fact.GRADE: ("등급", "grade"),
    fact.STARS: ("확신도", "stars"),
    **{fact.stars_for(profile): ("확신도", "stars") for profile in Profile},
    fact.RANK: ("순위", "rank"),
    fact.SECTOR: ("업종", "sector"),
    fact.SECTOR_RANK: ("업종 강약 순위", "sector's rank"),
    fact.SECTOR_STRENGTH: ("업종 강약", "sector's strength"),
    fact.SECTOR_FLOW: ("업종 수급", "sector's supply"),
    fact.STATUS: ("종목 상태", "status"),
    fact.MARKET: ("시장", "market"),
    fact.MARKET_CAP: ("시가총액", "market cap"),
    fact.EQUITY: ("자산", "equity"),
    fact.EQUITY_DAY: ("당일 기준 자산", "equity at 08:50"),
    fact.CASH_FLOW: ("당일 입출금", "deposits today"),
    fact.EQUITY_MONTH: ("월초 자산", "equity at month begin"),
    fact.EQUITY_PEAK: ("자산 고점", "peak equity"),
    fact.REALISED_MONTH: ("당월 실현 손익", "realised this month"),
    fact.EVENTS: ("이벤트", "events"),
    fact.ORDERABLE_CASH: ("주문 가능 금액", "orderable cash"),
    fact.SPREAD: ("호가 스프레드", "spread"),
    fact.VI_STATE: ("VI", "VI"),
    fact.VI_UPPER: ("VI 상단 발동가", "upper VI price"),
    fact.VI_UNTIL: ("VI 종료 예정", "VI expected to end"),
}
_TOLD_SOURCES = frozenset({FactSource.ASSUMED, FactSource.APPROXIMATED, FactSource.DERIVED, FactSource.MISSING})
_OWN_BOOKS = frozenset(
    {
        fact.EQUITY,
        fact.EQUITY_DAY,
        fact.EQUITY_MONTH,
        fact.EQUITY_PEAK,
        fact.REALISED_MONTH,
        fact.CASH_FLOW,
        fact.ORDERABLE_CASH,
    }
)
"""Always computed from the account; saying so each time tells nothing."""
_DECISION_STYLE = {
    Decision.APPROVE: "green",
    Decision.RESIZE: "yellow",
    Decision.REJECT: "bold red",
    Decision.DEFER: "bold yellow",
    Decision.SKIPPED: "dim",
}
# Korean screens show gains in red and losses in blue.
_GAIN, _LOSS = "red", "blue"


def render(explanation: Explanation, run: Run, language: Language, console: Console) -> None:
    """Print one explanation in full: the setup, each signal with its verdicts, orders, fills and result."""
    console.print(Group(*_Page(run, language).explanation(explanation)))


def render_day(
    session: dt.date,
    explanations: Sequence[Explanation],
    run: Run,
    language: Language,
    console: Console,
    *,
    names: int | None = NAMES_SHOWN,
    regime: Regime | None = None,
    faults: Sequence[FaultRecord] = (),
    ordered: Sequence[OperatorRecord] = (),
) -> None:
    """Print a session: counts of each strategy, a line for each candidate, and why the others were not armed.

    `names` symbols are listed for each reason, all of them when it is None; `regime` is the session's as it was recorded;
    `ordered` is what people did meanwhile.
    """
    page = _Page(run, language)
    console.print(Group(*page.day(session, explanations, names, regime, faults), *page.ordered(ordered)))


def render_symbol(
    symbol: str,
    explanations: Sequence[Explanation],
    run: Run,
    language: Language,
    console: Console,
    *,
    ordered: Sequence[OperatorRecord] = (),
) -> None:
    """Print a symbol over the sessions given: in full where it was armed, else how often for which reason it was not."""
    page = _Page(run, language)
    console.print(Group(*page.symbol(symbol, explanations), *page.ordered(ordered)))


class _Page:
    """Turns explanations of one run into lines and tables of one language."""

    def __init__(self, run: Run, language: Language) -> None:
        self._run = run
        self._language: Language = language
        self._which = 0 if language == "ko" else 1

    def explanation(self, explanation: Explanation) -> Iterator[Text | Padding | Table]:
        yield self._title(explanation)
        if explanation.code is not None:
            label = "missing" if explanation.outcome is Outcome.NEVER_FIRED else "reason"
            yield self._line(label, self._reason_and_code(explanation.code))
        if explanation.setup is not None:
            yield from self._setup(explanation.setup)
        known = () if explanation.setup is None else explanation.setup.facts
        for _, group in groupby(explanation.signals, key=_end):
            first, *again = group
            yield Text()
            yield from self._signal(first, known)
            if again:
                last = _time(again[-1].signal.ts, again[-1].signal.session)
                text = self._say("again", count=f"{len(again):,}", last=last)
                yield Padding(Text(text, "dim"), (0, 0, 0, 2), expand=False)

    def day(
        self,
        session: dt.date,
        explanations: Sequence[Explanation],
        names: int | None,
        regime: Regime | None,
        faults: Sequence[FaultRecord],
    ) -> Iterator[Text | Padding | Table]:
        today = [explanation for explanation in explanations if explanation.session == session]
        earlier = [explanation for explanation in explanations if explanation.session != session]
        instances = sorted(overview(today), key=lambda one: self._place(one.instance))
        regime = regime or _regime_read(today)
        title = [] if regime is None else [f" · {regime.label(self._language)}"]
        yield Text.assemble(
            (session.isoformat(), "bold"), *title, f" · {self._say('run')} {self._run.run_id[:8]} ({self._run.kind})"
        )
        if not explanations:
            yield Text(self._say("nothing"))
            return
        yield self._counts(instances)
        for instance in instances:
            yield from self._instance(instance, names)
        if earlier:
            yield Text(self._say("earlier"), "bold")
            yield Padding(self._candidates(earlier), (0, 0, 1, 2), expand=False)
        if faults:
            yield Text(self._say("faults"), "bold red")
            yield from (self._fault(record) for record in faults)

    def ordered(self, records: Sequence[OperatorRecord]) -> Iterator[Text | Padding]:
        if not records:
            return
        yield Text(self._say("ordered"), "bold")
        for record in records:
            scope = self._named(record.symbol) if record.symbol else record.instance or self._say("everything")
            when = f"{session_date(record.ts)} {_time(record.ts, session_date(record.ts))}"
            parts = [
                record.verb.label(self._language),
                scope,
                record.who,
                record.reason,
                record.cause,
                record.reference,
            ]
            yield Padding(Text(f"{when} {' · '.join(filter(None, parts))}"), (0, 0, 0, 2), expand=False)

    def symbol(self, symbol: str, explanations: Sequence[Explanation]) -> Iterator[Text | Padding | Table]:
        if not explanations:
            yield Text(f"{self._named(symbol)}: {self._say('nothing')}")
        absent: dict[tuple[str, str], list[dt.date]] = {}
        for explanation in explanations:
            if explanation.outcome is Outcome.NOT_ARMED:
                absent.setdefault((explanation.instance, explanation.code or ""), []).append(explanation.session)
                continue
            yield from self.explanation(explanation)
            yield Text()
        for (instance, code), sessions in absent.items():
            yield Text.assemble(
                (self._named(symbol), "bold"),
                f" · {instance} · {self._say('not_armed')}: ",
                self._reason_and_code(code),
            )
            yield Padding(Text(self._sessions(sessions)), (0, 0, 0, 2), expand=False)

    def _place(self, instance: str) -> tuple[int, str]:
        """Return where a strategy stands in the run's configuration; the others come behind, by name."""
        order = [entry["as"] for entry in (self._run.configuration or {}).get("strategies", ())]
        return (order.index(instance) if instance in order else len(order), instance)

    def _say(self, name: str, **values: object) -> str:
        return _TEXTS[name][self._which].format(**values)

    def _named(self, symbol: str) -> str:
        name = self._run.instruments.get(symbol)
        return f"{symbol} {name}" if name else symbol

    def _reason(self, code: str) -> str:
        texts = self._run.codes.get(code)
        return code if texts is None else texts[self._which]

    def _reason_and_code(self, code: str) -> str:
        reason = self._reason(code)
        return code if reason == code else f"{reason} ({code})"

    def _reason_and_stage(self, code: str) -> str:
        """Return a reason behind the name of the stage that gave it; nobody has to be told of the core and of strategies."""
        owner, reason = code.partition(":")[0], self._reason(code)
        return f"{owner}: {reason}" if owner in self._stages_of_run else reason

    @cached_property
    def _stages_of_run(self) -> frozenset[str]:
        return frozenset(entry["use"] for entry in (self._run.configuration or {}).get("risk", ()))

    def _line(self, label: str, content: str | Text) -> Padding:
        table = Table.grid(padding=(0, 2))
        table.add_column(style="dim", min_width=10, no_wrap=True)
        table.add_column(overflow="fold")
        table.add_row(self._say(label), content if isinstance(content, Text) else Text(content))
        return Padding(table, (0, 0, 0, 2), expand=False)

    def _title(self, explanation: Explanation) -> Text:
        slot = f" #{explanation.slot}" if explanation.slot else ""
        return Text.assemble(
            (self._named(explanation.symbol), "bold"),
            f" · {explanation.instance}{slot} · {explanation.session.isoformat()} → ",
            (explanation.outcome.label(self._language), "bold"),
            *self._result_after(explanation),
        )

    def _result_after(self, explanation: Explanation) -> list[str | Text]:
        trades = [trade for trail in explanation.signals for trade in trail.trades]
        return [part for trade in trades for part in ("  ", self._result(trade))]

    def _result(self, trade: TradeRecord) -> Text:
        r = self._say("no_r") if trade.r_multiple is None else f"{trade.r_multiple:+.2f}"
        style = _GAIN if trade.net_profit > 0 else _LOSS if trade.net_profit < 0 else ""
        paid = self._say("dividend", won=f"{trade.dividend:,}") if trade.dividend else ""
        return Text(self._say("result", profit=f"{trade.net_profit:+,}", r=r) + paid, style)

    def _setup(self, setup: SetupRecord) -> Iterator[Padding]:
        parts = [] if setup.trigger is None else [self._trigger(setup.trigger)]
        if setup.level is not None:
            parts.append(self._say("level", level=f"{setup.level:,}"))
        if setup.rank is not None:
            parts.append(self._say("rank", rank=setup.rank))
        if parts:
            yield self._line("waits_for", " · ".join([*parts, self._say("asked", asked=setup.asked)]))
        if setup.numbers:
            yield self._line("numbers", self._numbers(setup.numbers))
        if setup.facts:
            yield self._line("inputs", self._facts(setup.facts))

    def _trigger(self, trigger: Trigger) -> str:
        if isinstance(trigger, Above):
            return self._say("above", level=self._level(trigger.level))
        if isinstance(trigger, Below):
            return self._say("below", level=self._level(trigger.level))
        if isinstance(trigger, OnBar):
            return self._say("on_bar", minutes=trigger.minutes)
        if isinstance(trigger, At):
            return self._say("at_clock", clock=f"{trigger.clock:%H:%M}")
        return self._say("any_time")

    def _level(self, level: Level) -> str:
        if isinstance(level, Fixed):
            return f"{level.price:,}"
        if isinstance(level, DayOpen):
            sign = "+" if level.offset >= 0 else "-"
            return self._say("day_open", sign=sign, offset=f"{abs(level.offset):,}")
        return self._say("opening_range", minutes=level.minutes, ticks=level.ticks)

    def _signal(self, trail: SignalTrail, known: Sequence[Fact]) -> Iterator[Padding | Text | Table]:
        signal = trail.signal
        prices = self._say(
            "signal_prices",
            limit=f"{signal.entry_limit:,}",
            cap=f"{signal.chase_cap:,}",
            stop=f"{signal.stop:,}",
            risk=_won(signal.risk_per_share),
            hint=f"{signal.position_hint:.2%}",
        )
        yield Text.assemble(
            (f"{self._say('signal')} {_time(signal.ts, signal.session)}", "bold"),
            f" · {signal.purpose.label(self._language)} · {trail.outcome.label(self._language)}",
            (f" · {signal.signal_id[:8]}", "dim"),
        )
        yield Padding(Text(prices), (0, 0, 0, 2), expand=False)
        if signal.numbers:
            yield self._line("numbers", self._numbers(signal.numbers))
        if new := [item for item in signal.facts if item not in known]:
            yield self._line("inputs", self._facts(new))
        for number, attempt in enumerate(trail.attempts, 1):
            if len(trail.attempts) > 1:
                yield Padding(Text(self._say("attempt", number=number), "bold"), (0, 0, 0, 2), expand=False)
            yield Padding(self._stages(attempt, signal.session), (0, 0, 0, 2), expand=False)
        for order in trail.orders:
            yield from self._order(order, signal.session)
        for trade in trail.trades:
            yield self._line("trade", self._trade(trade))

    def _stages(self, attempt: Iterable[VerdictRecord], session: dt.date) -> Table:
        table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
        table.add_column(self._say("position"), justify="right", no_wrap=True)
        table.add_column(self._say("stage"), overflow="fold")
        table.add_column(self._say("decision"), no_wrap=True)
        table.add_column(self._say("quantity"), justify="right", no_wrap=True)
        table.add_column(self._say("why"), overflow="fold", ratio=2)
        table.add_column(self._say("read"), overflow="fold", ratio=3)
        for verdict in attempt:
            table.add_row(
                str(verdict.position),
                verdict.stage,
                Text(verdict.decision.label(self._language), _DECISION_STYLE[verdict.decision]),
                _sizes(verdict),
                Text(self._why(verdict, session)),
                Text(self._read(verdict)),
            )
        return table

    def _why(self, verdict: VerdictRecord, session: dt.date) -> str:
        parts = [] if verdict.code is None else [self._reason(verdict.code)]
        if verdict.detail:
            parts.append(self._numbers(verdict.detail))
        if verdict.until is not None:
            parts.append(self._say("until", time=_time(verdict.until, session)))
        return " · ".join(parts)

    def _read(self, verdict: VerdictRecord) -> str:
        parts = [self._facts(verdict.facts)] if verdict.facts else []
        if verdict.limits:
            parts.append(f"{self._say('limits')}: {self._numbers(verdict.limits)}")
        return "\n".join(parts)

    def _order(self, trail: OrderTrail, session: dt.date) -> Iterator[Padding]:
        order = trail.order
        words = {
            "side": order.side.label(self._language),
            "type": order.order_type.label(self._language),
            "quantity": f"{order.quantity:,}",
        }
        if order.order_type is OrderType.LIMIT and order.limit is not None:
            text = self._say("shares_at", price=f"{order.limit:,}", **words)
        else:
            text = self._say("shares", **words)
        reason = f" · {self._reason(order.reason)}" if order.reason else ""
        yield self._line("order", Text(f"{_time(order.ts, session)} {text}{reason}"))
        steps = " → ".join(self._step(several, session) for several in _runs(trail.events))
        fills = [
            self._say(
                "fill",
                time=_time(fill.ts, session),
                quantity=f"{fill.quantity:,}",
                price=f"{fill.price:,}",
                commission=f"{fill.commission:,}",
                tax=f"{fill.tax:,}",
            )
            for fill in trail.fills
        ]
        if len(fills) > 1:
            fills.append(self._say("filled", **_filled(trail)))
        if trail.is_over and not fills:
            fills = [self._say("no_fill")]
        for text in filter(None, [steps, *fills]):
            yield Padding(Text(text), (0, 0, 0, 14), expand=False)

    def _step(self, several: Sequence[OrderEventRecord], session: dt.date) -> str:
        """Return one step, or several that lead to the same state, as one."""
        first, last = several[0], several[-1]
        begin, end = _time(first.ts, session), _time(last.ts, session)
        text = f"{begin if begin == end else f'{begin}–{end}'} {first.after.label(self._language)}"
        if len(several) > 1:
            text += f" × {len(several)}"
        return text if first.code is None else f"{text} ({self._reason(first.code)})"

    def _trade(self, trade: TradeRecord) -> Text:
        text = self._result(trade)
        text.append(f" · {self._reason(trade.exit_code)}", "default")
        if trade.is_path_dependent:
            text.append(f" · {self._say('in_one_bar')}", "default")
        return text

    def _counts(self, instances: Iterable[InstanceDay]) -> Table:
        table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
        table.add_column(self._say("strategy"), overflow="fold")
        for name in ("armed", "fired", "refused", "not_filled", "bought", "never", "not_armed"):
            table.add_column(self._say(name), justify="right")
        for day in instances:
            counts = (
                len(day.armed),
                day.fired,
                day.count(Outcome.REJECTED, Outcome.DEFERRED),
                day.count(Outcome.NOT_FILLED),
                day.bought,
                day.count(Outcome.NEVER_FIRED),
                sum(len(symbols) for _, symbols in day.not_armed),
            )
            table.add_row(day.instance, *(f"{count:,}" for count in counts))
        return table

    def _instance(self, day: InstanceDay, names: int | None) -> Iterator[Text | Padding]:
        yield Text()
        yield Text(day.instance, "bold")
        if day.armed:
            yield Padding(self._candidates(day.armed), (0, 0, 0, 2), expand=False)
        is_out = not day.armed and len(day.not_armed) == 1
        for code, symbols in day.not_armed:
            count = self._say("count_all" if is_out else "count", count=f"{len(symbols):,}")
            head = f"{self._say('not_armed')} · {self._reason_and_code(code)} · {count}"
            yield Padding(Text.assemble((head, "dim")), (0, 0, 0, 2), expand=False)
            if names != 0 and not (is_out and names is not None):
                yield Padding(Text(self._listed(symbols, names), "dim"), (0, 0, 0, 4), expand=False)

    def _listed(self, symbols: Sequence[str], names: int | None) -> str:
        shown = symbols if names is None else symbols[:names]
        more = [self._say("and_more", count=len(symbols) - len(shown))] if len(shown) < len(symbols) else []
        # A name stays on the line of its code.
        return ", ".join([*(self._named(symbol).replace(" ", "\u00a0") for symbol in shown), *more])

    def _candidates(self, explanations: Iterable[Explanation]) -> Table:
        table = Table.grid(padding=(0, 2))
        for no_wrap in (True, True, False):
            table.add_column(no_wrap=no_wrap)
        for explanation in explanations:
            slot = f" #{explanation.slot}" if explanation.slot else ""
            reason = "" if explanation.code is None else self._reason_and_stage(explanation.code)
            table.add_row(
                Text(self._named(explanation.symbol) + slot),
                Text(explanation.outcome.label(self._language), "bold" if explanation.signals else ""),
                Text.assemble(reason, *self._result_after(explanation)),
            )
        return table

    def _fault(self, record: FaultRecord) -> Padding:
        where = f" · {self._named(record.symbol)}" if record.symbol else ""
        text = f" · {record.text}" if record.text else ""
        line = f"{_time(record.ts, session_date(record.ts))} {record.owner} · {self._reason(record.code)}{where}{text}"
        return Padding(Text(line), (0, 0, 0, 2), expand=False)

    def _sessions(self, sessions: Sequence[dt.date]) -> str:
        if len(sessions) == 1:
            return sessions[0].isoformat()
        first, last = min(sessions).isoformat(), max(sessions).isoformat()
        return self._say("sessions", count=f"{len(sessions):,}", first=first, last=last)

    def _numbers(self, numbers: Numbers) -> str:
        return " · ".join(f"{name} {self._value(value)}" for name, value in numbers.items())

    def _facts(self, facts: Iterable[Fact]) -> str:
        return " · ".join(self._fact(item) for item in facts)

    def _fact(self, item: Fact) -> str:
        name = _FACTS[item.name][self._which] if item.name in _FACTS else item.name
        is_told = item.source in _TOLD_SOURCES and not (item.source is FactSource.DERIVED and item.name in _OWN_BOOKS)
        mark = f"({item.source.label(self._language)})" if is_told else ""
        value = "" if item.is_missing else self._fact_value(item)
        return " ".join(filter(None, [name, value, mark]))

    def _fact_value(self, item: Fact) -> str:
        if item.name == fact.EVENTS and isinstance(item.value, str):
            return self._events(item.value)
        if item.name == fact.VI_UNTIL and isinstance(item.value, int):
            return f"{clock(item.value):%H:%M:%S}"
        return self._value(item.value)

    def _events(self, text: str) -> str:
        """Name what happens on the day, instead of the text that holds it."""
        try:
            day = day_from_text(text)
        except ValueError:
            return text
        types = dict.fromkeys(event.type.label(self._language) for event in day.events)
        return ", ".join(types) or self._say("no_event")

    def _value(self, value: FactValue) -> str:
        if isinstance(value, bool):
            return self._say("yes" if value else "no")
        return look.plain(value) if isinstance(value, (int, float)) else str(value)


def _regime_read(explanations: Iterable[Explanation]) -> Regime | None:
    """Return the regime that a signal's judges have read: a session that has not ended has no record of its own yet."""
    read = (
        item
        for one in explanations
        for trail in one.signals
        for attempt in trail.attempts
        for verdict in attempt
        for item in verdict.facts
    )
    return Regime.of(next((item.value for item in read if item.name == fact.REGIME), None))


def _end(trail: SignalTrail) -> str:
    """Return what signals that are refused one after the other have in common: the reason. One that was ordered has its own."""
    signal = trail.signal
    return signal.signal_id if trail.orders or signal.code is None else f"{signal.status} {signal.code}"


def _sizes(verdict: VerdictRecord) -> str:
    if verdict.decision is Decision.SKIPPED:
        return ""
    before = "–" if verdict.quantity_before is None else f"{verdict.quantity_before:,}"
    after = "–" if verdict.quantity_after is None else f"{verdict.quantity_after:,}"
    return f"{before} → {after}"


def _runs(events: Sequence[OrderEventRecord]) -> list[list[OrderEventRecord]]:
    """Return an order's steps, those that follow each other and lead to the same state for the same reason together."""
    return [list(run) for _, run in groupby(events, key=lambda event: (event.after, event.code))]


def _filled(trail: OrderTrail) -> dict[str, str]:
    """Return what an order's fills come to."""
    quantity = sum(fill.quantity for fill in trail.fills)
    won = sum(fill.quantity * fill.price for fill in trail.fills)
    return {
        "quantity": f"{quantity:,}",
        "whole": f"{trail.order.quantity:,}",
        "average": f"{won / quantity:,.2f}",
        "commission": f"{sum(fill.commission for fill in trail.fills):,}",
        "tax": f"{sum(fill.tax for fill in trail.fills):,}",
    }


def _won(exact: str) -> str:
    return f"{float(Fraction(exact)):,.2f}"


def _time(instant: Nanos, session: dt.date) -> str:
    """Return the Korean clock, with the date where it is another day than the session that is explained."""
    day = session_date(instant)
    of_day = clock(instant).strftime("%H:%M:%S")
    return of_day if day == session else f"{day.isoformat()} {of_day}"
