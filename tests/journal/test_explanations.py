"""Explanations tell what the records say, in both languages; the day holds one candidate of each fate."""

from __future__ import annotations

import datetime as dt
import io
import random
from collections.abc import Callable

import msgspec
import pytest
from rich.console import Console

from kats_core.cli.explaining import render, render_day, render_symbol
from kats_core.journal.explain import Explanation, Outcome, explain, json_lines, overview
from kats_core.model.fact import Fact
from kats_core.model.kinds import Decision, FactSource, OrderState, OrderType, Purpose, Regime, Side
from kats_core.model.labels import Language
from kats_core.model.record import (
    FaultRecord,
    FillRecord,
    OrderEventRecord,
    OrderRecord,
    Record,
    SetupRecord,
    SetupStatus,
    SignalRecord,
    SignalStatus,
    TradeRecord,
    VerdictRecord,
)
from kats_core.model.setup import Above, DayOpen, Numbers
from kats_core.model.time import Nanos, at
from kats_core.store.run import Run

DAY = dt.date(2026, 7, 2)
INSTANCE = "volatility-breakout"
EQUITY = Fact("equity", 100_000_000, 0, FactSource.DERIVED)
REGIME = Fact("regime", "BULL", 0, FactSource.ASSUMED)


def _at(hour: int, minute: int, second: int = 0) -> Nanos:
    return at(DAY, dt.time(hour, minute, second))


def _setup(symbol: str, status: SetupStatus, code: str | None = None, rank: int = 1, asked: int = 1) -> SetupRecord:
    return SetupRecord(
        session=DAY,
        instance=INSTANCE,
        symbol=symbol,
        status=status,
        code=code,
        rank=rank,
        trigger=Above(DayOpen(1_200)),
        level=71_200,
        asked=asked,
        numbers={"range": 2_400, "k": 0.5},
        facts=(REGIME,),
    )


def _not_armed(symbol: str, code: str) -> SetupRecord:
    return SetupRecord(session=DAY, instance=INSTANCE, symbol=symbol, status=SetupStatus.NOT_ARMED, code=code)


def _signal(name: str, symbol: str, status: SignalStatus, quantity: int | None = None) -> SignalRecord:
    return SignalRecord(
        signal_id=name,
        session=DAY,
        ts=_at(9, 31),
        instance=INSTANCE,
        symbol=symbol,
        slot=0,
        sequence=1,
        purpose=Purpose.ENTRY,
        trigger_price=71_200,
        reference=71_200,
        entry_limit=71_300,
        chase_cap=71_700,
        stop=69_000,
        position_hint=0.2,
        risk_per_share="4671/2",
        numbers={},
        facts=(REGIME,),
        status=status,
        quantity=quantity,
    )


def _verdict(
    name: str,
    position: int,
    stage: str,
    decision: Decision,
    sizes: tuple[int | None, int | None],
    code: str | None = None,
    detail: Numbers | None = None,
    facts: tuple[Fact, ...] = (),
    limits: Numbers | None = None,
) -> VerdictRecord:
    return VerdictRecord(
        signal_id=name,
        attempt=1,
        position=position,
        stage=stage,
        plugin=stage,
        decision=decision,
        quantity_before=sizes[0],
        quantity_after=sizes[1],
        code=code,
        detail=detail or {},
        until=_at(9, 41) if decision is Decision.DEFER else None,
        facts=facts,
        limits=limits or {},
    )


def _order(
    name: str, signal: str, symbol: str, side: Side, ts: Nanos, *, limit: int | None, reason: str
) -> OrderRecord:
    return OrderRecord(
        order_id=name,
        number=int(name[-1]),
        signal_id=signal,
        session=DAY,
        ts=ts,
        instance=INSTANCE,
        symbol=symbol,
        slot=0,
        purpose=Purpose.ENTRY if side is Side.BUY else Purpose.EXIT,
        side=side,
        order_type=OrderType.MARKET if limit is None else OrderType.LIMIT,
        quantity=300,
        limit=limit,
        trigger=None,
        reason=reason,
    )


