"""List every table of exchange rules, for people who check them and for the test that each row has its source."""

from __future__ import annotations

from typing import Any

from kats_core.market import breakers, costs, limits, phases, sessions, settlement, ticks
from kats_core.market.dated import Dated


def rule_tables() -> tuple[Dated[Any], ...]:
    """Return the tables of all modules."""
    modules = (ticks, limits, costs, settlement, sessions, phases, breakers)
    return tuple(table for module in modules for table in module.TABLES)
