"""Say who belongs to the universe at all, and rank its members: common shares of KOSPI and KOSDAQ."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kats_core.market.arrays import BoolArray, FloatArray
from kats_core.market.screening.rules import ScreenRules
from kats_core.model.instrument import Instrument
from kats_core.model.kinds import InstrumentKind, Market
from kats_core.model.labels import Labelled

_COMMON_SHARE = "0"
"""Last character of a common share's code; preferred shares have others."""

_FOREIGN = ("900", "950")
"""First characters of the codes that the exchange gives to companies incorporated abroad."""

_SPAC = re.compile(r"스팩|기업인수목적")
_REIT = re.compile(r"리츠(\(|$)|위탁관리부동산투자회사")
_LEADING_NUMBER = re.compile(r"^\d+\s*")


class Exclusion(Labelled):
    """Why a symbol is outside the universe."""

    FUND = "FUND", "ETF·ETN·ELW", "a fund, note or warrant"
    OTHER_MARKET = "OTHER_MARKET", "코스피·코스닥 종목이 아님", "on neither KOSPI nor KOSDAQ"
    PREFERRED = "PREFERRED", "우선주", "a preferred share"
    FOREIGN = "FOREIGN", "외국 법인", "incorporated abroad"
    SPAC = "SPAC", "스팩", "a SPAC"
    REIT = "REIT", "리츠", "a REIT"


def exclusion(instrument: Instrument) -> Exclusion | None:
    """Return why an instrument does not belong to the universe, None when it does."""
    if instrument.kind is not InstrumentKind.STOCK:
        return Exclusion.FUND
    if instrument.market not in (Market.KOSPI, Market.KOSDAQ):
        return Exclusion.OTHER_MARKET
    if instrument.symbol[-1] != _COMMON_SHARE:
        return Exclusion.PREFERRED
    if instrument.symbol.startswith(_FOREIGN):
        return Exclusion.FOREIGN
    if _SPAC.search(instrument.name):
        return Exclusion.SPAC
    if _REIT.search(instrument.name):
        return Exclusion.REIT
    return None


def sector_name(text: str) -> str:
    """Return a sector without the number that some sources put before it: "09제약" and "24제약" are one."""
    return _LEADING_NUMBER.sub("", text).strip()


@dataclass(frozen=True)
class Ranking:
    """Ranks of each session, 1 the largest, NaN for who is not ranked; and where they go by turnover instead of size."""

    rank: FloatArray
    by_turnover: BoolArray


def ranked(candidates: BoolArray, market_cap: FloatArray, turnover: FloatArray, rules: ScreenRules) -> Ranking:
    """Rank the candidates of each session; equal values in the order of the columns.

    With `auto` a session goes by market cap if every candidate has one, else by turnover for all.
    """
    rank = np.full(market_cap.shape, np.nan)
    by_turnover = np.zeros(len(market_cap), dtype=np.bool_)
    for row, mask in enumerate(candidates):
        has_caps = rules.rank_by == "market_cap" or (
            rules.rank_by == "auto" and bool(mask.any()) and bool(np.isfinite(market_cap[row, mask]).all())
        )
        by_turnover[row] = not has_caps
        values = market_cap[row] if has_caps else turnover[row]
        known = np.flatnonzero(mask & np.isfinite(values))
        rank[row, known[np.argsort(-values[known], kind="stable")]] = np.arange(1, known.size + 1)
    return Ranking(rank, by_turnover)


def rank_within(groups: Sequence[str | None], values: FloatArray, members: BoolArray) -> FloatArray:
    """Return ranks inside each group, 1 the largest value; NaN without a group, without a value, or for no member."""
    names = {name: number for number, name in enumerate(sorted({g for g in groups if g is not None}))}
    number = np.array([-1 if g is None else names[g] for g in groups])
    rank = np.full(values.shape, np.nan)
    for row, own in enumerate(values):
        known = np.flatnonzero(members[row] & np.isfinite(own) & (number >= 0))
        order = known[np.lexsort((-own[known], number[known]))]
        ordered = number[order]
        starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]]) if order.size else order
        begin = np.repeat(starts, np.diff(np.r_[starts, order.size])) if order.size else order
        rank[row, order] = np.arange(order.size) - begin + 1
    return rank
