"""A newcomer's path, from nothing to a strategy that others install: in clean environments, from wheels, as on their machine."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
NAME = "my-breakout"
OURS = ("kats-core", "kats-risk-position-sizer", "kats-risk-margin-guard")
EDITS = {
    "default=20,": "default=10,",
    'FALLING = "평균 아래", "the close is not above its average"': 'FALLING = "힘이 없음", "the close shows no strength"',
    "windows=((dt.time(9, 30), dt.time(14, 0)),)": "windows=((dt.time(9, 20), dt.time(13, 0)),)",
}
"""The three lines that our newcomer changes."""


def run(command: Sequence[object], folder: Path, settings: Mapping[str, str]) -> str:
    done = subprocess.run(  # noqa: S603 - uv and what it has installed
        [str(word) for word in command],
        cwd=folder,
        env=dict(settings),
        check=False,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


@dataclass(frozen=True, slots=True)
class Machine:
    """A folder with an environment of its own, which knows nothing of this checkout."""

    uv: Path
    folder: Path
    settings: Mapping[str, str]

    def install(self, *things: str | Path) -> None:
        where = ("--no-config", "--offline", "--no-deps", "--python", "venv")
        run([self.uv, "pip", "install", "--quiet", *where, *things], self.folder, self.settings)

    def kats(self, *arguments: str, within: Path | None = None) -> Any:
        answer = run([self.folder / "venv" / "bin" / "kats", *arguments], within or self.folder, self.settings)
        return json.loads(answer) if "--json" in arguments else answer


@pytest.fixture
def uv() -> Path:
    """Return uv; without it there is no clean environment to make."""
    ours = ROOT / ".tools" / "bin" / "uv"
    path = ours if ours.is_file() else Path(shutil.which("uv") or "")
    if not path.is_file():
        pytest.skip("uv is not here")
    return path


def machine(uv: Path, folder: Path) -> Machine:
    """Return a new environment: what others wrote is lent from this one, of ours there is nothing."""
    folder.mkdir()
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("KATS_", "PYTHON", "VIRTUAL_ENV"))}
    settings = {**kept, "KATS_HOME": str(folder / "home"), "KATS_LANG": "en", "UV_PYTHON_DOWNLOADS": "never"}
    run([uv, "venv", "--quiet", "--no-config", "--offline", "--python", sys.executable, "venv"], folder, settings)
    lent = folder / "lent"
    lent.mkdir()
    for thing in Path(sysconfig.get_path("purelib")).iterdir():
        if not thing.name.startswith(("kats", "_kats", "__editable__", "_editable")) and thing.suffix != ".pth":
            (lent / thing.name).symlink_to(thing)
    (site,) = (folder / "venv" / "lib").glob("python3.*/site-packages")
    (site / "lent.pth").write_text(f"{lent}\n", encoding="utf-8")
    return Machine(uv, folder, settings)


def built(uv: Path, source: Path, wheels: Path, *options: str) -> None:
    command = [
        uv,
        "build",
        "--quiet",
        "--offline",
        "--wheel",
        "--python",
        sys.executable,
        "--out-dir",
        wheels,
        *options,
    ]
    run(command, source, {**os.environ, "UV_PYTHON_DOWNLOADS": "never"})


@pytest.mark.slow
def test_a_newcomer_writes_checks_tries_and_hands_on_a_strategy(uv: Path, tmp_path: Path) -> None:
    """New, three edited lines, check, backtest, wheel, another machine, listed there and trading there."""
    wheels = tmp_path / "wheels"
    for distribution in OURS:
        built(uv, ROOT, wheels, "--package", distribution)
    author = machine(uv, tmp_path / "author")
    author.install(*wheels.glob("*.whl"))

    author.kats("new", "strategy", NAME)
    project = author.folder / f"kats-strategy-{NAME}"
    entry = project / "kats_strategy_my_breakout" / "__init__.py"
    text = entry.read_text(encoding="utf-8")
    for old, new in EDITS.items():
        assert text.count(old) == 1
        text = text.replace(old, new)
    entry.write_text(text, encoding="utf-8")

    author.install("--editable", project)
    ((found),) = author.kats("check", NAME, "--json")
    assert [remark["en"] for check in found["checks"] for remark in check["failures"]] == []
    days = ("--from", "2025-06-02", "--to", "2025-09-18")
    mine = author.kats("backtest", "--config", "kats.yaml", *days, "--json", within=project)
    assert mine["statistics"]["trades"] > 0

    built(uv, project, tmp_path / "handed-on", "--no-config")
    (wheel,) = (tmp_path / "handed-on").glob("*.whl")
    other = machine(uv, tmp_path / "other")
    other.install(*wheels.glob("*.whl"), wheel)
    listed = {plugin["name"]: plugin for plugin in other.kats("plugins", "--json")}
    assert listed[NAME]["status"] == "installed"
    assert listed[NAME]["distribution"] == f"kats-strategy-{NAME}"
    theirs = other.kats("backtest", "--strategy", NAME, *days, "--json")
    assert theirs["statistics"] == mine["statistics"]
