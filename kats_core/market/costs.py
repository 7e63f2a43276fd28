"""Charge commission and transaction tax (증권거래세), exact to the won, by trade date."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from kats_core.market.dated import Dated
from kats_core.market.exact import floor_times
from kats_core.market.ticks import TickTable
from kats_core.model.kinds import InstrumentKind, Market

COMMISSION_RATE = Fraction(15, 100_000)
"""Default commission of each side; above what the broker charges online, hence on the safe side."""

TAX_CONFIRMED_THROUGH = dt.date(2026, 12, 28)
"""Last trade date that settles in 2026; the law for 2027 was not out when this table was written."""

_BASIS_POINT = Fraction(1, 10_000)
_FIRST_DAY = dt.date.min

# Securities transaction tax plus, on KOSPI, the special tax for rural development (농어촌특별세, 15 of the basis points).
# The law looks at the settlement date (T+2), so a new year's rate starts with trades two sessions before the year ends. The
# starts of 2019 and 2025 are confirmed by notices of the depository and brokers, the others follow from the rule.
_BOARD_TAX = [
    (_FIRST_DAY, 30 * _BASIS_POINT),
    (dt.date(2019, 5, 30), 25 * _BASIS_POINT),
    (dt.date(2020, 12, 29), 23 * _BASIS_POINT),
    (dt.date(2022, 12, 28), 20 * _BASIS_POINT),
    (dt.date(2023, 12, 27), 18 * _BASIS_POINT),
    (dt.date(2024, 12, 27), 15 * _BASIS_POINT),
    (dt.date(2025, 12, 29), 20 * _BASIS_POINT),
]
_TAX = {
    Market.KOSPI: Dated("transaction tax of KOSPI", _BOARD_TAX),
    Market.KOSDAQ: Dated("transaction tax of KOSDAQ", _BOARD_TAX),
    Market.KONEX: Dated(
        "transaction tax of KONEX", [(_FIRST_DAY, 30 * _BASIS_POINT), (dt.date(2019, 5, 30), 10 * _BASIS_POINT)]
    ),
}
_NO_TAX = Fraction(0)


def tax_rate(day: dt.date, market: Market, kind: InstrumentKind = InstrumentKind.STOCK) -> Fraction:
    """Return the tax on a sale traded on `day`; ETF, ETN and ELW are exempt. After the last row, the last row."""
    if kind is not InstrumentKind.STOCK:
        return _NO_TAX
    return _TAX[market].on(day)


def tax_unconfirmed(day: dt.date) -> bool:
    """Tell whether trades of `day` settle in a year whose tax this table does not know; the last rate is assumed."""
    return day > TAX_CONFIRMED_THROUGH


def charge_for_fill(cumulative_amount: int, rate: Fraction, booked: int) -> int:
    """Return what to book for an order's newest fill, so that the order as a whole is rounded once.

    `cumulative_amount` is the value of all fills so far, the newest included; `booked` the sum of what was booked before.
    Fills of 10 000 and 10 000 at 0.00015 book 1 and 2, together floor(20 000 * 0.00015) = 3.
    """
    return floor_times(cumulative_amount, rate) - booked


@dataclass(frozen=True, slots=True)
class Costs:
    """What a trade costs beside its price. `commission` is charged on both sides."""

    commission: Fraction = COMMISSION_RATE

    def __post_init__(self) -> None:
        if not isinstance(self.commission, Fraction):
            raise TypeError(f"commission {self.commission!r} is not a Fraction: convert it with exact.to_fraction")
        if not 0 <= self.commission < 1:
            raise ValueError(f"commission {self.commission} is not a fraction between 0 and 1")

    def commission_on(self, amount: int) -> int:
        """Return the commission on the cumulative amount of an order, cut to won."""
        return floor_times(amount, self.commission)

    def tax_on(self, amount: int, day: dt.date, market: Market, kind: InstrumentKind = InstrumentKind.STOCK) -> int:
        """Return the tax on the cumulative amount of a sell order traded on `day`, cut to won."""
        return floor_times(amount, tax_rate(day, market, kind))

    def break_even(self, average: Fraction | Decimal | int, ticks: TickTable, tax: Fraction) -> int:
        """Return the break-even stop (본전 스탑): rup(average * (1 + 2 * commission + tax)).

        With an average of 38 700 and 2026's tax of 0.0020 that is rup(38 789.01) = 38 800.
        """
        return ticks.rup(Fraction(average) * (1 + 2 * self.commission + tax))
