"""Name the fixed vocabularies of the domain, each word with its Korean and English label."""

from __future__ import annotations

from kats_core.model.labels import Labelled


class Market(Labelled):
    """The board on which an instrument is listed; it decides ticks and taxes."""

    KOSPI = "KOSPI", "코스피", "KOSPI"
    KOSDAQ = "KOSDAQ", "코스닥", "KOSDAQ"
    KONEX = "KONEX", "코넥스", "KONEX"


class InstrumentKind(Labelled):
    """What is traded; funds have their own ticks and no transaction tax."""

    STOCK = "STOCK", "주식", "stock"
    ETF = "ETF", "ETF", "ETF"
    ETN = "ETN", "ETN", "ETN"
    ELW = "ELW", "ELW", "ELW"


class ShareClass(Labelled):
    """What a listed stock is a share of; strategies trade common shares."""

    COMMON = "COMMON", "보통주", "common share"
    PREFERRED = "PREFERRED", "우선주", "preferred share"
    SPAC = "SPAC", "스팩", "SPAC"
    REIT = "REIT", "리츠", "REIT"
    INVESTMENT = "INVESTMENT", "투자회사", "investment company"
    FOREIGN = "FOREIGN", "외국법인", "incorporated abroad"


class Scope(Labelled):
    """How a price series relates to what was traded (`spec/README.md` section 3)."""

    RAW = "RAW", "원주가", "as traded"
    ADJUSTED = "ADJUSTED", "수정주가", "adjusted"


class Grade(Labelled):
    """Size and liquidity class of a symbol."""

    A = "A", "A등급", "grade A"
    B = "B", "B등급", "grade B"
    C = "C", "C등급", "grade C"
    D = "D", "D등급", "grade D"
    ETF = "ETF", "ETF", "ETF"


class Regime(Labelled):
    """State of the whole market."""

    STRONG_BULL = "STRONG_BULL", "강한 상승장", "strong bull"
    BULL = "BULL", "일반 상승장", "bull"
    SIDEWAYS = "SIDEWAYS", "보합/횡보장", "sideways"
    BEAR = "BEAR", "약세장", "bear"
    STRONG_BEAR = "STRONG_BEAR", "강한 하락장", "strong bear"
    UNKNOWN = "UNKNOWN", "장세 미확인", "unknown"

    @classmethod
    def of(cls, value: object) -> Regime | None:
        """Return the regime that a fact's value names, None where it names none."""
        return next((regime for regime in cls if regime == value), None)


class Pulse(Labelled):
    """How the market's uptrend holds: distribution and follow-through."""

    UPTREND = "UPTREND", "상승 추세", "uptrend"
    PRESSURE = "PRESSURE", "상승 추세 압박", "uptrend under pressure"
    CORRECTION = "CORRECTION", "조정", "correction"


class Overlay(Labelled):
    """What takes a strategy out although its regime is on."""

    INDEX_SHOCK = "INDEX_SHOCK", "지수 급락", "index shock"
    PULSE = "PULSE", "시장 맥박", "market pulse"


class Moment(Labelled):
    """A moment of each session at which a strategy may be asked about its positions."""

    OPEN = "open", "장 시작", "open"
    CHECK = "check", "15:15 점검", "end-of-day check"


class Style(Labelled):
    """How long a strategy holds."""

    DAY = "day", "당일", "day"
    SWING = "swing", "스윙", "swing"


class Category(Labelled):
    """A strategy's label in reports; it decides nothing."""

    BULL = "BULL", "상승", "bull"
    BEAR = "BEAR", "하락", "bear"
    NEUTRAL = "NEUTRAL", "중립", "neutral"


class Profile(Labelled):
    """Screen profile from which a strategy draws its candidates."""

    BULL = "BULL", "상승 추세", "uptrend"
    FLOW = "FLOW", "수급", "flow"
    BEAR = "BEAR", "약세", "bear"
    NEUTRAL = "NEUTRAL", "중립", "neutral"
    ETF = "ETF", "ETF", "ETF"


