"""Compare what is in use in a sector with its part of the account (`spec/risk.md` section 2.5)."""

from __future__ import annotations

from kats_core.api import (
    EQUITY,
    GRADE,
    SECTOR,
    Grade,
    Numbers,
    Proposal,
    Room,
    StageContext,
    Verdict,
    approve,
    fit,
    reject,
    shares_within,
    to_ratio,
)
from kats_risk_sector_limit import Params, SectorCode


class SectorLimit:
    """The sector stage. Keeps no state."""

    def __init__(self, params: Params) -> None:
        self._sector_max = to_ratio(params.sector_max)
        self._sector_max_count = params.sector_max_count

    def check(self, proposal: Proposal, context: StageContext) -> Verdict:
        """Let as many shares pass as the sector has room for; a fund belongs to none."""
        grade, equity = context.fact(GRADE).value, context.fact(EQUITY).value
        if grade == Grade.ETF:
            return approve(proposal.quantity or 0)
        sector = context.fact(SECTOR).value
        if not (isinstance(sector, str) and sector):
            return reject(SectorCode.SECTOR_UNKNOWN)
        if not isinstance(equity, int):
            return reject(SectorCode.INPUT_MISSING, {"input": EQUITY})

        used = context.exposure
        there = used.of_sector(sector)
        detail: Numbers = {"sector": sector, "used_sector": there.total, "symbols": len(there.symbols)}
        if proposal.symbol not in used.symbols and len(there.symbols) >= self._sector_max_count:
            return reject(SectorCode.SECTOR_COUNT, detail)
        shares = shares_within(self._sector_max, equity, there.total, proposal.entry_limit)
        return fit(proposal, (Room(SectorCode.SECTOR_MAX, shares),), detail)