def _event(
    order: str, sequence: int, ts: Nanos, before: OrderState, after: OrderState, code: str | None = None
) -> OrderEventRecord:
    filled = 300 if after is OrderState.FILLED else 0
    return OrderEventRecord(
        order_id=order,
        sequence=sequence,
        ts=ts,
        event=after.value,
        before=before,
        after=after,
        filled_quantity=filled,
        filled_amount=filled * 71_200,
        code=code,
    )


def _fill(order: str, symbol: str, side: Side, ts: Nanos, price: int, tax: int) -> FillRecord:
    return FillRecord(
        fill_id=f"{order}-1",
        order_id=order,
        sequence=1,
        ts=ts,
        instance=INSTANCE,
        symbol=symbol,
        slot=0,
        side=side,
        price=price,
        quantity=300,
        amount=price * 300,
        commission=3_204,
        tax=tax,
    )


def _bought_and_sold() -> list[Record]:
    name, symbol = "aaaaaaaa-0001", "005930"
    return [
        _setup(symbol, SetupStatus.ARMED),
        _setup(symbol, SetupStatus.FIRED),
        _signal(name, symbol, SignalStatus.PROPOSED),
        _verdict(name, 1, "position-sizer", Decision.APPROVE, (None, 300), facts=(EQUITY, REGIME)),
        _verdict(name, 2, "margin-guard", Decision.APPROVE, (300, 300), limits={"min_order_krw": 300_000}),
        _signal(name, symbol, SignalStatus.ORDERED, 300),
        _order("order-1", name, symbol, Side.BUY, _at(9, 31), limit=71_300, reason=""),
        _event("order-1", 1, _at(9, 31), OrderState.CREATED, OrderState.SUBMITTED),
        _event("order-1", 2, _at(9, 32), OrderState.SUBMITTED, OrderState.FILLED),
        _fill("order-1", symbol, Side.BUY, _at(9, 32), 71_200, 0),
        _order("order-2", name, symbol, Side.SELL, _at(14, 5, 7), limit=None, reason="core:T1"),
        _event("order-2", 1, _at(14, 5, 7), OrderState.SUBMITTED, OrderState.FILLED),
        _fill("order-2", symbol, Side.SELL, _at(14, 5, 7), 74_000, 44_400),
        TradeRecord(
            signal_id=name,
            instance=INSTANCE,
            symbol=symbol,
            slot=0,
            opened_at=_at(9, 32),
            closed_at=_at(14, 5, 7),
            opened_on=DAY,
            closed_on=DAY,
            quantity=300,
            bought_amount=21_360_000,
            sold_amount=22_200_000,
            commission=6_408,
            tax=44_400,
            net_profit=789_192,
            initial_risk="660000",
            r_multiple=1.1957,
            exit_code="core:T1",
        ),
    ]


def _made_smaller() -> list[Record]:
    name, symbol = "bbbbbbbb-0002", "000660"
    return [
        _setup(symbol, SetupStatus.FIRED, rank=2),
        _signal(name, symbol, SignalStatus.ORDERED, 200),
        _verdict(name, 1, "position-sizer", Decision.APPROVE, (None, 300), facts=(EQUITY,)),
        _verdict(
            name, 2, "grade-allocator", Decision.RESIZE, (300, 200), "grade-allocator:CAP", {"room": 14_260_000.5}
        ),
        _order("order-3", name, symbol, Side.BUY, _at(9, 31), limit=71_300, reason=""),
        _event("order-3", 1, _at(9, 31), OrderState.CREATED, OrderState.SUBMITTED),
        _event("order-3", 2, _at(9, 34), OrderState.SUBMITTED, OrderState.EXPIRED, "core:TTL"),
    ]


def _refused() -> list[Record]:
    name, symbol = "cccccccc-0003", "035720"
    return [
        _setup(symbol, SetupStatus.FIRED, rank=3),
        _signal(name, symbol, SignalStatus.REJECTED),
        _verdict(
            name,
            1,
            "position-sizer",
            Decision.REJECT,
            (None, 0),
            "position-sizer:TOO_SMALL",
            facts=(EQUITY, REGIME, Fact("stars", None, 0, FactSource.MISSING, symbol)),
            limits={"min_order_krw": 300_000},
        ),
        _verdict(name, 2, "margin-guard", Decision.SKIPPED, (None, None)),
    ]


