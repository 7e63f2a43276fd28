"""Side tables of the files source: each record from the evening on which it was known, and nothing that must be guessed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kats_core.market.calendar import krx_calendar
from kats_core.market.dividends import payouts
from kats_core.market.source import SourceError
from kats_core.market.tables import DIVIDENDS, FLOWS, QUARTERS, SHARES, YEARS, SideTable
from kats_core.model.labels import worded
from kats_core.sources.files import CatalogueEntry, FilesParams, build
from kats_core.sources.files.source import FilesSource

BARS = {"date": ["2025-03-03"], "symbol": ["005930"], "open": [9], "high": [9], "low": [9], "close": [9], "volume": [1]}
DATA = Path(__file__).parents[2].parent / "shared" / "data"


def source(folder: Path, files: Mapping[str, Mapping[str, Any]], *entries: CatalogueEntry) -> FilesSource:
    """Return the source of a folder with bars and these files."""
    for name, columns in {"bars.parquet": BARS, **files}.items():
        pq.write_table(pa.table(dict(columns)), folder / name)
    return build(FilesParams(paths=(str(folder),), catalogue=entries))


def rows(table: SideTable, symbol: str, column: str) -> list[tuple[str, str, float]]:
    """Return a symbol's records as (period, available from, value)."""
    where = table.rows_of[symbol]
    dates = zip(table.period[where].tolist(), table.available_from[where].tolist(), strict=True)
    return [(str(a), str(b), c) for (a, b), c in zip(dates, table.columns[column][where].tolist(), strict=True)]


def test_market_caps_are_known_on_the_evening_of_their_day(tmp_path: Path) -> None:
    """Shares and caps of a snapshot; what is not positive is missing."""
    snapshot = {
        "date": ["2025-03-05", "2025-03-04"],
        "symbol": ["000660", "000660"],
        "shares": [100, 90],
        "marcap": [0, 900_000],
    }
    table = source(tmp_path, {"snapshot.parquet": snapshot}).tables()[SHARES]
    assert rows(table, "000660", "listed_shares") == [
        ("2025-03-04", "2025-03-04", 90.0),
        ("2025-03-05", "2025-03-05", 100.0),
    ]
    assert np.isnan(table.columns["market_cap_krw"]).tolist() == [False, True]


def test_where_two_files_have_a_day_of_a_symbol_the_higher_priority_wins(tmp_path: Path) -> None:
    """The other file fills the days that the winner does not have."""
    one = {"date": ["2025-03-04", "2025-03-05"], "symbol": ["000660"] * 2, "shares": [1, 2]}
    two = {"date": ["2025-03-05", "2025-03-06"], "symbol": ["000660"] * 2, "shares": [20, 30]}
    entry = CatalogueEntry(path="two.parquet", priority=1)
    table = source(tmp_path, {"one.parquet": one, "two.parquet": two}, entry).tables()[SHARES]
    assert table.columns["listed_shares"].tolist() == [1.0, 20.0, 30.0]


def test_cumulative_reports_become_single_quarters(tmp_path: Path) -> None:
    """Each less the one before it in its year, known when both were: 45 days after a quarter, 90 after the year."""
    reports = {
        "symbol": ["000660"] * 4,
        "fiscal_year": [2024] * 4,
        "period": ["FY", "9M", "H1", "Q1"],
        "period_end": ["2024-12-31", "2024-09-30", "2024-06-30", "2024-03-31"],
        "revenue_cum": [1000.0, 600.0, 350.0, 150.0],
    }
    table = source(tmp_path, {"reports.parquet": reports}).tables()[QUARTERS]
    assert rows(table, "000660", "revenue_krw") == [
        ("2024-03-31", "2024-05-15", 150.0),
        ("2024-06-30", "2024-08-14", 200.0),
        ("2024-09-30", "2024-11-14", 250.0),
        ("2024-12-31", "2025-03-31", 400.0),
    ]
    years = build(FilesParams(paths=(str(tmp_path),))).tables()[YEARS]
    assert rows(years, "000660", "revenue_krw") == [("2024-12-31", "2025-03-31", 1000.0)]


def test_a_quarter_without_the_report_before_it_is_missing(tmp_path: Path) -> None:
    """Nine months less three would be two quarters; what cannot be told apart is left out and said."""
    reports = {
        "symbol": ["000660"] * 2,
        "fiscal_year": [2024] * 2,
        "period": ["Q1", "9M"],
        "period_end": ["2024-03-31", "2024-09-30"],
        "net_income_cum": [150.0, 600.0],
    }
    files = source(tmp_path, {"reports.parquet": reports})
    assert rows(files.tables()[QUARTERS], "000660", "net_income_krw") == [("2024-03-31", "2024-05-15", 150.0)]
    assert any("1 quarters are missing" in note for note in files.notes())


