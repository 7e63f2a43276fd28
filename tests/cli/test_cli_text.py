"""People read Korean or English; every text has both."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest

import kats_core.cli
from kats_core.cli import language, text

SOURCES = sorted(Path(kats_core.cli.__file__).parent.glob("*.py"))
CALL = re.compile(r"""\bt\(\s*["'](\w+)["']""")


def used_keys() -> set[str]:
    return {key for path in SOURCES for key in CALL.findall(path.read_text(encoding="utf-8"))}


def fields(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


@pytest.mark.parametrize("key", sorted(text.TEXTS))
def test_a_text_has_both_languages_with_the_same_values(key: str) -> None:
    """What is told in one language is told in the other."""
    korean, english = text.TEXTS[key]
    assert korean.strip()
    assert english.strip()
    assert fields(korean) == fields(english)


def test_the_catalogue_holds_what_is_used_and_nothing_else() -> None:
    """A key without a text fails on somebody's screen; a text without a use is forgotten."""
    assert used_keys() == set(text.TEXTS)


@pytest.mark.parametrize("arguments", [["--lang", "en", "run"], ["run", "--lang", "en"], ["run", "--lang=en"]])
def test_the_language_may_stand_anywhere(arguments: list[str]) -> None:
    """Nobody should have to remember the place of an option."""
    assert language.choose(arguments) == ["run"]
    assert text.language() == "en"


def test_the_environment_names_the_language_and_the_env_file_does_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Command line before environment before `.env` before Korean."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("KATS_LANG", raising=False)
    language.choose(["run"])
    assert text.language() == "ko"
    Path(".env").write_text("# ours\nKATS_LANG=en\n", encoding="utf-8")
    language.choose(["run"])
    assert text.language() == "en"
    monkeypatch.setenv("KATS_LANG", "ko")
    language.choose(["run"])
    assert text.language() == "ko"
