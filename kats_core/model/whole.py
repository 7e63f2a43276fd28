"""Tell whole numbers from everything that only compares like one.

Prices, quantities and instants are Python integers. A float is none, so NaN is none; neither is an integer of numpy, which
would be computed with and then have no form in the decision log.
"""

from __future__ import annotations

_INT = {int}


def are_whole(*values: object) -> bool:
    """Tell whether every value is a Python integer."""
    return {*map(type, values)} == _INT