def _put_off() -> list[Record]:
    name, symbol = "dddddddd-0004", "068270"
    return [
        _setup(symbol, SetupStatus.FIRED, rank=4),
        _signal(name, symbol, SignalStatus.DEFERRED),
        _verdict(name, 1, "vi-guard", Decision.DEFER, (None, 0), "vi-guard:VI_ACTIVE"),
    ]


@pytest.fixture
def run() -> Run:
    return Run(
        run_id="1a2b3c4d-0000-5000-8000-000000000000",
        kind="sample",
        config_hash="c",
        data_hash="d",
        first_day=DAY,
        last_day=DAY,
        seed=7,
        started=dt.datetime(2026, 7, 2, 18, 0, tzinfo=dt.UTC),
        capital=100_000_000,
        codes={
            "core:T1": ("1차 익절", "first target"),
            "core:TTL": ("주문 유효시간 종료", "the order's time to live ended"),
            "core:NO_BREAKOUT": ("돌파 수준 미도달", "the level was not reached"),
            "core:WARMUP": ("이력 부족", "too little history"),
            "position-sizer:TOO_SMALL": ("최소 주문 금액 미달", "order smaller than the minimum"),
            "grade-allocator:CAP": ("등급 한도", "cap of the grade"),
            "vi-guard:VI_ACTIVE": ("VI 발동 중", "VI is active"),
        },
        instruments={"005930": "삼성전자", "000660": "SK하이닉스", "035720": "카카오", "000270": "기아"},
    )


@pytest.fixture
def records() -> list[Record]:
    return [
        *_bought_and_sold(),
        *_made_smaller(),
        *_refused(),
        *_put_off(),
        _setup("000270", SetupStatus.UNFIRED, "core:NO_BREAKOUT", rank=5, asked=0),
        _not_armed("051910", "core:WARMUP"),
        _not_armed("006400", "core:WARMUP"),
        _not_armed("207940", "someone:ELSE"),
        FaultRecord(
            ts=_at(10, 0), owner=INSTANCE, code="core:STRATEGY_ERROR", symbol="000270", text="ZeroDivisionError"
        ),
    ]


@pytest.fixture
def explanations(records: list[Record]) -> dict[str, Explanation]:
    return {explanation.symbol: explanation for explanation in explain(records)}


def printed(show: Callable[[Console], None], width: int = 110) -> str:
    """What appears on a terminal without colours."""
    console = Console(file=io.StringIO(), width=width, color_system=None)
    show(console)
    assert isinstance(console.file, io.StringIO)
    return "\n".join(line.rstrip() for line in console.file.getvalue().splitlines())


def test_each_candidate_got_as_far_as_it_did(explanations: dict[str, Explanation]) -> None:
    """Outcome and reason of each fate."""
    assert {symbol: (found.outcome, found.code) for symbol, found in explanations.items()} == {
        "005930": (Outcome.CLOSED, "core:T1"),
        "000660": (Outcome.NOT_FILLED, "core:TTL"),
        "035720": (Outcome.REJECTED, "position-sizer:TOO_SMALL"),
        "068270": (Outcome.DEFERRED, "vi-guard:VI_ACTIVE"),
        "000270": (Outcome.NEVER_FIRED, "core:NO_BREAKOUT"),
        "051910": (Outcome.NOT_ARMED, "core:WARMUP"),
        "006400": (Outcome.NOT_ARMED, "core:WARMUP"),
        "207940": (Outcome.NOT_ARMED, "someone:ELSE"),
    }


def test_candidates_come_by_rank_and_the_unranked_by_symbol(records: list[Record]) -> None:
    """The order of explanations depends on what they are about only."""
    assert [found.symbol for found in explain(records)] == [
        "005930", "000660", "035720", "068270", "000270", "006400", "051910", "207940",
    ]  # fmt: skip


def test_the_order_of_records_does_not_matter(records: list[Record]) -> None:
    """A database gives them table by table, a log as they came."""
    setups = [record for record in records if isinstance(record, SetupRecord | SignalRecord)]
    others = [record for record in records if not isinstance(record, SetupRecord | SignalRecord)]
    random.Random(7).shuffle(others)
    assert list(json_lines(explain([*others, *setups]))) == list(json_lines(explain(records)))


