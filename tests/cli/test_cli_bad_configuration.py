"""A configuration that cannot be carried out stops the start: file, line, key, value, nearest right name, exit code 2."""

from __future__ import annotations

import resource
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any

import pytest

SIZER = "  - use: position-sizer\n"
CASES = {
    "an unknown key of a plugin": (
        "strategies:\n  - use: volatility-breakout\n    params: {kk: 0.5}\n",
        ("kats.yaml:3:14", "strategies[0].params.kk", "did you mean k?"),
    ),
    "an unknown key inside a block": (
        "limits: {max_positons: 3}\n",
        ("kats.yaml:1:10", "limits.max_positons", "did you mean max_positions?"),
    ),
    "a wrong type": ("capital: much\n", ("kats.yaml:1", "capital", "'much'", "whole number")),
    "a value out of range": (
        "strategies:\n  - use: volatility-breakout\n    params: {k: 7}\n",
        ("kats.yaml:3", "strategies[0].params.k", "found 7", "between"),
    ),
    "a value that is NaN": (
        "strategies:\n  - use: volatility-breakout\n    params: {k: .nan}\n",
        ("kats.yaml:3", "strategies[0].params.k", "nan"),
    ),
    "an instance name twice": (
        "strategies:\n  - use: volatility-breakout\n  - use: volatility-breakout\n",
        ("kats.yaml:3", "volatility-breakout is taken by strategies[0]", "`as`"),
    ),
    "a key twice": ("capital: 1000000\ncapital: 2000000\n", ("kats.yaml:2", "capital")),
    "an unknown plugin": (
        "strategies:\n  - use: volatility-breakot\n",
        ("kats.yaml:2", "volatility-breakot is not installed", "did you mean volatility-breakout?"),
    ),
    "a strategy where a stage belongs": (
        "risk:\n  - use: position-sizer\n  - use: volatility-breakout\n",
        ("kats.yaml:3", "volatility-breakout is a strategy"),
    ),
    "no stage that sizes": ("risk:\n  - use: margin-guard\n", ("kats.yaml:2", "no stage of phase size")),
    "the sizing stage behind another": (
        "risk:\n  - use: daily-kill-switch\n  - use: position-sizer\n",
        ("kats.yaml:3", "risk[1].use", "must be first", "daily-kill-switch stands before it"),
    ),
    "the cash stage before another": (
        "risk:\n  - use: position-sizer\n  - use: margin-guard\n  - use: daily-kill-switch\n",
        ("kats.yaml:3", "risk[1].use", "must be last"),
    ),
    "what is no YAML": ("strategies: [\n", ("kats.yaml:",)),
}


def refused(kats: Any, *words: str) -> None:
    """Assert that no verb starts with the configuration, that each says these words, and that nothing was kept."""
    for verb in (("config", "check"), ("run",), ("backtest", "--out", "result")):
        answer = kats(*verb)
        assert answer.code == 2, answer.err
        assert "Traceback" not in answer.err
        assert all(word in answer.err + answer.out for word in words), answer.err + answer.out
        assert not (kats.folder / "result").exists()
    assert not kats.home.exists()


@pytest.mark.parametrize(("text", "words"), CASES.values(), ids=CASES)
def test_what_is_wrong_is_named_with_its_place(kats: Any, text: str, words: Sequence[str]) -> None:
    """By `kats config check` as by those who would trade with it."""
    kats.write("kats.yaml", text)
    refused(kats, *words)


def test_what_cannot_be_read_is_told_in_words(kats: Any) -> None:
    """A folder in the place of the file, and bytes that are no text; the name once, and no word of the interpreter's."""
    (kats.folder / "folder").mkdir()
    (kats.folder / "bytes.yaml").write_bytes(b"version: 1\n\xff\xfe")
    told = kats("config", "check", "--config", "folder")
    assert (told.code, told.err.strip().partition(" ")[2]) == (2, "folder: cannot be read: Is a directory")
    told = kats("config", "check", "--config", "bytes.yaml")
    assert (told.code, told.err.strip().partition(" ")[2]) == (2, "bytes.yaml: is not text in UTF-8 (byte 12)")


