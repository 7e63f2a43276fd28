"""`kats data check`: a report for people and for programs, and what the exit code says."""

from __future__ import annotations

from typing import Any

import pytest

HEADER = "symbol,date,open,high,low,close,volume\n"
SOUND = "".join(f"005930,2025-03-0{day},100,100,100,100,10\n" for day in (4, 5, 6, 7))
SPLIT = SOUND + "005930,2025-03-10,20,20,20,20,10\n"


def test_sound_data_say_so_in_both_languages(kats: Any) -> None:
    """Exit code 0, strict or not."""
    kats.write("bars.csv", HEADER + SOUND)
    answer = kats("data", "check", ".", "--strict", "--lang", "en")
    assert answer.code == 0
    assert "nothing is wrong" in answer.out
    assert "잘못된 것이 없습니다" in kats("data", "check", ".", "--lang", "ko").out


def test_a_defect_is_told_with_what_a_run_does_about_it(kats: Any) -> None:
    """Exit code 0; with --strict 2."""
    kats.write("bars.csv", HEADER + SPLIT)
    answer = kats("data", "check", ".", "--lang", "en")
    assert answer.code == 0
    assert "moved beyond the day's limits (not adjusted) · bars.csv" in answer.out
    assert "→ not armed core:WARMUP" in answer.out
    assert "005930 2025-03-10 100 → 20" in answer.out
    assert "nothing stops a run" in answer.out
    assert "가격제한폭을 넘는 변동" in kats("data", "check", ".", "--lang", "ko").out
    assert kats("data", "check", ".", "--strict").code == 2


def test_what_stops_a_run_is_said_loudly(kats: Any) -> None:
    """Duplicate dates are no choice that anybody but a person may make."""
    kats.write("bars.csv", HEADER + SOUND + SOUND)
    answer = kats("data", "check", "bars.csv", "--lang", "en")
    assert answer.code == 0
    assert "several bars at one time" in answer.out
    assert "stop a run" in answer.out


def test_the_report_as_json(kats: Any) -> None:
    """Files with their rank, defects with all cases."""
    kats.write("bars.csv", HEADER + SPLIT)
    kats.write("notes.txt", "mine")
    answer = kats("data", "check", ".", "--json", "--strict")
    assert answer.code == 2
    bars, notes = answer.json["files"]
    assert (bars["kind"], bars["rank"], bars["rows"], bars["rows_used"]) == ("daily", 1, 5, 5)
    assert (notes["kind"], notes["rows"]) == ("unknown", None)
    (defect,) = answer.json["defects"]
    assert (defect["defect"], defect["effect"], defect["code"]) == ("JUMP", "NOT_ARMED", "core:WARMUP")
    assert defect["cases"] == [{"symbol": "005930", "date": "2025-03-10", "count": 1, "detail": "100 → 20"}]


def test_a_folder_that_is_not_there_is_bad_input(kats: Any) -> None:
    """Exit code 2 and one line."""
    answer = kats("data", "check", "nowhere")
    assert answer.code == 2
    assert "nowhere" in answer.err


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("bars.csv", "symbol,date,open,high,low,volume\n005930,2025-03-04,1,1,1,1\n", "    close"),
        ("one.csv", "a\n1\n", "columns a; none of them is a column of any kind of data"),
        ("semi.csv", "symbol;date;open\n005930;2025-03-04;1\n", "separated by ';', expected commas"),
        ("index.csv", "date,index\n2025-03-04,KOSPI\n", "nearest is index, which also has close"),
        ("some.mst", "nothing like it\n", "its first line has the width of none of the broker's master files"),
    ],
)
def test_a_file_of_which_nothing_is_read_is_named_with_the_reason(
    kats: Any, name: str, content: str, said: str
) -> None:
    """What it comes nearest to and what it lacks; a person who asks for sound data wants to know."""
    kats.write("sound.csv", HEADER + SOUND)
    kats.write(name, content)
    answer = kats("data", "check", ".", "--lang", "en")
    assert answer.code == 0
    assert f" · {name} · " in answer.out
    assert said in answer.out
    assert "nothing is wrong" not in answer.out
    assert kats("data", "check", ".", "--strict").code == 2


def test_a_folder_without_a_file_is_bad_input(kats: Any) -> None:
    """Also one that is called like a file."""
    (kats.folder / "bars.csv").mkdir()
    answer = kats("data", "check", "bars.csv", "--lang", "en")
    assert (answer.code, answer.out) == (2, "")
    assert "bars.csv: the folder is empty, expected .csv, .mst, .parquet, .pq files in it" in answer.err


def test_files_that_make_the_same_side_table_have_a_rank(kats: Any) -> None:
    """As bars have."""
    rows = "symbol,date,open,high,low,close,volume,shares\n005930,2025-03-04,100,100,100,100,10,1000\n"
    kats.write("a_snapshot.csv", rows)
    kats.write("b_snapshot.csv", rows)
    files = kats("data", "check", ".", "--json").json["files"]
    assert [(file["rank"], file["table_ranks"]) for file in files] == [(1, {"shares": 1}), (2, {"shares": 2})]
    said = kats("data", "check", ".", "--lang", "en").out
    assert "shares rank 1 of 2" in said
    assert "shares rank 2 of 2" in said


@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize("width", [80, 100, 120])
def test_nothing_is_cut_however_narrow_the_screen_is(kats: Any, width: int, language: str) -> None:
    """Each file with its rows, its span and its use."""
    name = "adj_a_file_with_a_rather_long_name_as_downloads_have.csv"
    kats.write("raw_one.csv", HEADER + SOUND)
    kats.write(name, HEADER + SOUND)
    (kats.folder / "more").mkdir()
    kats.write(f"more/{name}", HEADER + SOUND)
    kats.environment["COLUMNS"] = str(width)
    shown = kats("data", "check", ".", "--lang", language).out.replace("\N{NO-BREAK SPACE}", " ")
    files = shown[: shown.index("raw_one.csv")]
    for text in (
        name,
        f"more/{name}",
        "2025-03-04 → 2025-03-07",
        "4",
        "1순위" if language == "ko" else "rank 1, 4 rows",
    ):
        assert text in files
    assert "…" not in shown
    assert ("섞지 않음" if language == "ko" else "never mixed") in shown


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949"])
def test_csv_as_spreadsheets_in_korea_write_it_is_read(kats: Any, encoding: str) -> None:
    """By the report as by a run, with Korean names of columns and companies."""
    rows = SOUND.replace(",10\n", ",10,삼성전자\n")
    (kats.folder / "bars.csv").write_bytes((HEADER.replace("\n", ",name\n") + rows).encode(encoding))
    assert kats("data", "check", ".", "--strict").code == 0
    assert "삼성전자" in kats("screen", "--data", ".", "--symbol", "005930", "--json").out
