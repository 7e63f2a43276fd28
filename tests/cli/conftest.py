"""Call `kats` as a person would, in a working folder and a home of its own."""

from __future__ import annotations

import contextlib
import io
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from kats_core.cli import main

BREAKOUTS = "version: 1\nstrategies:\n  - use: volatility-breakout\n"
"""One strategy, for what is about its trades or about one list of candidates; without a configuration all twelve run."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The output as JSON."""
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        """The output as JSON, line by line."""
        return [json.loads(line) for line in self.out.splitlines()]


@dataclass(frozen=True, slots=True)
class Kats:
    """The command line in `folder`, with `home` as KATS_HOME."""

    folder: Path
    home: Path
    environment: dict[str, str] = field(default_factory=dict)

    def __call__(self, *arguments: str | Path) -> Answer:
        """Carry out a command line."""
        out, err = io.StringIO(), io.StringIO()
        with pytest.MonkeyPatch.context() as patch:
            for key in [key for key in os.environ if key.startswith(("KATS_", "KIS_")) or key == "COLUMNS"]:
                patch.delenv(key)
            for key, value in {"KATS_HOME": str(self.home), **self.environment}.items():
                patch.setenv(key, value)
            patch.chdir(self.folder)
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                code = main([str(argument) for argument in arguments])
        return Answer(code, out.getvalue(), err.getvalue())

    def configure(self, more: str = "") -> None:
        """Run breakouts alone, with more lines of configuration."""
        self.write("kats.yaml", BREAKOUTS + more)

    def write(self, name: str, text: str) -> Path:
        """Write a file into the working folder."""
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path

    def install(self, patch: pytest.MonkeyPatch, name: str, group: str, source: str) -> None:
        """Install a distribution of one module and one plugin, both called `name`, for this test."""
        site = self.folder / "site"
        module = name.replace("-", "_")
        metadata = site / f"{module}-0.3.dist-info"
        metadata.mkdir(parents=True)
        (site / f"{module}.py").write_text(source, encoding="utf-8")
        (metadata / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.3\nRequires-Dist: kats-core>=0.1,<0.2\n", encoding="utf-8"
        )
        (metadata / "entry_points.txt").write_text(f"[kats_core.{group}]\n{name} = {module}\n", encoding="utf-8")
        patch.syspath_prepend(str(site))


@pytest.fixture
def kats(tmp_path: Path) -> Kats:
    """Return the command line in an empty working folder, with an empty home."""
    folder = tmp_path / "work"
    folder.mkdir()
    return Kats(folder, tmp_path / "home")


@pytest.fixture(scope="session")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[Kats, Answer]:
    """Return a command line whose home holds the sample day, and what was printed while it was played."""
    folder = tmp_path_factory.mktemp("played")
    kats = Kats(folder, folder / "home")
    return kats, kats("run")


@pytest.fixture(scope="session")
def backtested(tmp_path_factory: pytest.TempPathFactory) -> Kats:
    """Return a command line whose folder `result` holds four weeks of the sample market, in which stages refuse and shrink."""
    folder = tmp_path_factory.mktemp("backtested")
    kats = Kats(folder, folder / "home")
    assert kats("backtest", "--from", "2026-11-02", "--to", "2026-11-30", "--out", "result").code == 0
    return kats
