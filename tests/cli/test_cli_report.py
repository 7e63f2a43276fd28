"""`kats backtest` leaves figures, tables and a page; `kats report` makes the page anew from the folder alone."""

from __future__ import annotations

import csv
import json
import re
import shutil
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

DAYS = ("--from", "2026-10-20", "--to", "2026-12-30")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
WIDE, NARROW = 1440, 390
PATIENCE = 300_000
"""Milliseconds: a busy machine may take its time, a page that never draws itself must not."""


@pytest.fixture
def run(kats: Any) -> Path:
    """A run of three months with trades."""
    assert kats("backtest", *DAYS, "--out", "run", "--lang", "en").code == 0
    folder: Path = kats.folder / "run"
    return folder


class Outside(HTMLParser):
    """Collects what a page would load from elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [
            value for name, value in attrs if name in ("src", "href") and value and not value.startswith(("#", "data:"))
        ]


def test_figures_and_tables_agree_with_the_decisions(kats: Any, run: Path) -> None:
    """What the screen says is what the files say: trades, money, days."""
    metrics = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    with (run / "trades.csv").open(encoding="utf-8-sig", newline="") as file:
        trades = list(csv.DictReader(file))
    with (run / "equity.csv").open(encoding="utf-8-sig", newline="") as file:
        days = list(csv.DictReader(file))
    found = kats("backtest", *DAYS, "--json").json

    assert metrics["run"] == found["run"]
    assert metrics["statistics"] == found["statistics"]
    assert len(trades) == metrics["statistics"]["trades"] > 20
    assert sum(int(trade["net_profit_krw"]) for trade in trades) == metrics["statistics"]["profit"]
    assert [day["session"] for day in days] == found["sessions"]
    assert int(days[-1]["equity_krw"]) == found["equity"][-1]["equity"]
    assert min(float(day["drawdown"]) for day in days) == pytest.approx(
        metrics["statistics"]["max_drawdown"]["frac"], abs=1e-6
    )
    for name in ("strategy", "regime", "grade", "exit", "weekday", "hour"):
        groups = metrics["groups"][name]
        assert sum(group["count"] for group in groups) == len(trades)
        assert sum(group["profit"] for group in groups) == metrics["statistics"]["profit"]
    assert metrics["benchmark"]["name"] == "KOSPI"
    assert all(trade["regime"] and trade["grade"] in "ABCD" for trade in trades)


def test_the_page_is_made_again_from_the_folder_alone(kats: Any, run: Path) -> None:
    """Byte for byte, also when the folder was moved; another language gives another page."""
    first = (run / "report.html").read_bytes()
    moved = run.rename(kats.folder / "moved")
    (moved / "report.html").unlink()
    answer = kats("report", moved, "--lang", "en")
    assert (answer.code, answer.out.strip()) == (0, str(moved / "report.html"))
    assert (moved / "report.html").read_bytes() == first
    assert kats("report", moved, "--lang", "ko", "--out", "ko.html").code == 0
    korean = (kats.folder / "ko.html").read_text(encoding="utf-8")
    assert '<html lang="ko">' in korean
    assert "가장 나쁜 매매" in korean
    assert "Worst trades" not in korean
    assert (moved / "report.html").read_bytes() == first


def test_a_run_is_named_by_its_id_or_is_the_last_one(kats: Any) -> None:
    """As for `kats explain`."""
    found = kats("backtest", *DAYS, "--json").json
    page = str(Path(found["folder"]) / "report.html")
    assert kats("report", found["run"]["run_id"][:8]).out.strip() == page
    answer = kats("report", "--json").json
    assert answer == {"report": page, "bytes": Path(page).stat().st_size}


def test_the_page_needs_nothing_from_elsewhere(run: Path) -> None:
    """No address to load, and a policy that forbids the browser to."""
    text = (run / "report.html").read_text(encoding="utf-8")
    outside = Outside()
    outside.feed(text)
    assert outside.found == []
    assert "default-src 'none'" in text
    assert text.count("plotly.js v") == 1


def test_names_from_data_are_text_not_markup(kats: Any, run: Path) -> None:
    """A symbol called like a tag neither ends a script nor begins one."""
    described = json.loads((run / "run.json").read_text(encoding="utf-8"))
    names = described["run"]["instruments"]
    described["run"]["instruments"] = dict.fromkeys(names, "</script><img src=x onerror=alert(1)>")
    (run / "run.json").write_text(json.dumps(described), encoding="utf-8")
    assert kats("report", run).code == 0
    assert "<img" not in re.sub(
        r"<script>.*?</script>", "", (run / "report.html").read_text(encoding="utf-8"), flags=re.DOTALL
    )


def test_so_many_charts_as_are_asked_for(kats: Any, run: Path) -> None:
    """The worst, the best, the latest; the page says that others were left out."""
    kats("report", run, "--charts", "8", "--lang", "en")
    text = (run / "report.html").read_text(encoding="utf-8")
    packed = json.loads(text.partition('id="packed">')[2].partition("</script>")[0])
    with (run / "trades.csv").open(encoding="utf-8-sig", newline="") as file:
        trades = list(csv.DictReader(file))
    shown = {trade["n"] for trade in packed["trades"]}
    by_profit = sorted(trades, key=lambda trade: int(trade["net_profit_krw"]))
    assert len(shown) == 8
    assert {int(trade["number"]) for trade in (*by_profit[:2], *by_profit[-2:])} <= shown
    assert int(trades[-1]["number"]) in shown
    assert f"Charts of 8 of {len(trades)} trades" in text


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda run: (run / "run.json").unlink(), ("holds no run", "run.json is missing")),
        (lambda run: (run / "decisions.jsonl").unlink(), ("holds no run", "decisions.jsonl is missing")),
        (lambda run: (run / "run.json").write_bytes(b'{"v": 99, "run": {}}'), ("format 99", "reads 1")),
        (lambda run: (run / "run.json").write_bytes(b'{"v": 1, "ru'), ("run.json is damaged",)),
        (
            lambda run: (run / "decisions.jsonl").write_bytes(b'{"v":1}\n{"type":"trade","symb'),
            ("decisions.jsonl is damaged",),
        ),
        (lambda run: (run / "candles.parquet").write_bytes(b"PAR1"), ("candles.parquet is damaged",)),
        (
            lambda run: (run / "run.json").write_text(
                (run / "run.json").read_text(encoding="utf-8").replace('"DONE"', '"FAILED"'), encoding="utf-8"
            ),
            ("not complete", "failed"),
        ),
    ],
)
def test_what_is_no_complete_run_is_refused(kats: Any, run: Path, spoil: Any, words: tuple[str, ...]) -> None:
    """One line that names the folder or the file, exit code 2, and the page that was there stays."""
    before = (run / "report.html").read_bytes()
    spoil(run)
    answer = kats("report", run, "--lang", "en")
    assert answer.code == 2
    assert all(word in answer.err for word in ("run", *words))
    assert (run / "report.html").read_bytes() == before
    assert not list(run.glob(".*"))


def test_a_folder_that_is_not_there_and_a_run_without_folder_are_refused(kats: Any) -> None:
    """With what to do instead."""
    answer = kats("report", "nowhere/at/all", "--lang", "en")
    assert (answer.code, "nowhere/at/all" in answer.err) == (2, True)
    assert kats("report", "--lang", "en").code == 2
    (kats.folder / "file").write_text("x", encoding="utf-8")
    assert "is a file" in kats("report", kats.folder / "file", "--lang", "en").err


def test_a_run_without_trades_has_a_report_too(kats: Any) -> None:
    """It says so, and why nothing was bought."""
    kats.write("kats.yaml", "version: 1\nlimits: {max_positions: 0}\n")
    assert kats("backtest", "--from", "2026-11-02", "--to", "2026-11-30", "--out", "run", "--lang", "en").code == 0
    text = (kats.folder / "run" / "report.html").read_text(encoding="utf-8")
    assert "There were no trades in this period." in text
    assert "as many symbols" in text


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A Chromium; skipped where none is installed."""
    if CHROMIUM is None:
        pytest.skip("no Chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        # In a container the sandbox of Chromium cannot start.
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"], timeout=PATIENCE)
        yield opened
        opened.close()


def open_page(browser: Browser, path: Path, width: int, complaints: list[str]) -> Page:
    """Open a file without a network; collect whatever the page complains about or asks for."""
    context = browser.new_context(viewport={"width": width, "height": 900}, offline=True)
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "request",
        lambda request: None if request.url.startswith(("file:", "data:", "blob:")) else complaints.append(request.url),
    )
    page.goto(path.as_uri())
    page.wait_for_selector("html[data-drawn=yes]")
    return page


