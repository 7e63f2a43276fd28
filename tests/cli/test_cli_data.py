"""`kats data check`: a report for people and for programs, and what the exit code says."""

from __future__ import annotations

from typing import Any

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
