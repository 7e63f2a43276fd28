"""List the reasons that belong to the core itself, `core:CODE`."""

from __future__ import annotations

from kats_core.model.labels import Code


class CoreCode(Code, owner="core"):
    """Why the core did not arm, did not propose, did not send, or sold."""

    # Arming and selection
    STALE_DATA = "최근 거래일 봉이 없음", "no bar of its own on the last session"
    RECENT_HALT = "최근 5거래일 안에 거래 없는 날", "a session without trading among the last five"
    WARMUP = "이력 부족", "too little history"
    CORPORATE_ACTION = "기준가와 종가의 척도 불일치", "base price and last close are on different scales"
    NOT_SELECTED = "순위 밖", "ranked behind the setups that were armed"
    NOT_IN_UNIVERSE = "대상 종목이 아님", "not in the strategy's universe"
    MARKET_CAP_SMALL = "시가총액 부족", "market cap too small"
    TURNOVER_LOW = "평균 거래대금 부족", "mean turnover too low"
    VOLUME_LOW = "평균 거래량 부족", "mean volume too low"
    LISTED_RECENTLY = "상장 6개월 미만", "listed for less than six months"
    PRICE_LOW = "동전주", "the price is too low"
    TREND_WEAK = "추세 점수 부족", "too few trend checks passed"
    RANK_LOW = "순위 부족", "ranked too low by size"
    NO_MINUTE_BARS = "당일 분봉 없음", "no minute bars for the session in the data"
    NEEDS_MINUTE_BARS = "분봉이 필요한 전략", "the strategy needs minute bars"
    DATA_ENDED = "데이터 종료", "the data end before the position did"

    # Gates before confirm
    REGIME_OFF = "현재 장세에서 쓰지 않는 전략", "the strategy is not for this regime"
    INDEX_SHOCK = "당일 지수 급락", "the index has fallen too far today"
    PULSE = "시장이 조정이거나 압박을 받음", "the market is in a correction or under pressure"
    STRATEGY_OFF = "전략 꺼짐", "switched off by the operator"
    STRATEGY_PARKED = "오류로 정지된 전략", "parked after repeated faults"
    OUT_OF_WINDOW = "진입 시간 밖", "outside the strategy's time windows"
    GRADE = "허용되지 않는 등급", "the symbol's grade is not allowed"
    CONFIDENCE_LOW = "확신도 부족", "too few stars"
    ALREADY_IN = "이미 보유 또는 주문 중", "already held or on order"
    ENTRY_USED = "당일 진입 횟수 소진", "entries of the day are used up"
    STOPPED_TODAY = "당일 손절 종목", "stopped out of this symbol today"
    NEAR_LIMIT_UP = "상한가 근접", "too close to the upper price limit"
    SPREAD = "호가 스프레드 과다", "the spread is too wide, or a side of the book is empty"
    VI_AUCTION = "VI 단일가 매매 중", "in the call auction of a volatility interruption"
    VI_COOLING = "VI 해제 직후", "a volatility interruption has just ended"
    VI_UNKNOWN = "VI 상태 미확인", "whether the symbol is interrupted is not known"
    MARKET_HALT = "시장 전체 매매 중단", "a halt of the whole market keeps entries away"
    RESTRICTED = "매매 제한 종목", "the exchange restricts the symbol"
    NO_BREAKOUT = "돌파 수준 미도달", "the level was not reached"
    NO_TOUCH = "지지 수준 미도달", "the price did not come down to the level"
    VOLUME = "거래량 부족", "too little volume"
    BELOW_MA = "이동평균선 아래", "the close is not above its average"
    GAP_RANGE = "시가 갭이 범위 밖", "the open is too far from yesterday's close"
    NO_BOUNCE = "반등 미확인", "the turn is not confirmed"
    NOT_OVERSOLD = "과매도 아님", "not oversold"
    REWARD = "손익비 부족", "the target does not pay for the risk"
    VWAP_LOST = "VWAP 이탈", "closed below the day's average price"
    CHASE = "추격 한도 초과", "the price is above the chase cap"
    STOP_TOO_WIDE = "손절 폭 초과", "the stop is too far away"
    INPUT_MISSING = "입력값 없음", "an input is missing"
    EXIT_IN_PROGRESS = "청산 진행 중", "the position is being sold"
    AVERAGE_DOWN_FORBIDDEN = "물타기 금지", "an add must cost more than the average of what is held"
    STRATEGY_ERROR = "전략 오류", "the strategy raised an error"

    # Pipeline and reservation
    STAGE_ERROR = "리스크 단계 오류", "a risk stage failed or answered nonsense"
    PIPELINE_VIOLATION = "리스크 단계가 수량을 늘림", "a risk stage enlarged the quantity"
    STOP_NOT_BELOW_ENTRY = "손절가가 진입가보다 낮지 않음", "the stop is not below the entry"
    INPUT_TIMEOUT = "입력 조회 시간 초과", "an input did not arrive in time"
    CASH_SHORT = "예약 후 현금 부족", "not enough cash left for the reservation"
    EXPOSURE = "총 익스포저 한도 초과", "the account's exposure limit is reached"
    REDUCING = "축소만 허용", "only reducing orders are allowed"
    HALTED = "거래 중단", "trading is halted"
    UNKNOWN_PENDING = "확인 안 된 주문 있음", "an order of the symbol is unresolved"

    # Order gate
    AUTH_NOT_ARMED = "실거래 미승인", "trading with real money is not armed for this session"
    ENV_MISMATCH = (
        "접속 환경 불일치: 전체 중단",
        "keys, account and server do not belong together: everything is halted",
    )
    AUDIT_FAIL = (
        "기록 저장 실패: 전체 중단",
        "what was decided cannot be kept: everything is halted",
    )
    CLOCK_SKEW = "시계 오차", "this machine's clock is too far from the broker's, or nobody knows how far"
    SESSION_TYPE = "이 시간에 낼 수 없는 주문", "the session does not take this order now"
    ENTRY_WINDOW = "진입 가능 시간 밖", "entries are not sent at this time"
    BAD_QTY = "수량 오류", "the quantity is not a positive whole number of lots"
    BAD_PRICE = "가격 오류", "the price is not a positive whole number"
    PRICE_NOT_ON_TICK = "호가단위 위반", "the price is not on a tick"
    LIMIT_DISAGREE = "가격제한폭 불일치", "the broker states other price limits than ours"
    LIMIT_BAND = "가격제한폭 밖", "the price is outside the day's limits"
    SELLABLE = "매도 가능 수량 초과", "more than is held and not yet on sale"
    DUP_CLIENT_ID = "중복 주문 번호", "the order was sent before"
    DUP_CONTENT = "같은 내용의 주문 반복", "the same order was just sent"
    TYPE_POLICY = "허용되지 않는 주문 유형", "market orders are for exits only"
    MKT_STRESS = "VI·시장 정지 중 진입 금지", "no entries during interruptions and halts, nor just after them"
    STATUS_BLOCK = "종목 상태상 주문 금지", "the symbol's status does not allow this order"
    PARENT_EXCEEDED = "승인 수량 초과", "more than the pipeline approved for the signal"
    REF_MISSING = "기준 가격 없음", "no last price, or one that is too old, to hold the order against"
    COLLAR = "가격 괴리 한도 초과", "the price is too far from the last one"
    COLLAR_TIME = "연속 체결 가격 이탈", "own fills of the last minute have driven the price too far"
    LEV_ETP = "레버리지 상품 금지", "leveraged funds are not to be bought"
    EXCH_CAP = "거래소 주문 한도 초과", "larger than the exchange takes"
    MAX_NOTIONAL = "주문 금액 한도 초과", "the order is worth too much"
    MAX_QTY = "주문 수량 한도 초과", "too many shares in one order"
    LIQ_FLOOR = "최저 가격 미만", "cheaper than the gate lets be bought"
    TURNOVER = "당일 매수 금액 한도 초과", "the session's limit of what is sent to buy is reached"
    THROTTLE = "주문 전송 속도 제한", "too many orders at once"
    DAILY_MSG = "당일 주문 건수 한도 초과", "the session's limit of orders or cancels is reached"
    REPEAT_EXEC = "같은 진입 반복: 전략 잠금", "the instance repeats its entries and is latched off"
    REJECT_STORM = "거부 반복: 잠금", "the broker refuses again and again: latched off"
    ORDER_STORM = "거부 반복: 진입 30분 중지", "five refusals in ten minutes: no entries for half an hour"
    CHURN = "당일 왕복 매매 한도", "bought and sold too often in this symbol today"
    SELF_MATCH = "자기 주문과 체결될 가격", "would trade with an own order"

    # Order life
    TTL = "주문 유효시간 종료", "the order's time to live ended"
    SESSION_END = "장 종료", "the session ended"
    REFUSED = "브로커 거부", "the broker refused the order"
    NO_VOLUME = "체결 가능 물량 없음", "no volume to trade against"

    # Exits
    STOP = "손절", "stop"
    T1 = "1차 익절", "first target"
    T2 = "2차 익절", "second target"
    TRAIL_FIXED_PCT = "트레일링 스탑: 최고가 대비", "trailing stop below the peak"
    TRAIL_MOVING_AVG = "트레일링: 이동평균선 종가 이탈", "closed below the trailing average"
    TRAIL_ATR_BASED = "트레일링 스탑: ATR", "trailing stop of ATR below the peak"
    TRAIL_CANDLE_PATTERN = "트레일링: 하락 캔들 패턴", "a bearish candle pattern while trailing"
    TRAIL_VOLUME_ANOMALY = "트레일링: 대량 거래 장대음봉", "a long black candle on heavy volume while trailing"
    BREAKOUT_FAILURE = "돌파 실패", "closed below the pivot on the day of the breakout"
    DISTRIBUTION_BAR = "대량거래 장대음봉", "a long black candle on heavy volume"
    GAP_DOWN_BREAK = "갭하락 후 전일 저점 이탈", "a gap down, then below yesterday's low"
    MA50_BREAK = "50일선 종가 이탈", "closed below the 50-day average"
    MARKET_MA200_BREAK = "지수 200일선 이탈", "the index closed below its 200-day average"
    BAD_NEWS = "악재 또는 거래소 지정", "bad news or a designation by the exchange"
    LATE_CLOSE_EXIT = "종가로 확인된 매도 조건", "the true close showed what 15:15 did not"
    EX_DIVIDEND = "배당락: 손절가와 목표가 조정", "ex-dividend: stop and targets lowered"
    DIVIDEND_PAID = "배당금 입금", "a dividend was paid"
    EXIT_INPUT_MISSING = "매도 조건의 입력값 없음", "an exit rule was skipped: an input is missing"
    TIME_EXIT = "시간 청산", "time exit"
    GRID_HALT = "그리드 중단", "the stop of a grid"
    FORCED_OVERNIGHT = "익일 강제 청산", "left over from the last session"
    MANUAL = "운영자 청산", "sold by the operator"
    KILL_FLATTEN = "킬스위치 청산", "flattened by the kill switch"

    # Operation
    EXIT_HALTED = "거래 중단 중 청산 대기", "an exit waits because trading is halted"
    RELOAD_REFUSED = "설정을 다시 읽지 못함: 변경 없음", "the configuration was not taken over: nothing changed"
    OPERATOR_ORDER = "운영자 명령", "the operator's order"
    LATE_FILL = "종료된 주문의 체결", "a fill for an order that had ended"
    OVERFILL = "주문 수량 초과 체결", "filled beyond the order's quantity"
    ORDER_LOST = "주문 응답 없음", "the broker's answer to an order is lost"
    NOT_SENT = "브로커 연결 실패: 전송 안 됨", "the broker could not be reached: nothing was sent"
    ORDER_IN_DOUBT = "응답 없는 주문과 같은 주문이 여럿", "several orders may be the one whose answer is lost"
    ORDER_NOT_FOUND = "브로커에 없는 주문", "the broker does not have the order"
    CANCEL_REFUSED = "취소 거부", "the broker refused to cancel"
    OWN_BID_LIVES = (
        "자기 매수 주문의 취소 미확인: 매도는 그대로 진행",
        "a bid of our own is not confirmed cancelled: the exit goes out all the same",
    )
    FOREIGN_ORDER = "이 실행이 내지 않은 주문", "an order that this run has not sent"
    INVALID_TRANSITION = "허용되지 않는 주문 상태 전이", "an order event that its state does not allow"
    FEED_UP = "시세 연결됨", "the feed is connected and proven"
    FEED_DOWN = "시세 연결 끊김", "the feed is not connected"
    FEED_SILENT = "시세 무응답", "the feed is connected and silent"
    FEED_HEARD = "시세 재개", "the feed is heard again"
    FEED_TROUBLE = "시세 이상", "something is wrong with the feed"
    BAD_TICK = "비정상 체결가 무시", "a trade at a price that cannot be was left out"
    CALENDAR_UNKNOWN = "달력 범위 밖: 진입 금지", "the calendar does not cover this day: no entries"
    CALENDAR_DISAGREES = (
        "달력과 브로커의 개장일 불일치: 진입 금지",
        "calendar and broker disagree on this day: no entries",
    )
    EVENTS_YEAR_MISSING = "FOMC·금통위 일정 없는 해", "the year has no dates for FOMC or the Bank of Korea"
    TAX_TABLE_UNCONFIRMED = "확인되지 않은 세율", "the tax rate of the day is not confirmed"