class Side(Labelled):
    """Direction of an order."""

    BUY = "BUY", "매수", "buy"
    SELL = "SELL", "매도", "sell"


class OrderType(Labelled):
    """Price condition of an order; MARKET is for sells only."""

    LIMIT = "LIMIT", "지정가", "limit"
    MARKET = "MARKET", "시장가", "market"


class Purpose(Labelled):
    """Why an order exists."""

    ENTRY = "ENTRY", "신규 진입", "entry"
    PYRAMID = "PYRAMID", "추가 진입", "pyramid add"
    GRID = "GRID", "그리드 매수", "grid buy"
    MANUAL = "MANUAL", "수동 매수", "manual buy"
    EXIT = "EXIT", "청산", "exit"


class OrderState(Labelled):
    """Where an order is in its life (`spec/orders.md` section 3)."""

    CREATED = "CREATED", "생성", "created"
    SUBMITTING = "SUBMITTING", "전송중", "submitting"
    SUBMITTED = "SUBMITTED", "접수", "submitted"
    PARTIAL_FILLED = "PARTIAL_FILLED", "부분체결", "partially filled"
    AMEND_REQUESTED = "AMEND_REQUESTED", "정정요청", "amendment requested"
    CANCEL_REQUESTED = "CANCEL_REQUESTED", "취소요청", "cancel requested"
    UNKNOWN = "UNKNOWN", "확인필요", "unknown"
    FILLED = "FILLED", "체결", "filled"
    CANCELLED = "CANCELLED", "취소", "cancelled"
    REJECTED = "REJECTED", "거부", "rejected"
    EXPIRED = "EXPIRED", "만료", "expired"
    ERROR = "ERROR", "오류", "error"


class Decision(Labelled):
    """What a risk stage answers; SKIPPED is the engine's note for a stage that was not reached."""

    APPROVE = "approve", "승인", "approve"
    RESIZE = "resize", "축소", "resize"
    REJECT = "reject", "거절", "reject"
    DEFER = "defer", "보류", "defer"
    SKIPPED = "skipped", "미도달", "not reached"


class FactSource(Labelled):
    """Where the value of an input comes from."""

    FEED = "feed", "시세", "feed"
    FILE = "file", "파일", "file"
    DERIVED = "derived", "계산", "derived"
    APPROXIMATED = "approximated", "근사", "approximated"
    ASSUMED = "assumed", "가정", "assumed"
    MISSING = "missing", "없음", "missing"


class MarketPhase(Labelled):
    """Moments of a session at which the engine acts; the calendar decides their clock time."""

    OPEN = "OPEN", "장 시작", "open"
    EOD_CHECK = "EOD_CHECK", "장 마감 점검", "end-of-day check"
    CLOSE_AUCTION = "CLOSE_AUCTION", "장마감 동시호가", "closing auction"
    CLOSED = "CLOSED", "장 종료", "closed"


class TradingState(Labelled):
    """What may be sent, by scope."""

    ACTIVE = "ACTIVE", "정상", "active"
    REDUCING = "REDUCING", "축소만 허용", "reducing only"
    HALTED = "HALTED", "거래 중단", "halted"


class HaltCause(Labelled):
    """Why it came to a halt of the drawdown ladder, as the operator sees it."""

    MARKET = "MARKET", "시장", "market"
    RULE_VIOLATION = "RULE_VIOLATION", "규칙 위반", "rule violation"
    SYSTEM = "SYSTEM", "시스템", "system"


class BarKind(Labelled):
    """Length of a bar."""

    DAY = "DAY", "일봉", "daily bar"
    MINUTE = "MINUTE", "분봉", "minute bar"


class Severity(Labelled):
    """How loudly a notice is told."""

    INFO = "INFO", "알림", "info"
    WARNING = "WARNING", "주의", "warning"
    CRITICAL = "CRITICAL", "긴급", "critical"
