"""Say what the broker calls a refusal: its code, its class and its Korean text differ on the real and on the mock server."""

from __future__ import annotations

from typing import NamedTuple

from kats_core.simulator.exchange.refusals import Refusal
from kats_core.simulator.gateway import Answer


class Said(NamedTuple):
    """A refusal in the broker's words."""

    rt_cd: str
    code: str
    text: str


_HOURS = "장운영시간이 아닙니다.(주문불가)"
_REAL = {
    Refusal.NO_SESSION: Said("7", "APBK0919", "장운영일자가 주문일과 상이합니다"),
    Refusal.BEFORE_OPEN: Said("7", "APBK0918", _HOURS),
    Refusal.AFTER_CLOSE: Said("7", "APBK0918", _HOURS),
    Refusal.NOT_NOW: Said("7", "APBK0918", _HOURS),
    Refusal.NO_MARKET_NOW: Said("1", "APBK1943", "시장가호가불가로 주문이 불가합니다."),
    Refusal.UNKNOWN_KIND: Said("7", "APBK0963", "주문구분코드 오류 입니다."),
    Refusal.UNKNOWN_SYMBOL: Said("7", "APBK0656", "해당종목정보가 없습니다."),
    Refusal.NOT_ON_VENUE: Said("7", "APBK1269", "주문구분 입력오류"),
    Refusal.HALTED: Said("7", "APBK0066", "거래정지 종목입니다."),
    Refusal.OFF_TICK: Said("7", "APBK0506", "주식주문호가단위 오류입니다."),
    Refusal.BEYOND_LIMITS: Said("7", "APBK0506", "상/하한가 오류 입니다."),
    Refusal.NO_QUANTITY: Said("7", "APBK0400", "주문수량 오류입니다."),
    Refusal.NOTHING_OPPOSITE: Said("7", "APBK0918", "상대호가가 없어 주문이 불가합니다."),
    Refusal.NO_CASH: Said("7", "APBK0952", "주문가능금액을 초과 했습니다."),
    Refusal.NO_SHARES: Said("7", "APBK0400", "주문 가능한 수량을 초과했습니다."),
    Refusal.NOTHING_HELD: Said("7", "APBK0400", "주문 가능한 수량을 초과했습니다."),
    Refusal.NOTHING_LEFT: Said("7", "APBK0927", "정정취소 가능수량이 없습니다."),
    Refusal.NOT_ARRIVED: Said("7", "APBK0918", "거래소 미접수로 정정취소주문이 불가합니다."),
    Refusal.ACCOUNT_CLOSED: Said("7", "APBK1744", "주문이 불가한 계좌입니다."),
}
_MOCK = {
    Refusal.NO_SESSION: Said("1", "40100000", "모의투자 영업일이 아닙니다."),
    Refusal.BEFORE_OPEN: Said("1", "40570000", "모의투자 장시작전 입니다."),
    Refusal.AFTER_CLOSE: Said("1", "40580000", "모의투자 장종료 입니다."),
    Refusal.NOT_NOW: Said("1", "40580000", "모의투자 장종료 입니다."),
    Refusal.NO_MARKET_NOW: Said("1", "40580000", "모의투자 장종료 입니다."),
    Refusal.OFF_TICK: Said("1", "40030000", "모의투자 주문처리가 안되었습니다(호가단위 오류)"),
    Refusal.BEYOND_LIMITS: Said("1", "40030000", "모의투자 주문처리가 안되었습니다(상/하한가 오류)"),
    Refusal.UNKNOWN_SYMBOL: Said("1", "40070000", "모의투자 주문처리가 안되었습니다(매매불가 종목)"),
    Refusal.HALTED: Said("1", "40070000", "모의투자 주문처리가 안되었습니다(매매불가 종목)"),
    Refusal.NOTHING_HELD: Said("1", "40240000", "모의투자 잔고내역이 없습니다"),
    Refusal.NO_CASH: Said("1", "40250000", "모의투자 주문가능금액이 부족합니다."),
    Refusal.NOTHING_LEFT: Said("1", "40330000", "모의투자 정정/취소할 수량이 없습니다."),
    Refusal.ACCOUNT_CLOSED: Said("1", "40910000", "모의투자 주문이 불가한 계좌입니다."),
}


def said(refusal: Refusal, *, is_mock: bool) -> Said:
    """Return the words of a refusal; what the mock server has no words of its own for it says like the real one."""
    return _MOCK.get(refusal, _REAL[refusal]) if is_mock else _REAL[refusal]


def refused(refusal: Refusal, *, is_mock: bool) -> Answer:
    """Return the reply to an order that is not taken."""
    words = said(refusal, is_mock=is_mock)
    return Answer({"rt_cd": words.rt_cd, "msg_cd": words.code, "msg1": words.text})
