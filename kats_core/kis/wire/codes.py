"""Say what each of the broker's codes means: what class of trouble it is, and what may be done about it.

The ids of tokens and limits are recognised by code alone: their words occur in other errors. Codes of orders are the other way
round: the same code comes with contradicting texts (APBK0918 is a closed market, a missing market price or missing money), so
where the text says something, it decides; where it says nothing, the code does, unless it is one of those.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from kats_core.kis.wire.rest import DONE, Reply
from kats_core.model.labels import Labelled


class Action(Labelled):
    """What a client does next."""

    GO_ON = "GO_ON", "계속", "go on"
    RENEW_TOKEN = "RENEW_TOKEN", "토큰을 새로 받아 한 번 다시 보냄", "renew the token, send once more"
    SLOW_DOWN = "SLOW_DOWN", "늦춰서 다시 보냄", "wait and send again"
    ASK_AGAIN = "ASK_AGAIN", "조회는 다시, 주문은 확인 필요", "ask a question again; of an order nothing is known"
    RECONCILE = "RECONCILE", "다시 보내지 않고 주문을 조회해 확인", "never send again; look the order up"
    REFUSE = "REFUSE", "이 요청은 거절됨", "this request is refused"
    WAIT = "WAIT", "나중에", "not now"
    STOP = "STOP", "사람이 고쳐야 함", "a person must mend it"


class ReplyClass(Labelled):
    """What a code stands for. The classes of orders are those of `spec/orders.md` section 5."""

    DONE = "DONE", "정상", "done"
    NO_DATA = "NO_DATA", "자료 없음", "no data"
    TOKEN = "TOKEN", "접근토큰 만료·무효", "access token expired or invalid"
    TOKEN_WAIT = "TOKEN_WAIT", "토큰 발급은 1분에 한 번", "one token a minute"
    RATE = "RATE", "초당 거래건수 초과", "too many calls a second"
    CREDENTIALS = "CREDENTIALS", "키·권한 오류", "keys or rights not accepted"
    ENVIRONMENT = "ENVIRONMENT", "이 서버에 없는 서비스", "service does not exist on this server"
    INPUT = "INPUT", "입력값 오류", "malformed request"
    SERVER = "SERVER", "결과 불명, 직전 거래 확인", "outcome unknown"
    TEMPORARY = "TEMPORARY", "일시적 오류", "temporary trouble"
    MAINTENANCE = "MAINTENANCE", "서버 점검", "maintenance"
    CASH = "CASH", "주문가능금액 부족", "not enough cash"
    QUANTITY = "QUANTITY", "주문가능수량 초과", "more than can be sold"
    PRICE = "PRICE", "호가단위·상하한가 오류", "price off the tick or beyond the limits"
    CLOSED = "CLOSED", "장 운영시간 아님", "market closed"
    NO_MARKET = "NO_MARKET", "시장가 주문 불가", "no market orders now"
    EARLY = "EARLY", "거래소 미접수", "not at the exchange yet"
    SYMBOL = "SYMBOL", "거래할 수 없는 종목", "symbol cannot be traded"
    ACCOUNT = "ACCOUNT", "계좌 오류", "account not accepted"
    NOT_FOUND = "NOT_FOUND", "정정·취소할 수량 없음", "nothing left to amend or cancel"
    FULL = "FULL", "실시간 등록 한도 초과", "too many registrations"
    IN_USE = "IN_USE", "다른 접속이 앱키를 사용 중", "another session holds the app key"
    UNCLASSIFIED = "UNCLASSIFIED", "분류되지 않은 오류", "unclassified"

    @property
    def action(self) -> Action:
        """What a client does about it."""
        return _ACTIONS[self]

    @property
    def came_before_the_desk(self) -> bool:
        """Tell whether the gateway refused, so that an order has not been seen and may be sent once more."""
        return self in (ReplyClass.TOKEN, ReplyClass.RATE)

    @property
    def leaves_orders_unknown(self) -> bool:
        """Tell whether an order that got this answer may live."""
        return self in (ReplyClass.SERVER, ReplyClass.TEMPORARY, ReplyClass.MAINTENANCE)


_ACTIONS: Mapping[ReplyClass, Action] = {
    ReplyClass.DONE: Action.GO_ON,
    ReplyClass.NO_DATA: Action.GO_ON,
    ReplyClass.TOKEN: Action.RENEW_TOKEN,
    ReplyClass.TOKEN_WAIT: Action.WAIT,
    ReplyClass.RATE: Action.SLOW_DOWN,
    ReplyClass.CREDENTIALS: Action.STOP,
    ReplyClass.ENVIRONMENT: Action.STOP,
    ReplyClass.INPUT: Action.STOP,
    ReplyClass.SERVER: Action.RECONCILE,
    ReplyClass.TEMPORARY: Action.ASK_AGAIN,
    ReplyClass.MAINTENANCE: Action.WAIT,
    ReplyClass.CASH: Action.REFUSE,
    ReplyClass.QUANTITY: Action.REFUSE,
    ReplyClass.PRICE: Action.REFUSE,
    ReplyClass.CLOSED: Action.WAIT,
    ReplyClass.NO_MARKET: Action.REFUSE,
    ReplyClass.EARLY: Action.ASK_AGAIN,
    ReplyClass.SYMBOL: Action.REFUSE,
    ReplyClass.ACCOUNT: Action.STOP,
    ReplyClass.NOT_FOUND: Action.REFUSE,
    ReplyClass.FULL: Action.REFUSE,
    ReplyClass.IN_USE: Action.WAIT,
    ReplyClass.UNCLASSIFIED: Action.REFUSE,
}

_C = ReplyClass
_TABLE: Final[Mapping[ReplyClass, str]] = {
    _C.DONE: """
        MCA00000 KIOK0510 KIOK0460 KIOK0500 KIOK0530 APBK0013 40600000 OPSP0000 OPSP0001 OPSP0002
        """,
    _C.NO_DATA: "70070000",
    _C.TOKEN: "EGW00121 EGW00122 EGW00123",
    _C.TOKEN_WAIT: "EGW00133",
    _C.RATE: "EGW00201 EGW00215",
    _C.CREDENTIALS: """
        EGW00003 EGW00004 EGW00102 EGW00103 EGW00104 EGW00105 EGW00112 EGW00124 EGW00125 EGW00126 EGW00127 EGW00129 EGW00130
        EGW00205 EGW00206 EGW00207 EGW00210 EGW00303 EGW00304 OPSP0009 OPSP0010 OPSP0011 OPSP0017 OPSP9994
        """,
    _C.ENVIRONMENT: "EGW00213 EGW02006 OPSQ0002",
    _C.INPUT: """
        EGW00101 EGW00106 EGW00107 EGW00108 EGW00109 EGW00110 EGW00111 EGW00113 EGW00114 EGW00115 EGW00116 EGW00117 EGW00118
        EGW00119 EGW00120 EGW00131 EGW00132 EGW00204 EGW00208 EGW00209 EGW00211 EGW00212 APBK0963 APBK1269
        OPSQ2001 OPSQ2002 OPSQ9995 OPSQ9996 OPSQ9997 OPSQ9998 OPSQ9999
        OPSP8991 OPSP8992 OPSP8993 OPSP8994 OPSP8995 OPSP8997 OPSP8998 OPSP9990 OPSP9991 OPSP9992 OPSP9996 OPSP9997 OPSP9998
        OPSP9999
        """,
    _C.SERVER: "EGW00301 EGW00302",
    _C.TEMPORARY: """
        EGW00001 EGW00002 EGW00202 EGW00203 EGW00300 IGW00007 IGW00009 90020000
        OPSQ0001 OPSQ0003 OPSQ0004 OPSQ0005 OPSQ0006 OPSQ0007 OPSQ0008 OPSQ0009 OPSQ0010 OPSQ0011 OPSQ1002 OPSQ2003 OPSQ3001
        OPSQ3002 OPSQ3004 OPSP0007 OPSP8999 OPSP9993 OPSP9995
        """,
    _C.CASH: "APBK0952 APBK0986 40250000",
    _C.QUANTITY: "APBK0400 APBK1234 40240000",
    _C.PRICE: "APBK0506 40030000",
    _C.CLOSED: "APBK0918 APBK0919 40100000 40570000 40580000",
    _C.NO_MARKET: "APBK1943 APBK3013",
    _C.SYMBOL: "APBK0656 APBK0066 40070000",
    _C.ACCOUNT: "APAC0081 OPSQ2000 EGW00128 APBK1744 40910000",
    _C.NOT_FOUND: "APBK0927 OPSP0003",
    _C.FULL: "OPSP0008",
    _C.IN_USE: "OPSP8996",
}


def _by_code() -> Iterator[tuple[str, ReplyClass]]:
    for kind, codes in _TABLE.items():
        for code in codes.split():
            yield code, kind


BY_CODE: Final[Mapping[str, ReplyClass]] = dict(_by_code())

AMBIGUOUS: Final = frozenset({"APBK0918", "APBK0919", "40100000"})
"""Codes that were seen with texts of several classes: without a text they say nothing."""

_BY_TEXT: Final = (
    (_C.EARLY, "거래소미접수"),
    (_C.NO_MARKET, "시장가.{0,4}불가|시장가매매불가|지정가및최유리"),
    (_C.NOT_FOUND, "정정.?취소.{0,2}(?:가능)?(?:할)?수량이?없|원주문.{0,6}없|취소가능수량이?없"),
    (_C.PRICE, "호가단위|상.?하한가|상한가|하한가"),
    (_C.CASH, "주문가능금액|증거금.{0,4}부족|현금.{0,4}부족|잔액.{0,4}부족|예수금.{0,4}부족"),
    (_C.QUANTITY, "주문가능한?수량|매도가능수량|보유수량|잔고내역이없|잔고.{0,4}부족"),
    (_C.SYMBOL, "거래정지|매매불가종목|매매제한|종목정보가?없|없는종목|정리매매"),
    (_C.ACCOUNT, "계좌번호|비밀번호|불가한계좌|투자자교육|기본예탁금|미이수"),
    (_C.CLOSED, "운영시간|영업일이아닙|장운영일자|장시작전|장종료|휴장|장마감"),
    (_C.MAINTENANCE, "점검|업무시간이아닙|서비스시간이아닙|서비스가?중지"),
    (_C.NO_DATA, "(?:내역|자료|데이터).{0,8}없습니다"),
)
_TEXTS: Final = tuple((kind, re.compile(pattern)) for kind, pattern in _BY_TEXT)
_BLANKS = re.compile(r"\s+")
_OF_GATEWAY = ("EGW", "IGW", "OPSQ", "OPSP")


def by_text(message: str) -> ReplyClass | None:
    """Return the class that a message speaks of, None where it speaks of none."""
    bare = _BLANKS.sub("", message)
    return next((kind for kind, pattern in _TEXTS if pattern.search(bare)), None)


def classify(code: str, message: str) -> ReplyClass:
    """Return the class of a code and its message."""
    known = BY_CODE.get(code)
    if known is not None and code.startswith(_OF_GATEWAY):
        return known
    if known in (_C.DONE, _C.NO_DATA):
        return known
    said = by_text(message)
    if said is not None:
        return said
    return _C.UNCLASSIFIED if known is None or code in AMBIGUOUS else known


def class_of(reply: Reply) -> ReplyClass:
    """Return the class of a reply.

    A result of 0 is done, whatever the code, but for the mock server's way to say that there is nothing. A server that
    fails without a code of its own leaves everything unknown.
    """
    if reply.result == DONE:
        return _C.NO_DATA if BY_CODE.get(reply.code) is _C.NO_DATA else _C.DONE
    if not reply.code and reply.status >= 500:
        return _C.SERVER
    found = classify(reply.code, reply.message)
    return _C.UNCLASSIFIED if found is _C.DONE else found
