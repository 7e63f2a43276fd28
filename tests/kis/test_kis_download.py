"""History is fetched by the broker's protocol, goes on where it was, and reads like any other folder of files."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable
from pathlib import Path

import numpy as np
import pytest
from pydantic import SecretStr

from kats_core.kis.archive import Archive
from kats_core.kis.client import open_client
from kats_core.kis.download import Download, listed, session_of_masters
from kats_core.kis.errors import KisError
from kats_core.kis.settings import Keys
from kats_core.kis.wire.orders import Account
from kats_core.market.calendar import krx_calendar
from kats_core.market.source import SourceError
from kats_core.market.tables import DIVIDENDS, FLOWS, QUARTERS, SideTable
from kats_core.model import time
from kats_core.simulator.faults import Fault, FaultKind
from kats_core.simulator.gateway import Pace
from kats_core.simulator.server import Simulator, SimulatorConfig
from kats_core.sources.files import FilesParams, build
from kats_core.sources.sample.market import SampleSource

SOURCE = SampleSource(7, 400)
DAY = dt.date(2024, 12, 12)
LAST = krx_calendar().previous_session(DAY)
FIRST = dt.date(2024, 3, 4)
SYMBOLS = ("990010", "990420", "990570")


def against_simulator(home: Path, work: Callable[[Download], Awaitable[None]], *faults: Fault) -> Archive:
    """Do some work with a download from a simulator at the end of a day."""
    archive = Archive(home / "data")

    async def run() -> None:
        config = SimulatorConfig(
            start=time.at(DAY, dt.time(16, 30)),
            speed=0.0,
            source=SOURCE,
            pace=Pace(prod=None, vps=None, token_every=0.0),
            faults=faults,
        )
        async with Simulator(config) as simulator:
            own = simulator.prod
            keys = Keys(
                env="prod",
                app_key=SecretStr(own.app_key),
                app_secret=SecretStr(own.app_secret),
                rest_url=simulator.rest_url,
                stream_url=simulator.ws_url,
                master_url=simulator.master_url,
                account=Account(number=own.account, product=own.product),
                hts_id=own.hts_id,
                calls_per_second=18.0,
            )
            async with open_client(keys, home) as client:
                await work(Download(client, archive))

    asyncio.run(run())
    return archive


def test_the_days_that_come_are_those_of_the_exchange(tmp_path: Path) -> None:
    """More than a page of them (100 rows), each with its five figures; the panel is the exchange's own."""

    async def work(download: Download) -> None:
        await download.masters(DAY)
        await download.days(SYMBOLS, (FIRST, LAST))
        await download.indices((FIRST, LAST))

    archive = against_simulator(tmp_path, work)
    found = build(FilesParams(paths=(str(archive.folder),)))
    panel, wanted = found.history(FIRST, LAST), SOURCE.history(FIRST, LAST)
    assert panel.sessions == wanted.sessions
    assert len(panel.sessions) > 100
    assert panel.symbols == SYMBOLS
    columns = [wanted.column[symbol] for symbol in SYMBOLS]
    for name in ("open", "high", "low", "close", "volume"):
        np.testing.assert_array_equal(getattr(panel, name), getattr(wanted, name)[:, columns], err_msg=name)
    assert {one.symbol: one.market for one in panel.instruments} == {
        one.symbol: one.market for one in wanted.instruments if one.symbol in SYMBOLS
    }
    index, own = found.indices()["KOSPI"], SOURCE.indices()["KOSPI"]
    assert index.sessions[-1] == LAST
    np.testing.assert_allclose(index.close[-1], own.until(LAST).close[-1], atol=0.01)


def test_the_largest_companies_are_those_of_the_masters(tmp_path: Path) -> None:
    """By their market cap of the last close, which is kept as that evening's; without masters nobody knows who is listed."""
    with pytest.raises(SourceError, match="no list of what is listed"):
        listed(Archive(tmp_path / "data"), 10)
    archive = against_simulator(tmp_path, lambda download: download.masters(DAY))
    (caps,) = archive.rows("shares", SYMBOLS[0])
    assert caps["date"] == LAST
    panel = SOURCE.history(LAST, LAST)
    close = int(panel.close[0, panel.column[SYMBOLS[0]]])
    assert caps["market_cap_krw"] == pytest.approx(close * caps["listed_shares"], abs=10**8, rel=1e-3)
    assert len(listed(archive, 10)) == 10
    assert set(listed(archive, None)) >= set(SYMBOLS)