def test_a_plugin_that_cannot_be_imported(kats: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its distribution, the error and the line in its own file are named."""
    kats.install(monkeypatch, "acme-broken", "strategies", "\nraise RuntimeError('not today')\n")
    kats.write("kats.yaml", "strategies:\n  - use: acme-broken\n")
    refused(kats, "kats.yaml:2", "acme-broken 0.3", "RuntimeError: not today", "acme_broken.py:2")


def test_a_plugin_made_for_another_core(kats: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not even imported: what it needs and what is here are named."""
    kats.install(monkeypatch, "acme-future", "strategies", "raise RuntimeError('imported')\n")
    metadata = kats.folder / "site" / "acme_future-0.3.dist-info" / "METADATA"
    metadata.write_text(metadata.read_text("utf-8").replace(">=0.1,<0.2", ">=9"), "utf-8")
    kats.write("kats.yaml", "strategies:\n  - use: acme-future\n")
    refused(kats, "kats.yaml:2", "acme-future 0.3", "needs kats-core>=9", "but this is kats-core 0.1.0")


STAGE = """
from pydantic import BaseModel, ConfigDict

from kats_core.api import StagePlugin, StageTraits, approve, hookimpl


class Params(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Approver:
    def check(self, proposal, context):
        return approve(proposal.quantity)


@hookimpl
def kats_register_risk_stages():
    return StagePlugin(
        name="acme-SIDE",
        summary=("자리", "a place"),
        params=Params,
        traits=StageTraits(SIDE=("daily-kill-switch",)),
        codes=(),
        build=lambda params: Approver(),
    )
"""


@pytest.mark.parametrize(
    ("side", "order"),
    [
        ("after", ("acme-after", "daily-kill-switch")),
        ("before", ("daily-kill-switch", "acme-before")),
    ],
)
def test_a_stage_on_the_wrong_side_of_another(
    kats: Any, monkeypatch: pytest.MonkeyPatch, side: str, order: tuple[str, str]
) -> None:
    """What a stage wishes of its neighbours is law."""
    kats.install(monkeypatch, f"acme-{side}", "risk_stages", STAGE.replace("SIDE", side))
    kats.write("kats.yaml", f"risk:\n{SIZER}" + "".join(f"  - use: {name}\n" for name in order))
    refused(kats, "kats.yaml:", "risk[", f"acme-{side} must stand {side} daily-kill-switch")


@contextmanager
def files_that_cannot_grow_beyond(size: int) -> Iterator[None]:
    """Let the operating system refuse to write any file beyond `size` bytes, as a full disk does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_database_that_cannot_grow(kats: Any) -> None:
    """The day that does not fit is not kept by halves; the runs before it are whole."""
    assert kats("run").code == 0
    before = contents(kats)
    with files_that_cannot_grow_beyond(32 * 1024):
        answer = kats("run")
    assert answer.code == 2
    assert "Traceback" not in answer.err
    assert "kats.db" in answer.err
    assert contents(kats) == before


def test_a_database_that_is_damaged(kats: Any) -> None:
    """It is named, and left as it is."""
    kats.home.mkdir()
    database = kats.home / "kats.db"
    database.write_text("these are my notes " * 100)
    answer = kats("run")
    assert (answer.code, answer.out) == (2, "")
    assert "kats.db" in answer.err
    assert database.read_text().startswith("these are my notes")


def contents(kats: Any) -> dict[str, int]:
    """Return how many rows each table of the runs holds."""
    with closing(sqlite3.connect(kats.home / "kats.db")) as database:
        return {
            table: database.execute(f"select count(*) from {table}").fetchone()[0]  # noqa: S608
            for table in ("setups", "signals", "orders", "fills")
        }
