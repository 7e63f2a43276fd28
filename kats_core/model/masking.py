"""Show of a number no more than its owner needs to recognise it."""

from __future__ import annotations

_MOST_SHOWN = 4


def masked(number: str) -> str:
    """Return a number with all but its last four signs hidden, as a bank prints it; of a short one half at the most is shown."""
    hidden = max(len(number) - _MOST_SHOWN, (len(number) + 1) // 2)
    return "*" * hidden + number[hidden:]