def test_a_second_download_asks_only_for_what_is_missing(tmp_path: Path) -> None:
    """A fault in the first symbols' place would stop it, were they asked for again."""
    middle = krx_calendar().previous_session(dt.date(2024, 9, 2))

    async def first(download: Download) -> None:
        await download.days(SYMBOLS[:2], (FIRST, middle))

    async def then(download: Download) -> None:
        await download.days(SYMBOLS, (FIRST, LAST))

    against_simulator(tmp_path, first)
    archive = against_simulator(tmp_path, then)
    panel = build(FilesParams(paths=(str(archive.folder),))).history(FIRST, LAST)
    assert panel.present.all()
    assert panel.symbols == SYMBOLS

    def nobody(download: Download) -> Awaitable[None]:
        return download.days(SYMBOLS, (FIRST, LAST))

    against_simulator(tmp_path, nobody, Fault(kind=FaultKind.ERROR, where="*", status=500, code="EGW00304"))


def test_what_has_come_before_a_failure_is_kept(tmp_path: Path) -> None:
    """Nothing is half-written, and the next one goes on."""

    async def work(download: Download) -> None:
        await download.days(SYMBOLS[:1], (FIRST, LAST))
        await download.days(SYMBOLS[1:], (FIRST, LAST))

    with pytest.raises(KisError):
        against_simulator(tmp_path, work, Fault(kind=FaultKind.RESET, where="*", after=6))
    kept = Archive(tmp_path / "data")
    assert kept.covered("daily_adjusted", SYMBOLS[0]) == (FIRST, LAST)
    assert kept.covered("daily_adjusted", SYMBOLS[2]) is None


