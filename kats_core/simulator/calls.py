"""Hold what a service is asked with and what it answers from; read the texts of a request as leniently as the broker does."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from kats_core.model import time
from kats_core.model.kinds import Market as Board
from kats_core.model.time import Nanos
from kats_core.simulator.catalogue import Row, Service
from kats_core.simulator.exchange.accounts import Account
from kats_core.simulator.faults import Fault
from kats_core.simulator.gateway import Answer
from kats_core.simulator.keys import ClientKeys
from kats_core.simulator.market import Market
from kats_core.simulator.quote import Quote

QUOTED = "MCA00000"
COMPLETE, LAST, MORE = "KIOK0510", "KIOK0460", "KIOK0500"
_TEXTS = {
    QUOTED: "정상처리 되었습니다.",
    COMPLETE: "조회가 완료되었습니다",
    LAST: "조회 되었습니다. (마지막 자료)",
    MORE: "조회가 계속됩니다..다음버튼을 Click 하십시오.",
}
_MOCK_TEXTS = {
    COMPLETE: "모의투자 조회가 완료되었습니다.",
    LAST: "모의투자 조회가 완료되었습니다.",
    MORE: "모의투자 조회가 계속 됩니다. 다음 또는 PaDn을 누르십시오.",
}
_PADDED = 80
_KEY_WIDTH = 100


@dataclass(slots=True)
class Call:
    """One request that the gateway let through."""

    market: Market
    account: Account
    keys: ClientKeys
    service: Service
    tr_id: str
    given: Mapping[str, str]
    tr_cont: str = ""
    fault: Fault | None = None

    @property
    def is_mock(self) -> bool:
        """Tell whether it came to the mock server."""
        return self.keys.is_mock

    def text(self, name: str, default: str = "") -> str:
        """Return a parameter, whatever the case of its name; blank where it is missing."""
        return self.given.get(name.upper(), default).strip() or default

    def whole(self, name: str, default: int = 0) -> int:
        """Return a parameter as a whole number, `default` where it is missing or no number."""
        try:
            return int(float(self.text(name).replace(",", "")))
        except (ValueError, OverflowError):
            return default

    def day(self, name: str, default: dt.date) -> dt.date:
        """Return a parameter as a day, `default` where it is missing or no day."""
        try:
            return dt.datetime.strptime(self.text(name), "%Y%m%d").replace(tzinfo=time.KST).date()
        except ValueError:
            return default

    @property
    def symbol(self) -> str:
        """Return the stock asked about."""
        return self.text("FID_INPUT_ISCD") or self.text("PDNO")

    def row(self, block: str, **values: Any) -> Row:
        """Return a row of the reply with every field."""
        return self.service.row(block, values)


Handler: TypeAlias = Callable[[Call], Answer]


@dataclass(slots=True)
class Handlers:
    """The handlers of services by their names."""

    by_name: dict[str, Handler] = field(default_factory=dict)

    def __call__(self, *names: str) -> Callable[[Handler], Handler]:
        """Register a handler for some services."""

        def register(handler: Handler) -> Handler:
            for name in names:
                self.by_name[name] = handler
            return handler

        return register


HANDLERS = Handlers()
answers = HANDLERS


def quoted(**blocks: Any) -> Answer:
    """Return the reply of a quotation."""
    return Answer({**blocks, "rt_cd": "0", "msg_cd": QUOTED, "msg1": _TEXTS[QUOTED].ljust(_PADDED)})


def told(call: Call, code: str = COMPLETE, tr_cont: str = "", **blocks: Any) -> Answer:
    """Return the reply of an account query."""
    text = _MOCK_TEXTS.get(code, _TEXTS[code]) if call.is_mock else _TEXTS[code]
    return Answer({**blocks, "rt_cd": "0", "msg_cd": code, "msg1": text.ljust(_PADDED)}, 200, tr_cont)


def nothing(call: Call, **blocks: Any) -> Answer:
    """Return the reply of the mock server where there are no rows."""
    if not call.is_mock:
        return told(call, LAST, "D", **blocks)
    text = "모의투자 조회할 내역(자료)이 없습니다"
    return Answer({**blocks, "rt_cd": "0", "msg_cd": "70070000", "msg1": text.ljust(_PADDED)}, 200, "D")


def invalid(code: str, text: str, rt_cd: str = "2") -> Answer:
    """Return the refusal of a parameter."""
    return Answer({"rt_cd": rt_cd, "msg_cd": code, "msg1": text})


@dataclass(frozen=True, slots=True)
class Page:
    """A page of rows with the keys that lead to the next one."""

    rows: Sequence[Any]
    forward: str
    next_key: str
    is_last: bool

    @property
    def tr_cont(self) -> str:
        """Return the header that says whether there is more."""
        return "D" if self.is_last else "M"

    @property
    def keys(self) -> dict[str, str]:
        """Return the continuation fields of the reply."""
        return {
            "ctx_area_fk100": self.forward.ljust(_KEY_WIDTH),
            "ctx_area_nk100": self.next_key.ljust(_KEY_WIDTH),
        }

    @property
    def code(self) -> str:
        """Return the result code."""
        return LAST if self.is_last else MORE


def paged(call: Call, rows: Sequence[Any], size: int) -> Page:
    """Return the page asked for: the first one, or that behind the key of the page before."""
    start = 0
    if call.tr_cont.upper() == "N":
        key = call.text("CTX_AREA_NK100").strip("^ ")
        start = int(key) if key.isdecimal() else len(rows)
    part = rows[start : start + size]
    is_last = start + size >= len(rows)
    forward = f"{call.account.number}^{call.account.product}^{call.service.name[:20]}"
    return Page(part, forward, "" if is_last else f"{start + size:010}^", is_last)


def sign(change: int | float, quote: Quote | None = None) -> str:
    """Return the broker's code of a direction."""
    if quote is not None and quote.volume:
        if quote.last == quote.limits.upper:
            return "1"
        if quote.last == quote.limits.lower:
            return "4"
    return "2" if change > 0 else "5" if change < 0 else "3"


def percent(part: int | float, whole: int | float) -> str:
    """Return a share in percent with two decimals, 0.00 of nothing."""
    return f"{part / whole * 100:.2f}" if whole else "0.00"


def rate_of(change: int | float, base: int | float) -> str:
    """Return a change in percent of its base."""
    return percent(change, base)


def ymd(day: dt.date | None) -> str:
    """Return a day as the broker writes it."""
    return "" if day is None else day.strftime("%Y%m%d")


def hms(ts: Nanos) -> str:
    """Return the Korean clock of an instant, blank for none."""
    return time.clock(ts).strftime("%H%M%S") if ts else ""


def board_name(board: Board) -> str:
    """Return how the broker writes the name of a board."""
    return {Board.KOSPI: "KOSPI", Board.KOSDAQ: "KOSDAQ", Board.KONEX: "KONEX"}[board]


def of_index(code: str, quotes: Iterable[Quote]) -> list[Quote]:
    """Return the quotes of a ranking's universe: `0000` all, `0001` and `2001` KOSPI, `1001` KOSDAQ."""
    boards = {"0001": Board.KOSPI, "2001": Board.KOSPI, "1001": Board.KOSDAQ}
    wanted = boards.get(code)
    return [one for one in quotes if wanted is None or one.instrument.market is wanted]
