"""Read the broker's order divisions (주문구분): which kind of board order each is, and in which phases it is meant."""

from __future__ import annotations

from dataclasses import dataclass

from kats_core.market.phases import BoardOrder, SessionPhase

_EVENING = frozenset({SessionPhase.AFTER_MARKET})
_DAYTIME = frozenset(SessionPhase) - _EVENING


@dataclass(frozen=True, slots=True)
class Division:
    """An order division. `needs_price`: it carries one; the others must carry none or 0."""

    code: str
    name: str
    kind: BoardOrder
    needs_price: bool = False
    phases: frozenset[SessionPhase] = _DAYTIME
    is_at_any_price: bool = False


DIVISIONS = {
    division.code: division
    for division in (
        Division("00", "지정가", BoardOrder.LIMIT, needs_price=True),
        Division("01", "시장가", BoardOrder.MARKET, is_at_any_price=True),
        Division("02", "조건부지정가", BoardOrder.CONDITIONAL_LIMIT, needs_price=True),
        Division("03", "최유리지정가", BoardOrder.BEST_OPPOSITE),
        Division("04", "최우선지정가", BoardOrder.BEST_SAME),
        Division("05", "장전 시간외", BoardOrder.PRE_CLOSE_PRICE),
        Division("06", "장후 시간외", BoardOrder.AFTER_CLOSE_PRICE),
        Division("11", "IOC지정가", BoardOrder.LIMIT_IOC, needs_price=True),
        Division("12", "FOK지정가", BoardOrder.LIMIT_FOK, needs_price=True),
        Division("13", "IOC시장가", BoardOrder.MARKET_IOC, is_at_any_price=True),
        Division("14", "FOK시장가", BoardOrder.MARKET_FOK, is_at_any_price=True),
        Division("15", "IOC최유리", BoardOrder.BEST_OPPOSITE_IOC),
        Division("16", "FOK최유리", BoardOrder.BEST_OPPOSITE_FOK),
        Division("22", "스톱지정가", BoardOrder.STOP_LIMIT, needs_price=True),
        Division("41", "애프터마켓 지정가", BoardOrder.LIMIT, needs_price=True, phases=_EVENING),
        Division("42", "애프터마켓 IOC지정가", BoardOrder.LIMIT_IOC, needs_price=True, phases=_EVENING),
        Division("43", "애프터마켓 FOK지정가", BoardOrder.LIMIT_FOK, needs_price=True, phases=_EVENING),
        Division("44", "애프터마켓 최유리", BoardOrder.BEST_OPPOSITE, phases=_EVENING),
        Division("45", "애프터마켓 IOC최유리", BoardOrder.BEST_OPPOSITE_IOC, phases=_EVENING),
        Division("46", "애프터마켓 FOK최유리", BoardOrder.BEST_OPPOSITE_FOK, phases=_EVENING),
        Division("47", "애프터마켓 최우선", BoardOrder.BEST_SAME, phases=_EVENING),
    )
}
MOCK_DIVISIONS = frozenset({"00", "01", "02", "03", "04"})
"""What the mock server takes."""


def condition_of(kind: BoardOrder) -> str:
    """Return the order condition of a notice: 0 none, 1 immediate or cancel, 2 all or nothing."""
    if kind.value.endswith("_IOC"):
        return "1"
    return "2" if kind.value.endswith("_FOK") else "0"
