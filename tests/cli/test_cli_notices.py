"""A notice says what has happened, to whom, and since when."""

from __future__ import annotations

import pytest

from kats_core.cli import text
from kats_core.cli.wording import Wording
from kats_core.model.codes import CoreCode
from kats_core.model.command import Notify
from kats_core.model.kinds import Severity
from kats_core.model.labels import Language
from kats_core.model.setup import Numbers

SILENT = str(CoreCode.FEED_SILENT)
WORDING = Wording({SILENT: ("시세 무응답", "the feed is silent")}, {"005930": "삼성전자"})


def silent(symbols: str, since: str = "10:31:05") -> Notify:
    detail: Numbers = {"line": "main", "symbols": symbols, "since": since}
    return Notify(0, Severity.CRITICAL, SILENT, detail=detail)


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("ko", "시세 무응답 · 005930 삼성전자 · 10:31:05부터"),
        ("en", "the feed is silent · 005930 삼성전자 · since 10:31:05"),
    ],
)
def test_a_silence_names_its_symbol_and_since_when(language: Language, said: str) -> None:
    """Who reads it has to know what to look at."""
    text.speak(language)
    assert WORDING.notice(silent("005930")) == said


def test_of_many_symbols_the_first_are_named_and_the_others_counted() -> None:
    """A line that is silent has forty of them."""
    text.speak("en")
    symbols = ", ".join(f"{n:06d}" for n in range(40))
    named = "000000, 000001, 000002, and 37 more"
    assert WORDING.notice(silent(symbols)) == f"the feed is silent · {named} · since 10:31:05"


def test_a_notice_of_one_symbol_names_it_and_one_of_none_stands_alone() -> None:
    """Most notices are of one symbol, some of the run."""
    assert WORDING.notice(Notify(0, Severity.CRITICAL, "x:Y", "005930")) == "x:Y · 005930 삼성전자"
    assert WORDING.notice(Notify(0, Severity.CRITICAL, "x:Y")) == "x:Y"
