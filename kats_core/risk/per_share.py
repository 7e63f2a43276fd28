"""Compute what one share risks: the distance to the stop and the costs of a round trip (`spec/risk.md` section 2.1)."""

from __future__ import annotations

from fractions import Fraction

from kats_core.market.exact import Ratio


def risk_per_share(
    price: int, stop: int, *, min_stop_frac: Fraction | Ratio, commission: Fraction | Ratio, tax: Fraction
) -> Fraction:
    """Return r = d + price * commission + stop * (commission + tax) in won, exact.

    d is the distance to the stop, at least `min_stop_frac` of the price. 38 750 with a stop at 36 650, a commission of
    0.00015 and a tax of 0.0020 is 2 184.61.
    """
    # One fraction at the end instead of six on the way: this runs for every signal.
    a, b, c = min_stop_frac.denominator, commission.denominator, tax.denominator
    distance = max((price - stop) * a, price * min_stop_frac.numerator)
    charged = (price + stop) * commission.numerator
    return Fraction(distance * b * c + charged * a * c + stop * tax.numerator * a * b, a * b * c)
