"""State what `data: {use: files}` takes in YAML. Nothing here reads a file."""

from __future__ import annotations

from typing import Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from kats_core.model.kinds import Market, Scope
from kats_core.model.labels import Labelled

ColumnName: TypeAlias = Literal[
    "date",
    "datetime",
    "symbol",
    "open",
    "high",
    "low",
    "close",
    "volume",
    "value",
    "cum_value",
    "name",
    "market",
    "index",
    "advancing",
    "declining",
    "listed_shares",
    "market_cap_krw",
    "inst_net_shares",
    "foreign_net_shares",
    "inst_net_krw",
    "foreign_net_krw",
    "fiscal_year",
    "period",
    "period_end",
    "filed",
    "reported_as",
    "revenue_krw",
    "operating_profit_krw",
    "net_income_krw",
    "eps_krw",
    "revenue_cum_krw",
    "operating_profit_cum_krw",
    "net_income_cum_krw",
    "eps_cum_krw",
    "record_date",
    "pay_date",
    "announced",
    "dps_krw",
    "annual_dps_krw",
    "sector",
    "listed",
    "delisted",
    "stock_kind",
    "security_group",
    "section",
    "leverage_inverse",
]
"""What KATS calls a column: won, shares, KST. `value` is won traded, `cum_value` won traded since the open; `advancing` and
`declining` are the issues of an index that rose and fell; `_cum_krw` is since the fiscal year's start, and `period` then Q1, H1, 9M or FY; `filed` and `announced` are the days of publication."""


class FileKind(Labelled):
    """What a file holds: bars, or what is known beside them. Calendars and what is unknown are left alone."""

    DAILY = "daily", "일봉", "daily"
    MINUTE = "minute", "분봉", "minute"
    INDEX = "index", "지수", "index"
    SNAPSHOT = "snapshot", "시세 스냅샷", "snapshot"
    FLOWS = "flows", "수급", "flows"
    FUNDAMENTALS = "fundamentals", "재무", "fundamentals"
    MASTER = "master", "종목 마스터", "master"
    CALENDAR = "calendar", "달력", "calendar"
    UNKNOWN = "unknown", "알 수 없음", "unknown"


class CatalogueEntry(BaseModel):
    """Says about a file, or about several by a pattern, what its name and its columns do not say."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: str = Field(min_length=1, description="file name, or path below the folder; * and ? match as in a shell")
    kind: FileKind | None = Field(None, description="what the file holds; `unknown` leaves it alone")
    scope: Scope | None = Field(None, description="RAW as traded, ADJUSTED for splits and rights issues")
    priority: int = Field(0, description="where two files have bars of a symbol and a day, the higher one wins")
    columns: dict[ColumnName, str] = Field(default_factory=dict, description="KATS's name: the file's column")
    market: Market | None = Field(None, description="board of all its symbols, where the file has no column for it")


class FilesParams(BaseModel):
    """Where the bars and the side tables are, and what cannot be seen from them.

    ```yaml
    data:
      use: files
      paths: [data/daily, data/minute/2025q4.parquet]
      catalogue:
        - {path: "kis_*.parquet", kind: daily, scope: RAW, priority: 10, columns: {open: stck_oprc, high: stck_hgpr}}
    ```
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    paths: tuple[str, ...] = Field(min_length=1, description="files and folders; a folder is read with all below it")
    catalogue: tuple[CatalogueEntry, ...] = Field((), description="the first entry that matches a file counts")
