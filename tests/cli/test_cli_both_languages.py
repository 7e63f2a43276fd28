"""What data say of themselves, and why they cannot be used, is in the language of the screen; for programs in English."""

from __future__ import annotations

import re
from typing import Any

import pytest

from kats_core.cli import console
from kats_core.market.source import SourceError

HEADER = "symbol,date,open,high,low,close,volume\n"
SOUND = "".join(f"005930,2025-03-0{day},100,100,100,100,10\n" for day in (4, 5, 6, 7))
HANGUL = re.compile("[가-힣]")


@pytest.mark.parametrize(
    ("arguments", "korean", "english"),
    [
        (("screen", "--data", "nowhere"), "nowhere: 그런 파일이나 폴더가 없습니다", "there is no such file or folder"),
        (
            ("screen", "--data", ".", "--day", "2025-03-04"),
            "--day 2025-03-04: 전 거래일의 일봉이 없습니다. 데이터에 있는 날은 2025-03-04 ~ 2025-03-07",
            "--day 2025-03-04: no daily bars of the evening before; the data have 2025-03-04 to 2025-03-07",
        ),
        (
            ("screen", "--data", ".", "--day", "2025-03-08"),
            "--day 2025-03-08: 거래일이 아닙니다. 앞뒤 거래일은 2025-03-07, 2025-03-10",
            "--day 2025-03-08: no session of the exchange, the nearest are 2025-03-07, 2025-03-10",
        ),
        (
            ("regime", "--data", "."),
            "데이터에 KOSPI 지수가 없습니다 (있는 지수: 없음)",
            "the data do not hold the index KOSPI (they hold no index)",
        ),
        (("run", "--data", "."), "데이터에 분봉이 없습니다", "the data hold no minute bars"),
    ],
)
def test_data_that_cannot_be_used_are_told_in_the_language_of_the_screen(
    kats: Any, arguments: tuple[str, ...], korean: str, english: str
) -> None:
    """One line, exit code 2."""
    kats.write("bars.csv", HEADER + SOUND)
    for language, said in (("ko", korean), ("en", english)):
        answer = kats(*arguments, "--lang", language)
        assert answer.code == 2
        assert said in answer.err
        assert bool(HANGUL.search(answer.err)) is (language == "ko")


def test_a_broken_row_is_told_with_its_line_in_both(kats: Any) -> None:
    """By the report of the data, and by a run that stops there; programs read English."""
    kats.write("bars.csv", HEADER + SOUND + "5930,2025-03-10,100,100,100,100,10\n")
    stopped = kats("screen", "--data", ".", "--lang", "ko")
    assert stopped.code == 2
    assert "bars.csv, 6번째 줄: 종목코드가 '5930'입니다. '005930'처럼 여섯 자리여야 합니다" in stopped.err
    kats.write("bars.csv", HEADER + SOUND + "005930,2025-03-10,100,100,100,-1,10\n")
    assert "6번째 줄: 100 100 100 -1 10" in kats("data", "check", ".", "--lang", "ko").out
    (defect,) = kats("data", "check", ".", "--json", "--lang", "ko").json["defects"]
    assert defect["cases"][0]["detail"] == "line 6: 100 100 100 -1 10"


def test_an_error_of_a_third_party_is_shown_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    """Plain text is text."""
    console.report(SourceError("prices.csv:3: no bar"))
    assert "prices.csv:3: no bar" in capsys.readouterr().err