def test_stages_that_were_not_reached_are_told(explanations: dict[str, Explanation]) -> None:
    """The trail is as long as the pipeline."""
    (trail,) = explanations["035720"].signals
    assert [(verdict.stage, verdict.decision) for verdict in trail.attempts[0]] == [
        ("position-sizer", Decision.REJECT),
        ("margin-guard", Decision.SKIPPED),
    ]
    assert trail.decisive == trail.attempts[0][0]


def test_a_position_that_is_open_is_held(records: list[Record]) -> None:
    """Filled and not sold: neither closed nor on order."""
    until_filled = [record for record in _bought_and_sold() if not isinstance(record, TradeRecord)]
    (found,) = explain(until_filled)
    assert (found.outcome, found.code) == (Outcome.HOLDING, None)


def test_an_order_that_waits_is_on_order() -> None:
    """Sent, not filled, not over."""
    (found,) = explain([record for record in _bought_and_sold()[:8] if not isinstance(record, FillRecord)])
    assert found.outcome is Outcome.ON_ORDER


def test_a_signal_without_a_setup_is_explained() -> None:
    """A manual order has no setup."""
    (found,) = explain([record for record in _refused() if not isinstance(record, SetupRecord)])
    assert (found.setup, found.outcome) == (None, Outcome.REJECTED)


def test_of_two_signals_the_one_that_got_further_counts() -> None:
    """Refused once and bought later is bought."""
    refused = _refused()[1:]
    moved = [
        msgspec.structs.replace(record, symbol="005930") if isinstance(record, SignalRecord) else record
        for record in refused
    ]
    (found,) = explain([*moved, *_bought_and_sold()])
    assert (len(found.signals), found.outcome) == (2, Outcome.CLOSED)


def test_a_day_is_counted_by_strategy(records: list[Record]) -> None:
    """Armed, fired, refused, never came, and the others by reason."""
    (day,) = overview(explain(records))
    assert (len(day.armed), day.fired, day.bought) == (5, 4, 1)
    assert day.count(Outcome.REJECTED, Outcome.DEFERRED) == 2
    assert day.count(Outcome.NEVER_FIRED) == 1
    assert day.not_armed == (("core:WARMUP", ("006400", "051910")), ("someone:ELSE", ("207940",)))


def test_json_is_one_object_a_line_with_everything(explanations: dict[str, Explanation]) -> None:
    """The line of a refusal holds setup, signal, verdicts with inputs and limits, and a time for people."""
    (line,) = json_lines([explanations["035720"]])
    found = msgspec.json.decode(line)
    (signal,) = found["signals"]
    first, second = signal["attempts"][0]

    assert "\n" not in line
    assert list(found) == ["session", "instance", "symbol", "slot", "outcome", "code", "setup", "signals"]
    assert found["setup"]["trigger"] == {
        "type": "above",
        "level": {"type": "day_open", "offset": 1_200, "rounding": "UP"},
    }
    assert signal["time"] == "2026-07-02T09:31:00+09:00"
    assert (first["decision"], first["quantity_after"], first["limits"]) == ("reject", 0, {"min_order_krw": 300_000})
    assert first["facts"][1] == {"name": "regime", "value": "BULL", "as_of": 0, "source": "assumed", "symbol": ""}
    assert second["decision"] == "skipped"


def test_json_of_a_trade_has_orders_events_and_fills(explanations: dict[str, Explanation]) -> None:
    """The chain from signal to money."""
    (signal,) = msgspec.json.decode(next(json_lines([explanations["005930"]])))["signals"]
    entry, leaving = signal["orders"]
    assert [event["after"] for event in entry["events"]] == ["SUBMITTED", "FILLED"]
    assert leaving["fills"][0]["price"] == 74_000
    assert signal["trades"][0]["net_profit"] == 789_192


