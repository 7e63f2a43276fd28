"""Every reason that KATS gives is a code of its owner, with a text in both languages; none is free text."""

from __future__ import annotations

import ast
import importlib.util
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from kats_core.model.labels import Code

ROOT = Path(__file__).parents[2]
HANGUL = re.compile(r"[가-힣]")
STORED = re.compile(r"[a-z][a-z0-9-]*:[A-Z][A-Z0-9_]*")


@cache
def generator() -> Any:
    spec = importlib.util.spec_from_file_location("generate_codes", ROOT / "scripts" / "generate_codes.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@cache
def codes() -> list[Code]:
    return [code for enum in generator().owners() for code in enum]


def sources() -> Iterator[Path]:
    """Every module of the product, tests left out."""
    yield from (ROOT / "kats_core").rglob("*.py")
    yield from (path for path in (ROOT / "plugins").rglob("*.py") if "tests" not in path.parts)


def test_every_code_has_both_languages() -> None:
    """The Korean text is not the English one, and the English one has no Hangul."""
    for code in codes():
        assert code.ko.strip() == code.ko != "", code
        assert code.en.strip() == code.en != "", code
        assert code.ko != code.en, code
        assert not HANGUL.search(code.en), code


def test_no_two_owners_share_a_code() -> None:
    """`owner:CODE` names one reason."""
    names = [str(code) for code in codes()]
    assert len(set(names)) == len(names)
    assert all(STORED.fullmatch(name) for name in names)


def test_a_code_is_never_free_text() -> None:
    """A literal that looks like a stored code is one; a `code=` is given by its enum, never written out."""
    known = {str(code) for code in codes()}
    found = [
        f"{path.relative_to(ROOT)}:{line}: {text}"
        for path in sources()
        for line, text in written_out(ast.parse(path.read_text(encoding="utf-8")), known)
    ]
    assert found == []


def written_out(module: ast.Module, known: set[str]) -> Iterator[tuple[int, str]]:
    """Yield each literal that stands where a code of an enum belongs."""
    for node in ast.walk(module):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if STORED.fullmatch(node.value) and node.value not in known:
                yield node.lineno, node.value
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "").endswith(("Record", "Verdict", "Exit")):
            for keyword in node.keywords:
                is_text = isinstance(keyword.value, ast.JoinedStr) or (
                    isinstance(keyword.value, ast.Constant) and bool(keyword.value.value)
                )
                if keyword.arg == "code" and is_text:
                    yield node.lineno, ast.unparse(keyword.value)


@pytest.mark.parametrize(
    "source", ['x = "core:NO_SUCH_CODE"', 'FaultRecord(code="it broke")', 'Verdict(code=f"{why}")', 'Exit(code="sold")']
)
def test_free_text_is_found(source: str) -> None:
    """The search itself sees what it looks for."""
    assert len(list(written_out(ast.parse(source), {"core:GRADE"}))) == 1


def test_the_page_tells_every_code() -> None:
    """One line each under its owner, with both texts."""
    page = "\n".join(generator().lines())
    for code in codes():
        assert page.count(f"| `{code}` | {code.ko} | {code.en} |") == 1
