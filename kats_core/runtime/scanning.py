"""Let strategies that scan judge a session's minute bars at once, and hand out what they say of each.

A scan sees the whole session as arrays but answers each row from rows up to it; the conformance kit checks that, as it does
for `arm`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from kats_core.engine.state import StrategyInstance
from kats_core.market.arrays import BoolArray
from kats_core.market.minutes import MinuteBars
from kats_core.model.setup import Numbers, Scanned
from kats_core.strategy.contract import Scan, ScanningStrategy


class Scans:
    """What each strategy that scans says of one session's bars. One that fails is asked nowhere, and named."""

    def __init__(
        self,
        bars: MinuteBars,
        strategies: Iterable[StrategyInstance],
        on_fault: Callable[[StrategyInstance, Exception], None],
    ) -> None:
        self._scans: dict[str, Scan] = {}
        for instance in strategies:
            if not isinstance(instance.strategy, ScanningStrategy):
                continue
            try:
                # A strategy is a guest: one that cannot scan, or answers nonsense, buys nothing in this session.
                scan = _checked(instance.strategy.scan(bars), len(bars))
            except Exception as error:  # noqa: BLE001
                on_fault(instance, error)
                scan = Scan(np.zeros(len(bars), dtype=np.bool_))
            self._scans[instance.name] = scan

    def rows(self, instance: str) -> BoolArray | None:
        """Return where an instance is to be asked; None where it does not scan."""
        scan = self._scans.get(instance)
        return None if scan is None else scan.rows

    def of(self, row: int) -> tuple[Scanned, ...]:
        """Return what is said of one bar."""
        return tuple(Scanned(name, scan.rows.item(row), _numbers(scan, row)) for name, scan in self._scans.items())


def _numbers(scan: Scan, row: int) -> Numbers:
    cells = ((name, column.item(row)) for name, column in scan.numbers.items())
    return {name: value for name, value in cells if value == value}


def _checked(scan: object, count: int) -> Scan:
    """Return what `scan` answered; raises when it does not judge each row."""
    if not isinstance(scan, Scan):
        raise TypeError(f"scan answered {type(scan).__name__}, expected Scan")
    for name, column in {"rows": scan.rows, **scan.numbers}.items():
        shape = getattr(column, "shape", None)
        if shape != (count,):
            raise ValueError(f"scan: {name} has the shape {shape}, expected one cell for each of {count} bars")
    if scan.rows.dtype != np.bool_:
        raise TypeError(f"scan: rows are {scan.rows.dtype}, expected bool")
    return scan