# fmt: off
SNAPSHOTS = {
    ("approve", "ko"): """\
005930 삼성전자 · volatility-breakout · 2026-07-02 → 청산 완료  손익 +789,192원 · R +1.20
  이유        1차 익절 (core:T1)
  대기 조건   현재가 ≥ 시가 + 1,200원 · 기준가 71,200원 · 순위 1 · 확인 1회
  설정 수치   range 2,400 · k 0.5
  읽은 값     장세 BULL (가정)

신호 09:31:00 · 신규 진입 · 청산 완료 · aaaaaaaa
  지정가 71,300 · 추격 한도 71,700 · 손절 69,000 · 주당 위험 2,335.50원 · 희망 비중 20.00%
  순서   단계             판정   수량 전→후   이유   읽은 값
  ──────────────────────────────────────────────────────────────────────────────────────
     1   position-sizer   승인      – → 300          자산 100,000,000 · 장세 BULL (가정)
     2   margin-guard     승인    300 → 300          한도: min_order_krw 300,000
  주문        09:31:00 매수 지정가 300주 @ 71,300
              09:31:00 접수 → 09:32:00 체결
              09:32:00 체결 300주 @ 71,200 (수수료 3,204원 · 세금 0원)
  주문        14:05:07 매도 시장가 300주 · 1차 익절
              14:05:07 체결
              14:05:07 체결 300주 @ 74,000 (수수료 3,204원 · 세금 44,400원)
  매매 결과   손익 +789,192원 · R +1.20 · 1차 익절
""",
    ("approve", "en"): """\
005930 삼성전자 · volatility-breakout · 2026-07-02 → closed  profit +789,192 won · R +1.20
  reason      first target (core:T1)
  waits for   last ≥ open + 1,200 won · level 71,200 won · rank 1 · times asked: 1
  numbers     range 2,400 · k 0.5
  inputs      regime BULL (assumed)

signal 09:31:00 · entry · closed · aaaaaaaa
  limit 71,300 · chase cap 71,700 · stop 69,000 · risk per share 2,335.50 won · asks for 20.00%
  #   stage            verdict   size before→after   reason   read
  ──────────────────────────────────────────────────────────────────────────────────────────────────────
  1   position-sizer   approve             – → 300            equity 100,000,000 · regime BULL (assumed)
  2   margin-guard     approve           300 → 300            limits: min_order_krw 300,000
  order       09:31:00 buy limit 300 shares @ 71,300
              09:31:00 submitted → 09:32:00 filled
              09:32:00 filled 300 shares @ 71,200 (commission 3,204 won · tax 0 won)
  order       14:05:07 sell market 300 shares · first target
              14:05:07 filled
              14:05:07 filled 300 shares @ 74,000 (commission 3,204 won · tax 44,400 won)
  trade       profit +789,192 won · R +1.20 · first target
""",
    ("resize", "ko"): """\
000660 SK하이닉스 · volatility-breakout · 2026-07-02 → 미체결
  이유        주문 유효시간 종료 (core:TTL)
  대기 조건   현재가 ≥ 시가 + 1,200원 · 기준가 71,200원 · 순위 2 · 확인 1회
  설정 수치   range 2,400 · k 0.5
  읽은 값     장세 BULL (가정)

신호 09:31:00 · 신규 진입 · 미체결 · bbbbbbbb
  지정가 71,300 · 추격 한도 71,700 · 손절 69,000 · 주당 위험 2,335.50원 · 희망 비중 20.00%
  순서   단계              판정   수량 전→후   이유                          읽은 값
  ───────────────────────────────────────────────────────────────────────────────────────────
     1   position-sizer    승인      – → 300                                 자산 100,000,000
     2   grade-allocator   축소    300 → 200   등급 한도 · room 14,260,000
  주문        09:31:00 매수 지정가 300주 @ 71,300
              09:31:00 접수 → 09:34:00 만료 (주문 유효시간 종료)
              체결 없음
""",
    ("resize", "en"): """\
000660 SK하이닉스 · volatility-breakout · 2026-07-02 → not filled
  reason      the order's time to live ended (core:TTL)
  waits for   last ≥ open + 1,200 won · level 71,200 won · rank 2 · times asked: 1
  numbers     range 2,400 · k 0.5
  inputs      regime BULL (assumed)

signal 09:31:00 · entry · not filled · bbbbbbbb
  limit 71,300 · chase cap 71,700 · stop 69,000 · risk per share 2,335.50 won · asks for 20.00%
  #   stage             verdict   size before→after   reason                               read
  ───────────────────────────────────────────────────────────────────────────────────────────────────────────
  1   position-sizer    approve             – → 300                                        equity 100,000,000
  2   grade-allocator   resize            300 → 200   cap of the grade · room 14,260,000
  order       09:31:00 buy limit 300 shares @ 71,300
              09:31:00 submitted → 09:34:00 expired (the order's time to live ended)
              no fills
""",
    ("reject", "ko"): """\
035720 카카오 · volatility-breakout · 2026-07-02 → 거절
  이유        최소 주문 금액 미달 (position-sizer:TOO_SMALL)
  대기 조건   현재가 ≥ 시가 + 1,200원 · 기준가 71,200원 · 순위 3 · 확인 1회
  설정 수치   range 2,400 · k 0.5
  읽은 값     장세 BULL (가정)

신호 09:31:00 · 신규 진입 · 거절 · cccccccc
  지정가 71,300 · 추격 한도 71,700 · 손절 69,000 · 주당 위험 2,335.50원 · 희망 비중 20.00%
  순서   단계             판정     수량 전→후   이유                  읽은 값
  ────────────────────────────────────────────────────────────────────────────────────────────────────────────
     1   position-sizer   거절          – → 0   최소 주문 금액 미달   자산 100,000,000 · 장세 BULL (가정) ·
                                                                      확신도 (없음)
                                                                      한도: min_order_krw 300,000
     2   margin-guard     미도달
""",
    ("reject", "en"): """\
035720 카카오 · volatility-breakout · 2026-07-02 → rejected
  reason      order smaller than the minimum (position-sizer:TOO_SMALL)
  waits for   last ≥ open + 1,200 won · level 71,200 won · rank 3 · times asked: 1
  numbers     range 2,400 · k 0.5
  inputs      regime BULL (assumed)

signal 09:31:00 · entry · rejected · cccccccc
  limit 71,300 · chase cap 71,700 · stop 69,000 · risk per share 2,335.50 won · asks for 20.00%
  #   stage            verdict       size before→after   reason                     read
  ────────────────────────────────────────────────────────────────────────────────────────────────────────────
  1   position-sizer   reject                    – → 0   order smaller than the     equity 100,000,000 ·
                                                         minimum                    regime BULL (assumed) ·
                                                                                    stars (missing)
                                                                                    limits: min_order_krw
                                                                                    300,000
  2   margin-guard     not reached
""",
    ("never", "ko"): """\
000270 기아 · volatility-breakout · 2026-07-02 → 신호 없음
  빠진 조건   돌파 수준 미도달 (core:NO_BREAKOUT)
  대기 조건   현재가 ≥ 시가 + 1,200원 · 기준가 71,200원 · 순위 5 · 확인 0회
  설정 수치   range 2,400 · k 0.5
  읽은 값     장세 BULL (가정)
""",
    ("never", "en"): """\
000270 기아 · volatility-breakout · 2026-07-02 → never fired
  not met     the level was not reached (core:NO_BREAKOUT)
  waits for   last ≥ open + 1,200 won · level 71,200 won · rank 5 · times asked: 0
  numbers     range 2,400 · k 0.5
  inputs      regime BULL (assumed)
""",
    ("not_armed", "ko"): """\
051910 · volatility-breakout · 2026-07-02 → 미대기
  이유        이력 부족 (core:WARMUP)
""",
    ("not_armed", "en"): """\
051910 · volatility-breakout · 2026-07-02 → not armed
  reason      too little history (core:WARMUP)
""",
    ("day", "ko"): """\
2026-07-02 · 일반 상승장 · 실행 1a2b3c4d (sample)
전략                  대기   신호   거절   미체결   매수   신호 없음   미대기
─────────────────────────────────────────────────────────────────────────────
volatility-breakout      5      4      2        1      1           1        3

volatility-breakout
  005930 삼성전자    청산 완료  1차 익절  손익 +789,192원 · R +1.20
  000660 SK하이닉스  미체결     주문 유효시간 종료
  035720 카카오      거절       최소 주문 금액 미달
  068270             보류       VI 발동 중
  000270 기아        신호 없음  돌파 수준 미도달
  미대기 · 이력 부족 (core:WARMUP) · 2종목
    006400, 외 1
  미대기 · someone:ELSE · 1종목
    207940
오류
  10:00:00 volatility-breakout · core:STRATEGY_ERROR · 000270 기아 · ZeroDivisionError
""",
    ("day", "en"): """\
2026-07-02 · bull · run 1a2b3c4d (sample)
strategy              armed   fired   refused   not filled   bought   never came   not armed
────────────────────────────────────────────────────────────────────────────────────────────
volatility-breakout       5       4         2            1        1            1           3

volatility-breakout
  005930 삼성전자    closed       first target  profit +789,192 won · R +1.20
  000660 SK하이닉스  not filled   the order's time to live ended
  035720 카카오      rejected     order smaller than the minimum
  068270             deferred     VI is active
  000270 기아        never fired  the level was not reached
  not armed · too little history (core:WARMUP) · symbols: 2
    006400, and 1 more
  not armed · someone:ELSE · symbols: 1
    207940
faults
  10:00:00 volatility-breakout · core:STRATEGY_ERROR · 000270 기아 · ZeroDivisionError
""",
}
# fmt: on
SHOWN = {"approve": "005930", "resize": "000660", "reject": "035720", "never": "000270", "not_armed": "051910"}