def test_a_symbol_that_was_adjusted_since_is_downloaded_anew(tmp_path: Path) -> None:
    """Two scales are never spliced: the last day that was known has another close now."""

    async def work(download: Download) -> None:
        await download.days(SYMBOLS[:1], (FIRST, LAST))

    archive = against_simulator(tmp_path, work)
    rows = archive.rows("daily_adjusted", SYMBOLS[0])
    before = krx_calendar().previous_session(LAST)
    halved = [row | {name: row[name] // 2 for name in ("open", "high", "low", "close")} for row in rows]
    archive.put("daily_adjusted", SYMBOLS[0], halved[:-1], (FIRST, before), anew=True)
    archive.save()
    again = against_simulator(tmp_path, work)
    assert again.rows("daily_adjusted", SYMBOLS[0]) == rows


def test_flows_go_as_far_back_as_the_bars(tmp_path: Path) -> None:
    """Nine months, in answers of thirty sessions; each day's net buying is the exchange's own."""

    async def work(download: Download) -> None:
        await download.days(SYMBOLS, (FIRST, LAST))
        await download.flows(SYMBOLS, (FIRST, LAST))

    archive = against_simulator(tmp_path, work)
    own, sessions = SOURCE.tables()[FLOWS], krx_calendar().sessions(FIRST, LAST)
    for symbol in SYMBOLS:
        rows = archive.rows("flows", symbol)
        assert [row["date"] for row in rows] == list(sessions)
        for name in ("inst_net_shares", "foreign_net_shares"):
            wanted = own.daily(name, [symbol], sessions)[:, 0]
            np.testing.assert_array_equal([row[name] for row in rows], wanted, err_msg=symbol)
        assert archive.covered("flows", symbol) == (FIRST, LAST)
    assert FLOWS in build(FilesParams(paths=(str(archive.folder),))).tables()


def test_reports_have_earnings_a_share(tmp_path: Path) -> None:
    """Sums since the year began, whose single quarters are what the companies have told by the day."""

    async def work(download: Download) -> None:
        await download.days(SYMBOLS, (FIRST, LAST))
        await download.reports(SYMBOLS, (FIRST, LAST))

    archive = against_simulator(tmp_path, work)
    own, found = SOURCE.tables()[QUARTERS], build(FilesParams(paths=(str(archive.folder),))).tables()[QUARTERS]
    compared = 0
    for symbol in SYMBOLS:
        told = quarters(own, symbol)
        for period, (eps, net_income) in quarters(found, symbol).items():
            # The broker writes hundredths of a won and hundredths of a hundred million.
            assert eps == pytest.approx(told[period][0], abs=0.03)
            assert net_income == pytest.approx(told[period][1], abs=3e6)
            compared += 1
    assert compared > 3 * len(SYMBOLS)


def quarters(table: SideTable, symbol: str) -> dict[str, tuple[float, float]]:
    """Return earnings a share and net income by the quarter's last day."""
    own = table.rows_of[symbol]
    columns = (table.columns["eps_krw"][own], table.columns["net_income_krw"][own])
    return {
        str(period): (float(eps), float(income))
        for period, eps, income in zip(table.period[own], *columns, strict=True)
    }


def test_dividends_are_those_that_companies_have_told(tmp_path: Path) -> None:
    """By record date, won a share; one that is announced later is not there yet."""
    own = SOURCE.tables()[DIVIDENDS]
    payers = [symbol for symbol in own.symbols if symbol in own.rows_of][:12]

    async def work(download: Download) -> None:
        await download.days(payers, (FIRST, LAST))
        await download.dividends(payers, (FIRST, LAST))

    archive = against_simulator(tmp_path, work)
    paid = 0
    for symbol in payers:
        wanted = {
            own.period[n].astype(dt.date): own.columns["dps_krw"][n]
            for n in range(own.rows_of[symbol].start, own.rows_of[symbol].stop)
            if own.period[n].astype(dt.date) >= FIRST and own.available_from[n].astype(dt.date) < DAY
        }
        got = {row["record_date"]: row["dps_krw"] for row in archive.rows("dividends", symbol)}
        assert got == {day: round(won) for day, won in wanted.items()}
        paid += len(got)
    assert paid


def test_the_calendar_comes_once_a_day(tmp_path: Path) -> None:
    """Which days are sessions, as the broker knows them."""
    archive = against_simulator(tmp_path, lambda download: download.calendar(DAY))
    assert any(row["date"] == DAY and row["is_session"] for row in archive.rows("calendar", "KRX"))


def test_the_most_traded_are_those_of_the_brokers_ranking(tmp_path: Path) -> None:
    """By value so far today; shares that are listed, no funds."""
    found: list[str] = []

    async def work(download: Download) -> None:
        await download.masters(DAY)
        found.extend(await download.most_traded(5))

    archive = against_simulator(tmp_path, work)
    panel = SOURCE.history(DAY, DAY)
    shares = {*listed(archive, None)}
    ranked = sorted((-value, symbol) for value, symbol in zip(panel.value[0], panel.symbols, strict=True))
    assert found == [symbol for _, symbol in ranked if symbol in shares][:5]


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """Exit code 2 with the path; nothing is overwritten."""
    path = tmp_path / "data" / "daily_adjusted.parquet"
    path.parent.mkdir()
    path.write_bytes(b"no parquet")
    with pytest.raises(SourceError, match=r"daily_adjusted\.parquet"):
        Archive(path.parent).covered("daily_adjusted", "005930")
    assert path.read_bytes() == b"no parquet"


@pytest.mark.parametrize(
    ("clock", "described"),
    [
        ("2024-12-12 07:29", LAST),
        ("2024-12-12 07:30", DAY),
        ("2024-12-12 18:00", DAY),
        ("2024-12-14 12:00", "2024-12-13"),
    ],
)
def test_the_masters_of_a_morning_are_those_of_its_session(clock: str, described: dt.date | str) -> None:
    """Before they are new, and on days without a session, those of the last one: who may be traded today is not known yet."""
    now = time.from_datetime(dt.datetime.fromisoformat(clock).replace(tzinfo=time.KST))
    assert str(session_of_masters(now)) == str(described)
