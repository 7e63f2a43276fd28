"""Answer the services that place, amend and cancel orders."""

from __future__ import annotations

from fractions import Fraction

from kats_core.model.kinds import Side
from kats_core.simulator.calls import Call, answers, hms, invalid
from kats_core.simulator.exchange.desk import BRANCH, Fate, Ticket, Wish
from kats_core.simulator.exchange.refusals import Refusal
from kats_core.simulator.faults import FaultKind
from kats_core.simulator.gateway import Answer
from kats_core.simulator.refused import refused

_SALES = frozenset({"TTTC0011U", "TTTC0801U", "VTTC0011U", "VTTC0801U"})
_AMEND, _CANCEL = "01", "02"
_MOCK_TEXTS = {
    "buy": ("40600000", "모의투자 매수주문이 완료 되었습니다."),
    "sell": ("40600000", "모의투자 매도주문이 완료 되었습니다."),
    "amend": ("40610000", "모의투자 정정주문이 완료 되었습니다."),
    "cancel": ("40630000", "모의투자 취소주문이 완료 되었습니다."),
}


@answers("order_cash")
def order_cash(call: Call) -> Answer:
    """Buy or sell; the transaction id says which."""
    side = Side.SELL if call.tr_id in _SALES else Side.BUY
    for name in ("PDNO", "ORD_DVSN", "ORD_QTY"):
        if not call.text(name):
            return invalid("OPSQ2001", f"ERROR INVALID INPUT_FILED NOT FOUND({name})")
    wish = Wish(
        account=call.account,
        side=side,
        symbol=call.text("PDNO"),
        division=call.text("ORD_DVSN"),
        quantity=call.whole("ORD_QTY"),
        price=call.whole("ORD_UNPR"),
        venue=call.text("EXCG_ID_DVSN_CD", "KRX"),
        trigger=call.whole("CNDT_PRIC"),
        is_mock=call.is_mock,
    )
    fault = call.fault
    fate = Fate.REFUSED_LATER if fault is not None and fault.kind is FaultKind.REFUSED_LATER else Fate.USUAL
    if fault is not None and fault.kind is FaultKind.PARTIAL:
        call.market.desk.fill_share = Fraction(fault.share).limit_denominator(100)
    try:
        found = call.market.place(wish, fate)
    finally:
        call.market.desk.fill_share = Fraction(1)
    return _answer(call, found, "sell" if side is Side.SELL else "buy")


@answers("order_rvsecncl")
def order_rvsecncl(call: Call) -> Answer:
    """Amend or cancel an open order; the branch is not looked at, and of a cancellation no price."""
    number = call.whole("ORGN_ODNO")
    is_all = call.text("QTY_ALL_ORD_YN", "Y").upper() == "Y"
    quantity = None if is_all else call.whole("ORD_QTY")
    match call.text("RVSE_CNCL_DVSN_CD"):
        case code if code == _CANCEL:
            return _answer(call, call.market.cancel(call.account, number, quantity), "cancel")
        case code if code == _AMEND:
            found = call.market.amend(
                call.account, number, quantity, call.whole("ORD_UNPR"), call.text("ORD_DVSN", "00")
            )
            return _answer(call, found, "amend")
    return invalid("OPSQ2001", "ERROR INVALID INPUT_FILED NOT FOUND(RVSE_CNCL_DVSN_CD)")


@answers("order_credit", "order_resv", "order_resv_rvsecncl")
def not_offered(call: Call) -> Answer:
    """Refuse what this broker does not do: an order that is taken must be carried out."""
    return refused(Refusal.ACCOUNT_CLOSED, is_mock=call.is_mock)


def _answer(call: Call, found: Ticket | Refusal, what: str) -> Answer:
    if isinstance(found, Refusal):
        return refused(found, is_mock=call.is_mock)
    code, text = _MOCK_TEXTS[what] if call.is_mock else ("APBK0013", "주문 전송 완료 되었습니다.")
    # The mock server leaves the zeros out here, and nowhere else.
    number = str(found.number) if call.is_mock else f"{found.number:010}"
    output = call.row("output", KRX_FWDG_ORD_ORGNO=BRANCH, ODNO=number, ORD_TMD=hms(found.at), SOR_ODNO="")
    return Answer({"output": output, "rt_cd": "0", "msg_cd": code, "msg1": text})