@pytest.mark.parametrize(("fate", "language"), [key for key in SNAPSHOTS if key[0] in SHOWN])
def test_an_explanation_reads_like_this(
    fate: str, language: Language, explanations: dict[str, Explanation], run: Run
) -> None:
    """Approved, made smaller, refused, never fired, not armed: on a terminal, in Korean and English."""
    text = printed(lambda console: render(explanations[SHOWN[fate]], run, language, console))
    assert text + "\n" == SNAPSHOTS[fate, language]


@pytest.mark.parametrize("language", ["ko", "en"])
def test_a_day_reads_like_this(language: Language, records: list[Record], run: Run) -> None:
    """Counts, a line for each candidate, the others by reason with some names, faults."""
    faults = [record for record in records if isinstance(record, FaultRecord)]
    text = printed(lambda console: render_day(DAY, explain(records), run, language, console, names=1, faults=faults))
    assert text + "\n" == SNAPSHOTS["day", language]


def test_a_session_says_itself_in_which_regime_it_was(records: list[Record], run: Run) -> None:
    """Its own record is believed before what the judges of a signal have read."""
    page = printed(lambda console: render_day(DAY, explain(records), run, "en", console, regime=Regime.BEAR))
    assert page.startswith(f"{DAY} · bear · run ")


def test_all_names_are_listed_on_request(records: list[Record], run: Run) -> None:
    """Without a limit nobody is left out."""
    text = printed(lambda console: render_day(DAY, explain(records), run, "ko", console, names=None))
    assert "006400, 051910" in text
    assert "외" not in text


