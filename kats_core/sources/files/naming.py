"""Know the columns of side tables by the names that other people give them, and which tables a file's columns can make.

Nothing here reads a file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from itertools import chain

from kats_core.market.tables import DIVIDENDS, FLOWS, QUARTERS, SHARES, YEARS
from kats_core.sources.files.params import FileKind

AMOUNTS = ("revenue_krw", "operating_profit_krw", "net_income_krw", "eps_krw")
"""Figures of a report."""

CUMULATIVE = {name: name.replace("_krw", "_cum_krw") for name in AMOUNTS}
"""The same from the fiscal year's start."""

FLOW_UNITS = {"inst_net": ("inst_net_shares", "inst_net_krw"), "foreign_net": ("foreign_net_shares", "foreign_net_krw")}
"""Net buying without a unit, and in shares and won."""

ALIASES: Mapping[str, tuple[str, ...]] = {
    "listed_shares": ("shares", "상장주식수"),
    "market_cap_krw": ("marcap", "시가총액"),
    "inst_net_shares": (),
    "foreign_net_shares": (),
    "inst_net_krw": (),
    "foreign_net_krw": (),
    "inst_net": ("institution_net",),
    "foreign_net": (),
    "foreign_hold": ("foreign_hold_shares",),
    "fiscal_year": (),
    "period": (),
    "period_end": (),
    "filed": ("rcept_dt", "filing_date"),
    "reported_as": (),
    "revenue_krw": ("revenue",),
    "operating_profit_krw": ("op_income", "operating_income", "operating_profit"),
    "net_income_krw": ("net_income",),
    "eps_krw": (),
    "revenue_cum_krw": ("revenue_cum",),
    "operating_profit_cum_krw": ("operating_income_cum", "op_income_cum", "operating_profit_cum"),
    "net_income_cum_krw": ("net_income_cum",),
    "eps_cum_krw": ("eps_cum",),
    "record_date": (),
    "pay_date": ("paid_on",),
    "announced": ("confirmed_on",),
    "dps_krw": ("dps",),
    "sector": ("업종",),
    "listed": ("list_date", "상장일"),
    "delisted": ("delist_date", "폐지일"),
    "stock_kind": ("주식종류",),
    "security_group": ("증권구분",),
    "section": ("소속부",),
    "leverage_inverse": (),
    "annual_dps_krw": ("annual_dps",),
}
"""KATS's name, and others' names of the same thing in the same unit. A name that leaves the unit open is no alias."""


_BROKERS = {
    "open": "stck_oprc",
    "high": "stck_hgpr",
    "low": "stck_lwpr",
    "close": "stck_clpr",
    "volume": "acml_vol",
    "value": "acml_tr_pbmn",
}


def brokers_columns(header: Iterable[str]) -> dict[str, str]:
    """Return the columns of bars that a file has under the names of the broker's daily chart only."""
    there = set(header)
    return {name: other for name, other in _BROKERS.items() if other in there and name not in there}


def known_columns(header: Iterable[str]) -> dict[str, str]:
    """Return the columns of a side table by their own names and by KATS's."""
    columns = {column: column for column in header}
    for name, others in ALIASES.items():
        found = next((column for column in (name, *others) if column in columns), None)
        if found is not None:
            columns[name] = found
    return columns


def tables_of(kind: FileKind, columns: Set[str]) -> tuple[str, ...]:
    """Return the side tables that a file of this kind can make; `columns` are KATS's names."""
    if "symbol" not in columns:
        return ()
    match kind:
        case FileKind.SNAPSHOT if "date" in columns and columns & {"listed_shares", "market_cap_krw"}:
            return (SHARES,)
        case FileKind.FLOWS if "date" in columns and columns & {*FLOW_UNITS, *chain(*FLOW_UNITS.values())}:
            return (FLOWS,)
        case FileKind.FUNDAMENTALS:
            return tuple(_report_tables(columns))
    return ()


def _report_tables(columns: Set[str]) -> Iterator[str]:
    is_cumulative = columns >= {"period", "period_end", "fiscal_year"} and columns & {*CUMULATIVE.values()}
    has_amounts = "period" not in columns and bool(columns & {*AMOUNTS})
    if is_cumulative or (has_amounts and "period_end" in columns):
        yield QUARTERS
    if is_cumulative or (has_amounts and "period_end" not in columns and "fiscal_year" in columns):
        yield YEARS
    if columns >= {"record_date", "announced", "dps_krw"}:
        yield DIVIDENDS