def test_a_filing_date_goes_before_any_delay(tmp_path: Path) -> None:
    """A report that came late was unknown until then, one that came early is used early."""
    annual = {
        "symbol": ["000660", "000660", "005930"],
        "fiscal_year": [2023, 2023, 2023],
        "rcept_dt": [dt.date(2024, 3, 12), dt.date(2024, 6, 1), None],
        "revenue": [100.0, 101.0, 7.0],
    }
    table = source(tmp_path, {"annual.parquet": annual}).tables()[YEARS]
    assert rows(table, "000660", "revenue_krw") == [
        ("2023-12-31", "2024-03-12", 100.0),
        ("2023-12-31", "2024-06-01", 101.0),
    ]
    assert rows(table, "005930", "revenue_krw") == [("2023-12-31", "2024-03-30", 7.0)]


def test_a_year_that_was_filed_before_it_ended_is_left_out(tmp_path: Path) -> None:
    """Its fiscal year ends in another month, and nothing says in which."""
    annual = {"symbol": ["000660"], "fiscal_year": [2024], "rcept_dt": ["2024-06-19"], "revenue": [100.0]}
    files = source(tmp_path, {"annual.parquet": annual})
    assert len(files.tables()[YEARS]) == 0
    assert any("left out 1 reports whose fiscal year" in note for note in files.notes())


def test_flows_whose_unit_nobody_states_are_left_out(tmp_path: Path) -> None:
    """`inst_net` may be shares, won or millions of won; a mapping settles it."""
    flows = {"date": ["2025-03-04"], "symbol": ["000660"], "inst_net": [5], "foreign_net": [-7]}
    files = source(tmp_path, {"flows.parquet": flows})
    assert len(files.tables()[FLOWS]) == 0
    assert any("inst_net and foreign_net are shares or won" in note for note in files.notes())
    entry = CatalogueEntry(path="flows.parquet", columns={"inst_net_krw": "inst_net", "foreign_net_krw": "foreign_net"})
    table = source(tmp_path, {"flows.parquet": flows}, entry).tables()[FLOWS]
    assert rows(table, "000660", "foreign_net_krw") == [("2025-03-04", "2025-03-04", -7.0)]


def test_flows_by_which_the_holdings_move_are_shares(tmp_path: Path) -> None:
    """The file itself proves its unit."""
    flows = {
        "date": ["2025-03-04", "2025-03-05", "2025-03-06"],
        "symbol": ["000660"] * 3,
        "inst_net": [1, 2, 3],
        "foreign_net": [10, 20, -30],
        "foreign_hold": [1000, 1020, 990],
    }
    table = source(tmp_path, {"flows.parquet": flows}).tables()[FLOWS]
    assert table.columns["inst_net_shares"].tolist() == [1.0, 2.0, 3.0]


def test_dividends_count_from_their_announcement(tmp_path: Path) -> None:
    """Without one a dividend cannot be dated: known today is not known then."""
    dividends = {
        "symbol": ["000660", "005930"],
        "record_date": ["2025-03-31", "2025-03-31"],
        "announced": ["2025-02-13", None],
        "dps": [300, 361],
    }
    files = source(tmp_path, {"dividends.parquet": dividends})
    assert rows(files.tables()[DIVIDENDS], "000660", "dps_krw") == [("2025-03-31", "2025-02-13", 300.0)]
    assert any("left out 1 dividends" in note for note in files.notes())


def test_a_dividend_may_say_when_it_is_paid(tmp_path: Path) -> None:
    """Where a file knows no day of payment, the usual one counts."""
    dividends = {
        "symbol": ["000660", "005930"],
        "record_date": ["2025-03-31", "2025-03-31"],
        "announced": ["2025-02-13", "2025-02-13"],
        "pay_date": ["2025-04-18", None],
        "dps": [300, 361],
    }
    table = source(tmp_path, {"dividends.parquet": dividends}).tables()[DIVIDENDS]
    assert [one.paid_on for one in payouts(table, krx_calendar())] == [dt.date(2025, 4, 18), None]


def test_yearly_dividends_without_a_record_date_are_no_table(tmp_path: Path) -> None:
    """The exchange's yearly ratios say how much, not when."""
    yearly = {"date": ["2024-12-31"], "symbol": ["000660"], "per": [9.0], "eps": [100], "dps": [30]}
    files = source(tmp_path, {"yearly.parquet": yearly})
    assert not files.tables()
    assert any(note.startswith("yearly.parquet: left alone, fundamentals") for note in files.notes())


def test_other_peoples_columns_are_mapped_like_those_of_bars(tmp_path: Path) -> None:
    """The catalogue entry gives KATS's name, then the file's."""
    snapshot = {"일자": ["2025-03-04"], "종목코드": ["000660"], "상장주식수": [100]}
    entry = CatalogueEntry(
        path="*.parquet", columns={"date": "일자", "symbol": "종목코드", "listed_shares": "상장주식수"}
    )
    for name, columns in {"bars": BARS, "snapshot": snapshot}.items():
        (tmp_path / name).mkdir()
        pq.write_table(pa.table(dict(columns)), tmp_path / name / f"{name}.parquet")
    paths = (str(tmp_path / "bars" / "bars.parquet"), str(tmp_path / "snapshot"))
    files = build(FilesParams(paths=paths, catalogue=(entry.model_copy(update={"path": "snapshot.parquet"}),)))
    assert rows(files.tables()[SHARES], "000660", "listed_shares") == [("2025-03-04", "2025-03-04", 100.0)]