def test_signals_of_earlier_sessions_are_told_apart(records: list[Record], run: Run) -> None:
    """What was bought yesterday and sold today is no candidate of today."""
    text = printed(lambda console: render_day(DAY + dt.timedelta(days=1), explain(records), run, "en", console))
    assert "signals of earlier sessions" in text


def test_a_symbol_that_was_never_armed_is_summed_up(run: Run) -> None:
    """A line for each reason with the sessions it held, instead of a page for each."""
    days = [DAY + dt.timedelta(days=number) for number in range(3)]
    found = explain([msgspec.structs.replace(_not_armed("051910", "core:WARMUP"), session=day) for day in days])
    text = printed(lambda console: render_symbol("051910", found, run, "ko", console))
    assert text == ("051910 · volatility-breakout · 미대기: 이력 부족 (core:WARMUP)\n  3일 (2026-07-02 ~ 2026-07-04)")


@pytest.mark.parametrize("language", ["ko", "en"])
def test_nothing_to_explain_is_said(language: Language, run: Run) -> None:
    """An empty day and an unknown symbol have an answer too."""
    expected = "기록 없음" if language == "ko" else "nothing recorded"
    assert expected in printed(lambda console: render_day(DAY, [], run, language, console))
    assert expected in printed(lambda console: render_symbol("000000", [], run, language, console))


def test_text_from_plugins_is_shown_as_it_is(explanations: dict[str, Explanation], run: Run) -> None:
    """Square brackets in a name or a reason are no markup."""
    named = msgspec.structs.replace(run, instruments={"051910": "[bold]LG[/x]"})
    assert "[bold]LG[/x]" in printed(lambda console: render(explanations["051910"], named, "en", console))
