"""The page of `kats screen` at the widths that people have, in both languages; what it advises to type; what it asks back."""

from __future__ import annotations

import datetime as dt
import shlex
from typing import Any

import pytest
from rich.cells import cell_len
from rich.text import Text

from kats_core.cli.candidate_lines import Line, candidate_lines
from kats_core.cli.filling import filled
from kats_core.cli.nearest_symbols import nearest
from kats_core.market.calendar import krx_calendar

WIDTHS = (80, 100, 120)


def line(name: str, *fates: str) -> Line:
    """Return a candidate with the widest figures that there are."""
    checks = {"trend": "12345678", "fundamental": "12345", "canslim": "CANSLIM"}
    figures = {"code": "005930", "name": name, "grade": "A", "rank": "1,234", "stars": "4*", "strength": "100"}
    amounts = {"supply": "both bought", "turnover": "1,852억", "market_cap": "19.0조"}
    return Line(
        cells={key: Text(value) for key, value in {**figures, **checks, **amounts}.items()},
        counts={key: Text(f"{len(value)}/{len(value)}") for key, value in checks.items()},
        fates=[Text(fate) for fate in fates],
    )


@pytest.mark.parametrize("width", [*WIDTHS, 60])
def test_a_list_fits_and_cuts_no_figure(width: int) -> None:
    """The name gives way last, and only the name."""
    long = "한국투자밸류자산운용홀딩스"
    rows = [text.plain for text in candidate_lines([line(long, "earnings or revenue grew too little")], width)]
    assert all(cell_len(row) <= width for row in rows)
    for figure in ("005930", "1,234", "4*", "100", "both bought"):
        assert figure in rows[2]
    assert rows[3].strip() == "earnings or revenue grew too little"
    if width >= 100:
        assert all(figure in rows[2] for figure in ("12345678", "CANSLIM", "1,852억", "19.0조"))


def test_what_strategies_say_stands_behind_where_it_fits_for_all() -> None:
    """Else it stands below each candidate, one line for what fits on one."""
    short = [text.plain for text in candidate_lines([line("삼성", "armed, 1")], 120)]
    assert len(short) == 3
    assert short[2].endswith("armed, 1")
    mixed = [text.plain for text in candidate_lines([line("삼성", "armed, 1"), line("한진", "x" * 70)], 120)]
    assert len(mixed) == 6
    assert mixed[3] == "       armed, 1"


def test_lines_break_between_parts_first() -> None:
    """And inside a part only where it alone is too wide."""
    parts = [Text("one two"), Text("three four"), Text("five six seven eight nine")]
    plain = [text.plain for text in filled(Text("a  "), parts, 23)]
    assert plain == ["a  one two ·", "   three four ·", "   five six seven eight", "   nine"]


@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize("width", WIDTHS)
def test_pages_keep_to_the_width(kats: Any, width: int, language: str) -> None:
    """Every line of both pages; each check shows its mark, and nothing ends in an ellipsis."""
    kats.configure()
    kats.environment["COLUMNS"] = str(width)
    listed = kats("screen", "--lang", language).out
    one = kats("screen", "--symbol", "990070", "--lang", language).out
    for page in (listed, one):
        assert max(cell_len(row) for row in page.splitlines()) <= width
        assert "…" not in page
    checks = [row for row in one.splitlines() if row.startswith(("✓  ", "✗  "))]
    assert [row.split()[1] for row in checks] == [
        *(f"Q{n}" for n in range(1, 8)),
        *(f"T{n}" for n in range(1, 9)),
        *(f"F{n}" for n in range(1, 6)),
        *"CANSLIM",
    ]


def test_the_hint_can_be_pasted(kats: Any) -> None:
    """It carries whatever decided what was found, quoted for the shell."""
    kats.write("my rules.yaml", "version: 1\nstrategies:\n  - use: volatility-breakout\n")
    given = ("screen", "--day", "2026-03-24", "--config", "my rules.yaml", "--seed", "274", "--lang", "en")
    page = kats(*given).out
    (hint,) = (row for row in page.splitlines() if row.startswith("ask why"))
    program, *words = shlex.split(hint.removeprefix("ask why"))
    assert (program, words[: len(given)]) == ("kats", list(given))
    assert kats(*words).out.startswith(words[-1])
    kats.environment["KATS_LANG"] = "en"
    assert "--lang" not in kats("screen").out


def index_and_bars(kats: Any, index_ends: dt.date) -> None:
    """Write daily bars of two symbols up to 2025-06-17, and a KOSPI of a year that ends earlier."""
    calendar = krx_calendar()
    days = [calendar.shift(dt.date(2025, 6, 17), -n) for n in range(299, -1, -1)]
    (kats.folder / "data").mkdir()
    bars = (f"{day},{s},60000,60500,59500,60000,2000000" for day in days[-150:] for s in ("005930", "000660"))
    kats.write("data/raw_daily.csv", "date,symbol,open,high,low,close,volume\n" + "\n".join(bars) + "\n")
    index = (f"{day},KOSPI,2600,2610,2590,2600,400000000,8000000000000" for day in days if day <= index_ends)
    kats.write("data/index.csv", "date,index,open,high,low,close,volume,value\n" + "\n".join(index) + "\n")


def test_an_index_that_ends_before_the_day_is_said(kats: Any) -> None:
    """Beside the unknown regime: which one, where it ends, and by when it is needed."""
    index_and_bars(kats, dt.date(2025, 6, 10))
    arguments = ("screen", "--data", "data", "--day", "2025-06-18")
    english = kats(*arguments, "--lang", "en").out
    assert "pulse – · the KOSPI of the data ends on 2025-06-10, before 2025-06-17" in " ".join(english.split())
    assert "KOSPI 데이터가 2025-06-10에 끝나" in kats(*arguments).out
    assert kats(*arguments, "--json").json["index_until"] == "2025-06-10"


NAMES = {
    "005930": "삼성전자",
    "005935": "삼성전자우",
    "028260": "삼성물산",
    "000660": "SK하이닉스",
    "099990": "나래",
    "003550": "",
}


@pytest.mark.parametrize(
    ("asked", "first"),
    [
        ("5930", "005930 삼성전자"),
        ("005939", "005930 삼성전자"),
        ("삼성", "005930 삼성전자"),
        ("sk하이닉스", "000660 SK하이닉스"),
        ("하이닉스", "000660 SK하이닉스"),
        ("샴성전자", "005930 삼성전자"),
        ("999999", "099990 나래"),
    ],
)
def test_the_nearest_symbol_is_named(asked: str, first: str) -> None:
    """By its code or its name, the likeliest first; among equals the first of the order."""
    found = nearest(asked, NAMES, list(NAMES))
    assert found[0] == first
    assert len(found) <= 3


@pytest.mark.parametrize(
    ("asked", "meant"), [("90070", "990070 가온중공업"), ("가온", "990070 가온중공업"), ("999999", "99")]
)
def test_a_symbol_that_is_not_there_brings_the_nearest(kats: Any, asked: str, meant: str) -> None:
    """In the error, with exit code 2."""
    kats.configure()
    answer = kats("screen", "--symbol", asked, "--lang", "en")
    assert answer.code == 2
    assert f"did you mean {meant}" in answer.err


def test_a_name_that_data_without_names_cannot_know(kats: Any) -> None:
    """The error says so, and shows what a code looks like."""
    index_and_bars(kats, dt.date(2025, 6, 17))
    answer = kats("screen", "--data", "data", "--day", "2025-06-18", "--symbol", "삼성", "--lang", "en")
    assert answer.code == 2
    assert "the data hold no names: give a code, such as 00" in answer.err