@pytest.mark.slow
@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_the_page_draws_itself_without_a_network(browser: Browser, run: Path, width: int) -> None:
    """Every chart is there, nothing complains, nothing is asked of the network, nothing hangs over the edge."""
    complaints: list[str] = []
    page = open_page(browser, run / "report.html", width, complaints)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    charts = page.query_selector_all(".chart")
    assert len(charts) >= 12
    assert all(chart.query_selector("svg.main-svg") for chart in charts)
    assert page.evaluate(
        "[...document.querySelectorAll('.chart')].every(c => c.getBoundingClientRect().width <= innerWidth)"
    )
    assert complaints == []
    page.context.close()


@pytest.mark.slow
def test_any_trade_can_be_looked_at(browser: Browser, run: Path) -> None:
    """Chosen from the list, by the arrows, or from the table of the worst: candles, levels, fills."""
    complaints: list[str] = []
    page = open_page(browser, run / "report.html", WIDE, complaints)
    with (run / "trades.csv").open(encoding="utf-8-sig", newline="") as file:
        trades = list(csv.DictReader(file))
    second = trades[1]
    page.click(f'#list [data-trade="{second["number"]}"]')
    page.wait_for_function(f'document.getElementById("trade-title").textContent.startsWith("#{second["number"]} ")')
    assert second["name"] in page.inner_text("#trade-title")
    drawn = page.evaluate("document.getElementById('candles').data.map(trace => [trace.type, trace.name, trace.y])")
    levels = {name: y for kind, name, y in drawn if kind == "scatter"}
    assert drawn[0][0] == "candlestick"
    assert levels["trigger"][0] == int(second["trigger_price"])
    assert levels["stop"][0] == int(second["stop_price"])
    assert levels["buy"][0] == float(second["entry_price"])
    page.click("#next")
    assert page.inner_text("#trade-title").startswith(f"#{trades[2]['number']} ")
    page.select_option("#order", "p")
    worst = min(trades, key=lambda trade: int(trade["net_profit_krw"]))
    assert page.inner_text("#trade-title").startswith(f"#{worst['number']} ")
    assert complaints == []
    page.context.close()