def test_a_mapping_to_a_column_that_is_not_there_names_the_columns(tmp_path: Path) -> None:
    """A slip in the YAML is not a table without values."""
    snapshot = {"date": ["2025-03-04"], "symbol": ["000660"], "shares": [100]}
    entry = CatalogueEntry(path="snapshot.parquet", columns={"market_cap_krw": "caps"})
    with pytest.raises(SourceError, match="no column caps; the file has date, symbol, shares"):
        source(tmp_path, {"snapshot.parquet": snapshot}, entry)


def test_two_records_that_disagree_stop_the_run(tmp_path: Path) -> None:
    """Which of them is true nobody knows; both rows are named. The same thing said twice is no harm."""
    same = {"date": ["2025-03-04"] * 2, "symbol": ["000660"] * 2, "shares": [100, 100]}
    assert len(source(tmp_path, {"snapshot.parquet": same}).tables()[SHARES]) == 1
    with pytest.raises(SourceError, match=r"row 2 \(2025-03-04, 000660\): listed_shares is 101, but 100 in row 1"):
        assert source(tmp_path, {"snapshot.parquet": same | {"shares": [100, 101]}}).tables()[SHARES]


def test_tables_are_read_when_somebody_asks(tmp_path: Path) -> None:
    """A damaged side table does not disturb a run that needs none; the panel's past is not read either."""
    bad = {"date": ["2025-03-04"], "symbol": ["660"], "shares": [100]}
    files = source(tmp_path, {"snapshot.parquet": bad})
    tables = files.tables()
    assert list(tables) == [SHARES]
    with pytest.raises(SourceError, match="symbol is '660'"):
        assert tables[SHARES]


def test_side_tables_alone_are_no_data_to_trade(tmp_path: Path) -> None:
    """They are welcome beside bars, as files or folders of their own."""
    pq.write_table(pa.table(BARS), tmp_path / "bars.parquet")
    pq.write_table(pa.table({"date": ["2025-03-04"], "symbol": ["000660"], "shares": [1]}), tmp_path / "shares.parquet")
    bars, shares = str(tmp_path / "bars.parquet"), str(tmp_path / "shares.parquet")
    assert list(build(FilesParams(paths=(bars, shares))).tables()) == [SHARES]
    with pytest.raises(SourceError, match="no file with daily or minute bars"):
        build(FilesParams(paths=(shares,)))


def test_side_tables_are_part_of_the_datas_identity(tmp_path: Path) -> None:
    """Other caps are other data: they can change every decision."""
    snapshot = {"date": ["2025-03-04"], "symbol": ["000660"], "shares": [100]}
    one = source(tmp_path, {"snapshot.parquet": snapshot}).identity()
    assert source(tmp_path, {"snapshot.parquet": snapshot}).identity() == one
    assert source(tmp_path, {"snapshot.parquet": snapshot | {"shares": [101]}}).identity() != one


@pytest.mark.realdata
@pytest.mark.skipif(not DATA.is_dir(), reason="no recorded market beside the house")
def test_the_recorded_market_has_four_side_tables() -> None:
    """Caps of half a million days, flows in shares, quarters and years; dividends have no dates there."""
    files = build(FilesParams(paths=(str(DATA),)))
    tables = files.tables()
    assert set(tables) >= {SHARES, FLOWS, QUARTERS, YEARS}
    assert DIVIDENDS not in tables
    assert rows(tables[SHARES], "005930", "listed_shares")[0] == ("2020-03-27", "2020-03-27", 5_969_782_550.0)
    assert set(tables[FLOWS].columns) == {"inst_net_shares", "foreign_net_shares"}
    latest = rows(tables[QUARTERS], "005930", "revenue_krw")[-1]
    assert latest == ("2025-09-30", "2025-11-14", 86_061_747_000_000.0)
    assert rows(tables[YEARS], "005930", "revenue_krw")[-1][:2] == ("2024-12-31", "2025-03-11")


def test_a_note_on_rows_of_which_two_tables_are_made_is_told_once(tmp_path: Path) -> None:
    """Quarters and years come from the same reports; it can be read in both languages."""
    reports = {
        "symbol": ["000660"] * 2,
        "fiscal_year": [2024] * 2,
        "period": ["FY", "Q1"],
        "period_end": ["2024-12-31", "2024-03-31"],
        "revenue_cum": [1000.0, 150.0],
        "reported_as": ["prior-year column", "own"],
    }
    files = source(tmp_path, {"reports.parquet": reports})
    tables = files.tables()
    assert len(tables[QUARTERS]) == len(tables[YEARS]) == 1
    told = [note for note in files.notes() if "comparison column" in note]
    assert len(told) == 1
    assert "보고서 2건 중 1건은 다음 해 보고서의 전기 비교값" in str(worded(told[0], "ko"))
