"""Charge commission and transaction tax (증권거래세), exact to the won.

The law looks at the day on which a sale is settled, so a new year's tax begins with the trades two sessions before the year
does; the tables hold settlement dates, and the caller asks with the date of the trade.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from functools import cache

from kats_core.market.arrays import Int64Array
from kats_core.market.dated import Certainty, Dated, Source
from kats_core.market.exact import Ratio, floor_times, floor_times_array, to_ratio
from kats_core.market.settlement import settlement_date
from kats_core.market.ticks import TickTable
from kats_core.model.kinds import InstrumentKind, Market
from kats_core.model.labels import Labelled

COMMISSION_RATE = Fraction(15, 100_000)
"""Default commission of each side; above what the broker charges online, hence on the safe side."""

TAX_CONFIRMED_THROUGH = dt.date(2026, 12, 31)
"""Last settlement date whose tax is known; the law for 2027 was not out when this table was written."""

_BASIS_POINT = Fraction(1, 10_000)
_FIRST_DAY = dt.date.min


@dataclass(frozen=True, slots=True)
class SalesTax:
    """What a seller pays: the transaction tax, and on KOSPI the special tax for rural development (농어촌특별세)."""

    transaction: Fraction
    rural: Fraction = Fraction(0)

    @property
    def rate(self) -> Fraction:
        """Both together."""
        return self.transaction + self.rural


def _bp(transaction: int, rural: int = 0) -> SalesTax:
    return SalesTax(transaction * _BASIS_POINT, rural * _BASIS_POINT)


_DECREE = Source("enforcement decree of the Securities Transaction Tax Act", Certainty.CONFIRMED)
_NOTICE_2019 = Source("notice of the securities depository: trades from 2019-05-30", Certainty.CONFIRMED)
_NOTICE_2025 = Source("brokers' notices of December 2025: trades from 2025-12-29", Certainty.CONFIRMED)

_TAX = {
    Market.KOSPI: Dated(
        "transaction tax of KOSPI",
        [
            (_FIRST_DAY, _bp(15, 15), _DECREE),
            (dt.date(2019, 6, 3), _bp(10, 15), _NOTICE_2019),
            (dt.date(2021, 1, 1), _bp(8, 15), _DECREE),
            (dt.date(2023, 1, 1), _bp(5, 15), _DECREE),
            (dt.date(2024, 1, 1), _bp(3, 15), _DECREE),
            (dt.date(2025, 1, 1), _bp(0, 15), _DECREE),
            (dt.date(2026, 1, 1), _bp(5, 15), _NOTICE_2025),
        ],
    ),
    Market.KOSDAQ: Dated(
        "transaction tax of KOSDAQ",
        [
            (_FIRST_DAY, _bp(30), _DECREE),
            (dt.date(2019, 6, 3), _bp(25), _NOTICE_2019),
            (dt.date(2021, 1, 1), _bp(23), _DECREE),
            (dt.date(2023, 1, 1), _bp(20), _DECREE),
            (dt.date(2024, 1, 1), _bp(18), _DECREE),
            (dt.date(2025, 1, 1), _bp(15), _DECREE),
            (dt.date(2026, 1, 1), _bp(20), _NOTICE_2025),
        ],
    ),
    Market.KONEX: Dated(
        "transaction tax of KONEX", [(_FIRST_DAY, _bp(30), _DECREE), (dt.date(2019, 6, 3), _bp(10), _NOTICE_2019)]
    ),
}
_NO_TAX = SalesTax(Fraction(0))


class CommissionPlan(Labelled):
    """A broker's price list for orders by API; the default of KATS lies above the usual ones, on the safe side."""

    DEFAULT = "default", "KATS 기본값", "default of KATS"
    BANK_ONLINE = "bank-online", "은행 개설 온라인 계좌", "account opened at a bank, online"
    PREFERENTIAL = "preferential", "평생 우대", "lifetime preferential"


_PRICE_LIST = Source("the broker's price list of 2026", Certainty.REPORTED)
_CHARGED = Source("charges seen on statements, the highest of them", Certainty.REPORTED)
_OURS = Source("choice of KATS: above what the broker charges online", Certainty.CONFIRMED)
_TEN_MILLIONTH = Fraction(1, 10_000_000_000)

