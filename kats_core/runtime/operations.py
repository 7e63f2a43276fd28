"""Carry out what a person asks of the running process, and answer what came of it.

Each request becomes one event for the engine, at the instant that was played last; the answer tells what the engine did
about it, as plain values with both languages.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any

from kats_core.config import ConfigError, Resolved, reload
from kats_core.config.reload import RuleSet
from kats_core.engine.trading import Hold
from kats_core.model.codes import CoreCode
from kats_core.model.command import Notify
from kats_core.model.event import ConfigChanged, FlattenOrdered, OperatorEvent, ResumeOrdered, Rules, StateOrdered
from kats_core.model.kinds import HaltCause, OrderState, Severity, Side, TradingState
from kats_core.model.scope import ALL, TradingScope
from kats_core.model.time import to_datetime
from kats_core.runtime.assembly import App
from kats_core.runtime.control import Answer, ControlError, Request
from kats_core.runtime.pump import Pump
from kats_core.runtime.trial import as_answer, trial

_LEAVING = frozenset({OrderState.CANCEL_REQUESTED})


class Operations:
    """What can be asked of one run. `tell` hears every notice; `pump` is set when there is one."""

    pump: Pump

    def __init__(
        self,
        app: App,
        names: Mapping[str, str],
        tell: Callable[[Notify], None],
        reread: Callable[[], Resolved] | None = None,
    ) -> None:
        self._app = app
        self._engine = app.engine
        self._names = names
        self._tell = tell
        self._reread = reread
        self._resolved = app.resolved
        self._rules = RuleSet.of(app.resolved)
        self._later: tuple[dt.date | None, RuleSet] | None = None
        self._heard: list[Notify] = []
        self._verbs: dict[str, Callable[[Request], Answer]] = {
            "status": lambda _: {},
            "halt": self._halt,
            "flatten": self._flatten,
            "resume": self._resume,
            "reload": self._reload,
            "check": self._check,
        }

    def hear(self, notice: Notify) -> None:
        """Pass a notice on, and remember it for the answer to the request that caused it."""
        self._heard.append(notice)
        self._tell(notice)

    def answer(self, request: Request) -> Answer:
        """Carry out a request.

        Raises:
            ControlError: it cannot be carried out, and nothing was changed.
        """
        verb = self._verbs.get(request.verb)
        if verb is None:
            known = ", ".join(self._verbs)
            raise ControlError(
                f"모르는 명령 {request.verb}: {known} 중 하나", f"no verb {request.verb}: it is one of {known}"
            )
        self._heard.clear()
        own = verb(request)
        engine = self._engine
        sides = [order.side for order in engine.live_orders if order.state not in _LEAVING]
        return {
            "verb": request.verb,
            "run": self._app.run_id,
            "time": to_datetime(engine.now).isoformat(),
            **own,
            "states": [self._hold(hold) for hold in engine.trading_states],
            "notices": [self._notice(notice) for notice in self._heard],
            "positions": len(engine.positions),
            "buying": sides.count(Side.BUY),
            "selling": sides.count(Side.SELL),
        }

    def _halt(self, request: Request) -> Answer:
        state = TradingState.REDUCING if request.arguments.get("entries_only") is True else TradingState.HALTED
        scope = self._scope(request)
        before = self._entries(scope)
        self._feed(
            StateOrdered(
                ts=self._engine.now, scope=scope, state=state, who=request.who, reason=_text(request, "reason")
            )
        )
        return {"scope": str(scope), "state": state.value, "cancelled": before - self._entries(scope)}

    def _flatten(self, request: Request) -> Answer:
        scope = self._scope(request)
        held = [p for p in self._engine.positions if scope.holds(p.instance, p.symbol)]
        before = self._entries(scope)
        reason = _text(request, "reason")
        self._feed(FlattenOrdered(ts=self._engine.now, scope=scope, who=request.who, reason=reason))
        return {"scope": str(scope), "sold": len(held), "cancelled": before - self._entries(scope)}

    def _resume(self, request: Request) -> Answer:
        scope, cause = self._scope(request), _text(request, "cause")
        if cause and cause not in list(HaltCause):
            known = ", ".join(HaltCause)
            raise ControlError(f"모르는 원인 {cause}: {known} 중 하나", f"no cause {cause}: it is one of {known}")
        if cause and scope != ALL:
            raise ControlError(
                "원인은 전체 재개에만 쓸 수 있음: --instance, --symbol 없이 입력하세요",
                "a cause is for resuming everything: leave out --instance and --symbol",
            )
        is_ordered = any(hold.scope == scope and hold.is_ordered for hold in self._engine.trading_states)
        is_latched = any(scope.holds(name, "") for name in self._engine.latched)
        if not cause and not is_ordered and not is_latched:
            raise self._nothing_ordered(scope)
        self._feed(
            ResumeOrdered(
                ts=self._engine.now,
                scope=scope,
                who=request.who,
                reason=_text(request, "reason"),
                cause=cause,
                reference=_text(request, "reference"),
            )
        )
        return {"scope": str(scope)}

    def _nothing_ordered(self, scope: TradingScope) -> ControlError:
        holds = self._engine.trading_states
        ko = ", ".join(f"{hold.scope} {hold.state.ko} ({hold.by})" for hold in holds) or "없음"
        en = ", ".join(f"{hold.scope} {hold.state.en} ({hold.by})" for hold in holds) or "nothing"
        return ControlError(
            f"{scope}: 풀 명령이 없음. 지금 걸린 상태: {ko}. 낙폭 단계는 --cause로 재개를 요청합니다",
            f"{scope}: nobody ordered anything to take back. In force: {en}. A drawdown halt is left with --cause",
        )

    def _check(self, request: Request) -> Answer:
        """Judge an entry that nobody signalled; the account stays as it is."""
        symbol = self._symbol(_text(request, "symbol"))
        known = [strategy.name for strategy in self._app.strategies]
        instance = _text(request, "instance") or known[0]
        if instance not in known:
            raise _unknown(instance, "전략", "strategy", known)
        if not self._engine.trades(symbol):
            raise ControlError(
                f"{symbol}: 오늘 대기하거나 보유한 종목이 아님", f"{symbol} is neither armed nor held in this session"
            )
        price, stop = _whole(request, "price"), _whole(request, "stop")
        quantity = _whole(request, "quantity") if request.arguments.get("quantity") is not None else None
        try:
            verdicts = trial(self._app, instance, symbol, price, stop, quantity)
        except ValueError as error:
            raise ControlError(f"신호가 될 수 없음: {error}", f"no signal: {error}") from error
        return {"symbol": symbol, "instance": instance, "verdicts": as_answer(self._app, verdicts)}

    def _reload(self, request: Request) -> Answer:
        """Take over what the configuration now says, between two events; an invalid one changes nothing."""
        try:
            return self._taken_over(request)
        except ControlError as error:
            notice = Notify(self._engine.now, Severity.WARNING, str(CoreCode.RELOAD_REFUSED), "", {"error": error.en})
            self._tell(notice)
            raise

    def _taken_over(self, request: Request) -> Answer:
        if self._reread is None:
            raise ControlError("이 실행은 설정을 다시 읽을 수 없음", "this run cannot read its configuration again")
        try:
            new = self._reread()
        except ConfigError as error:
            raise ControlError(f"설정을 바꾸지 않음:\n{error}", f"nothing was changed:\n{error}") from error
        keys = reload.restart_keys(self._resolved, new)
        if keys:
            told = ", ".join(keys)
            raise ControlError(
                f"재시작 필요: {told}. 아무것도 바꾸지 않음", f"restart needed: {told}. Nothing was changed"
            )
        old, wanted = self._in_force(), RuleSet.of(new)
        now = reload.in_force_now(old, wanted)
        changes = reload.changes(old, wanted)
        answer = {
            "before": self._resolved.hash,
            "after": new.hash,
            "changes": list(changes),
            "now": list(reload.changes(old, now)),
            "later": list(reload.changes(now, wanted)),
        }
        if not changes and new.hash == self._resolved.hash and not any(s.is_parked for s in self._engine.stages):
            return answer
        event = ConfigChanged(
            ts=self._engine.now,
            who=request.who,
            before=self._resolved.hash,
            after=new.hash,
            changes=changes,
            now=self._built(now),
            later=None if now == wanted else self._built(wanted),
        )
        self._feed(event)
        self._resolved, self._rules = new, now
        self._later = None if now == wanted else (self._engine.session, wanted)
        return answer

    def _in_force(self) -> RuleSet:
        """Return the rules that hold in the engine: what waited for a new session holds once that has begun."""
        if self._later is not None and self._engine.session != self._later[0]:
            self._rules, self._later = self._later[1], None
        return self._rules

    def _built(self, rules: RuleSet) -> Rules:
        """Return rules as an event carries them, once every stage was built as a trial."""
        specs = []
        for entry in rules.stages:
            spec = self._app.workshop.spec(entry)
            try:
                self._app.workshop(spec)
            except Exception as error:
                text = f"{entry.instance}: {type(error).__name__}: {error}"
                raise ControlError(f"만들 수 없는 단계 {text}", f"cannot be built: {text}") from error
            specs.append(spec)
        return Rules(rules.limits.model_dump_json(), rules.gate.model_dump_json(), tuple(specs))

    def _feed(self, event: OperatorEvent | ConfigChanged) -> None:
        self.pump.feed(event)

    def _entries(self, scope: TradingScope) -> int:
        """Count the live entries of a scope that nobody has asked to cancel."""
        return sum(
            order.side is Side.BUY and order.state not in _LEAVING and scope.holds(order.instance, order.symbol)
            for order in self._engine.live_orders
        )

    def _scope(self, request: Request) -> TradingScope:
        instance, symbol = _text(request, "instance"), _text(request, "symbol")
        if instance and symbol:
            raise ControlError(
                "--instance와 --symbol 중 하나만 쓸 수 있음", "give either --instance or --symbol, not both"
            )
        if instance:
            known = [strategy.name for strategy in self._app.strategies]
            if instance not in known:
                raise _unknown(instance, "전략", "strategy", known)
            return TradingScope.instance(instance)
        return TradingScope.symbol(self._symbol(symbol)) if symbol else ALL

    def _symbol(self, written: str) -> str:
        """Return the symbol that is meant by its code or its name."""
        if written in self._names or any(written == p.symbol for p in self._engine.positions):
            return written
        for symbol, name in self._names.items():
            if name == written:
                return symbol
        raise _unknown(written, "종목", "symbol", [*self._names, *filter(None, self._names.values())])

    def _hold(self, hold: Hold) -> dict[str, Any]:
        ko, en = self._app.codes.get(hold.why, (hold.why, hold.why))
        return {
            "kind": hold.scope.kind.value,
            "scope": str(hold.scope),
            "state": hold.state.value,
            "by": hold.by,
            "why": hold.why,
            "ko": ko,
            "en": en,
            "since": to_datetime(hold.since).isoformat(),
            "until": "resume" if hold.is_ordered else "next session",
        }

    def _notice(self, notice: Notify) -> dict[str, Any]:
        ko, en = self._app.codes.get(notice.code, (notice.code, notice.code))
        return {
            "severity": notice.severity.value,
            "code": notice.code,
            "ko": ko,
            "en": en,
            "symbol": notice.symbol,
            "detail": notice.detail,
        }


def _text(request: Request, name: str) -> str:
    value = request.arguments.get(name) or ""
    if not isinstance(value, str):
        raise ControlError(f"{name}: 글자여야 함: {value!r}", f"{name}: expected text, found {value!r}")
    return value


def _whole(request: Request, name: str) -> int:
    value = request.arguments.get(name)
    if type(value) is not int or value <= 0:
        raise ControlError(
            f"{name}: 0보다 큰 정수여야 함: {value!r}", f"{name}: expected a whole number above 0, found {value!r}"
        )
    return value


def _unknown(written: str, ko: str, en: str, known: list[str]) -> ControlError:
    near = get_close_matches(written, known, n=1, cutoff=0.75)
    hint_ko, hint_en = (f": {near[0]}인가요?", f": did you mean {near[0]}?") if near else ("", "")
    return ControlError(f"이 실행에 없는 {ko} {written}{hint_ko}", f"no {en} {written} in this run{hint_en}")
