"""List the broker's REST services that KATS calls: address, ids on the real and on the mock server, how pages go on.

The id decides what is called, the path is only where; so a service that has one id for buying and one for selling is two here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

Env: TypeAlias = Literal["prod", "vps"]
"""The real broker, or its mock server, which has ids of its own for orders and lacks most other services."""

_TRADING = "/uapi/domestic-stock/v1/trading/"
_QUOTES = "/uapi/domestic-stock/v1/quotations/"
_FINANCE = "/uapi/domestic-stock/v1/finance/"
_KSD = "/uapi/domestic-stock/v1/ksdinfo/"

_KEYS_100 = ("CTX_AREA_FK100", "CTX_AREA_NK100")
_KEYS_20 = ("CTX_AREA_FK", "CTX_AREA_NK")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One service. `paging` are the two keys that a next page is asked with; `old` are earlier ids that still answer.

    `pages` says whether an answer may go on at all: some go on by header alone, without keys. What goes back in time is not meant:
    it is asked again with an earlier date or clock.
    """

    name: str
    method: str
    path: str
    prod: str
    vps: str | None = None
    old: tuple[str, ...] = ()
    paging: tuple[str, str] | None = None
    pages: bool = False
    is_order: bool = False

    def tr(self, env: Env) -> str | None:
        """Return the id on a server, None where the server lacks the service."""
        return self.prod if env == "prod" else self.vps

    @property
    def is_ledger(self) -> bool:
        """Tell whether it reads or changes an account: the ledger behind it has a limit of its own."""
        return self.path.startswith(_TRADING)

    @property
    def ids(self) -> tuple[str, ...]:
        """Return every id that calls it."""
        return tuple(dict.fromkeys(filter(None, (self.prod, self.vps, *self.old))))


def _order(name: str, path: str, prod: str, vps: str, *old: str) -> Endpoint:
    return Endpoint(name, "POST", _TRADING + path, prod, vps, old, is_order=True)


def _account(name: str, path: str, prod: str, vps: str | None = None, *old: str, pages: bool = False) -> Endpoint:
    return Endpoint(name, "GET", _TRADING + path, prod, vps, old, _KEYS_100 if pages else None, pages)


def _everywhere(name: str, path: str, tr: str) -> Endpoint:
    return Endpoint(name, "GET", _QUOTES + path, tr, tr)


def _real(name: str, address: str, tr: str, *, pages: bool = False, paging: tuple[str, str] | None = None) -> Endpoint:
    return Endpoint(name, "GET", address, tr, None, (), paging, pages)


BUY: Final = _order("buy", "order-cash", "TTTC0012U", "VTTC0012U", "TTTC0802U", "VTTC0802U")
SELL: Final = _order("sell", "order-cash", "TTTC0011U", "VTTC0011U", "TTTC0801U", "VTTC0801U")
AMEND_OR_CANCEL: Final = _order("amend or cancel", "order-rvsecncl", "TTTC0013U", "VTTC0013U", "TTTC0803U", "VTTC0803U")

OPEN_ORDERS: Final = _account("open orders", "inquire-psbl-rvsecncl", "TTTC0084R", None, "TTTC8036R", pages=True)
ORDERS: Final = _account(
    "orders by date", "inquire-daily-ccld", "TTTC0081R", "VTTC0081R", "TTTC8001R", "VTTC8001R", pages=True
)
OLDER_ORDERS: Final = _account(
    "orders of more than three months ago",
    "inquire-daily-ccld",
    *("CTSC9215R", "VTSC9215R", "CTSC9115R", "VTSC9115R"),
    pages=True,
)
BALANCE: Final = _account("balance", "inquire-balance", "TTTC8434R", "VTTC8434R", pages=True)
ORDERABLE: Final = _account("orderable amount", "inquire-psbl-order", "TTTC8908R", "VTTC8908R")
COSTS: Final = _account("realised profit by stock", "inquire-period-trade-profit", "TTTC8715R", pages=True)

PRICE: Final = _everywhere("price", "inquire-price", "FHKST01010100")
PRICES: Final = _real("prices of up to 30", _QUOTES + "intstock-multprice", "FHKST11300006")
CHART: Final = _everywhere("daily candles", "inquire-daily-itemchartprice", "FHKST03010100")
MINUTES: Final = _everywhere("minute candles of today", "inquire-time-itemchartprice", "FHKST03010200")
PAST_MINUTES: Final = _real("minute candles of past days", _QUOTES + "inquire-time-dailychartprice", "FHKST03010230")
INDEX_CHART: Final = _everywhere("index candles", "inquire-daily-indexchartprice", "FHKUP03500100")
INTERRUPTIONS: Final = _real("volatility interruptions", _QUOTES + "inquire-vi-status", "FHPST01390000")
INVESTORS: Final = _everywhere("investor flows", "inquire-investor", "FHKST01010900")
INVESTORS_BY_DAY: Final = _real("investor flows by day", _QUOTES + "investor-trade-by-stock-daily", "FHPTJ04160001")

VOLUME_RANKING: Final = _real("volume ranking", _QUOTES + "volume-rank", "FHPST01710000")

CALENDAR: Final = _real("calendar", _QUOTES + "chk-holiday", "CTCA0903R", pages=True, paging=_KEYS_20)
DIVIDENDS: Final = _real("dividends", _KSD + "dividend", "HHKDB669102C0", pages=True)

RATIOS: Final = _real("financial ratios", _FINANCE + "financial-ratio", "FHKST66430300")
INCOME: Final = _real("income statement", _FINANCE + "income-statement", "FHKST66430200")


def _listed() -> Iterator[Endpoint]:
    return (value for value in globals().values() if isinstance(value, Endpoint))


ENDPOINTS: tuple[Endpoint, ...] = tuple(_listed())
BY_ID: Mapping[str, Endpoint] = {tr: endpoint for endpoint in ENDPOINTS for tr in endpoint.ids}


def endpoint_of(tr: str) -> Endpoint | None:
    """Return the service of an id, new or old, of either server; None for one that KATS does not call."""
    return BY_ID.get(tr)