# Of each plan the rate of stocks, and of ETF, ETN and ELW.
_COMMISSION = {
    CommissionPlan.DEFAULT: Dated("default commission", [(_FIRST_DAY, (COMMISSION_RATE, COMMISSION_RATE), _OURS)]),
    CommissionPlan.BANK_ONLINE: Dated(
        "commission of an account opened at a bank",
        [(_FIRST_DAY, (1_405_270 * _TEN_MILLIONTH, 1_465_270 * _TEN_MILLIONTH), _PRICE_LIST)],
    ),
    CommissionPlan.PREFERENTIAL: Dated(
        "commission of a preferential account",
        [(_FIRST_DAY, (420_870 * _TEN_MILLIONTH, 420_870 * _TEN_MILLIONTH), _CHARGED)],
    ),
}
TABLES = (*_TAX.values(), *_COMMISSION.values())


@cache
def sales_tax(day: dt.date, market: Market, kind: InstrumentKind = InstrumentKind.STOCK) -> SalesTax:
    """Return the taxes on a sale traded on `day`; ETF, ETN and ELW are exempt.

    After the last row, the last row, also for trades that settle after the calendar ends (`tax_unconfirmed`).

    Raises:
        CalendarError: `day` lies before the calendar.
    """
    if kind is not InstrumentKind.STOCK:
        return _NO_TAX
    return _TAX[market].on(settlement_date(day) or dt.date.max)


@cache
def tax_rate(day: dt.date, market: Market, kind: InstrumentKind = InstrumentKind.STOCK) -> Fraction:
    """Return all taxes on a sale traded on `day` as one rate; raises as `sales_tax`."""
    return sales_tax(day, market, kind).rate


def tax_unconfirmed(day: dt.date) -> bool:
    """Tell whether trades of `day` settle when the tax is not known yet; the last rate is assumed."""
    settled = settlement_date(day)
    return settled is None or settled > TAX_CONFIRMED_THROUGH


def tax_array(amounts: Int64Array, day: dt.date, market: Market, kind: InstrumentKind) -> Int64Array:
    """Return the tax on each amount sold on `day`, cut to won."""
    return floor_times_array(amounts, tax_rate(day, market, kind))


def commission_rate(plan: CommissionPlan, day: dt.date, kind: InstrumentKind = InstrumentKind.STOCK) -> Fraction:
    """Return the commission of each side under a price list."""
    of_stocks, of_funds = _COMMISSION[plan].on(day)
    return of_stocks if kind is InstrumentKind.STOCK else of_funds


def charge_for_fill(cumulative_amount: int, rate: Fraction, booked: int) -> int:
    """Return what to book for an order's newest fill, so that the order as a whole is rounded once.

    `cumulative_amount` is the value of all fills so far, the newest included; `booked` the sum of what was booked before.
    Fills of 10 000 and 10 000 at 0.00015 book 1 and 2, together floor(20 000 * 0.00015) = 3.
    """
    return floor_times(cumulative_amount, rate) - booked


@dataclass(frozen=True, slots=True)
class Costs:
    """What a trade costs beside its price. `commission` is charged on both sides; `commission_ratio` is the same."""

    commission: Fraction = COMMISSION_RATE
    commission_ratio: Ratio = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not isinstance(self.commission, Fraction):
            raise TypeError(f"commission {self.commission!r} is not a Fraction: convert it with exact.to_fraction")
        if not 0 <= self.commission < 1:
            raise ValueError(f"commission {self.commission} is not a fraction between 0 and 1")
        object.__setattr__(self, "commission_ratio", to_ratio(self.commission))

    def commission_on(self, amount: int) -> int:
        """Return the commission on the cumulative amount of an order, cut to won."""
        rate = self.commission_ratio
        return amount * rate.numerator // rate.denominator

    def commission_array(self, amounts: Int64Array) -> Int64Array:
        """Return `commission_on` of each amount."""
        return floor_times_array(amounts, self.commission)

    def tax_on(self, amount: int, day: dt.date, market: Market, kind: InstrumentKind = InstrumentKind.STOCK) -> int:
        """Return the tax on the cumulative amount of a sell order traded on `day`, cut to won."""
        return floor_times(amount, tax_rate(day, market, kind))

    def break_even(self, average: Fraction | Decimal | int, ticks: TickTable, tax: Fraction) -> int:
        """Return the break-even stop (본전 스탑): rup(average * (1 + 2 * commission + tax)).

        With an average of 38 700 and 2026's tax of 0.0020 that is rup(38 789.01) = 38 800.
        """
        return ticks.rup(Fraction(average) * (1 + 2 * self.commission + tax))
