"""`kats new` writes a plugin that keeps its contract and trades, whole or not at all."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
KINDS = ("strategy", "risk-stage", "data-source")
LONGEST = "a-plugin-with-the-longest-name-of-forty1"


@pytest.fixture
def installed(kats: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Return a function that writes a plugin and installs it for this test; it returns its folder."""
    modules: list[str] = []

    def write(kind: str, name: str) -> Path:
        assert kats("new", kind, name).code == 0
        folder: Path
        (folder,) = (path for path in kats.folder.iterdir() if path.name.endswith(name))
        project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        ((group, names),) = project["entry-points"].items()
        ((plugin, module),) = names.items()
        metadata = folder / f"{module}-0.1.0.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: 0.1.0\n"
            f"Requires-Dist: {project['dependencies'][0]}\n",
            encoding="utf-8",
        )
        (metadata / "entry_points.txt").write_text(f"[{group}]\n{plugin} = {module}\n", encoding="utf-8")
        monkeypatch.syspath_prepend(str(folder))
        importlib.invalidate_caches()
        modules.append(module)
        return folder

    yield write
    for name in [name for name in sys.modules for module in modules if name.partition(".")[0] == module]:
        del sys.modules[name]


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_what_it_writes_passes_the_kit_untouched(kats: Any, installed: Any, kind: str) -> None:
    """Without a failure and without a hint."""
    installed(kind, "my-first")
    ((found),) = kats("check", "my-first", "--json").json
    assert [remark["en"] for check in found["checks"] for remark in (*check["failures"], *check["hints"])] == []


def test_the_kit_takes_the_parameters_of_a_configuration(kats: Any, installed: Any) -> None:
    """A source that needs a path is built with the one in `kats.yaml`; without, what cannot be built is skipped."""
    folder = installed("data-source", "my-first")
    inside = type(kats)(folder, kats.home)
    for options, outcome in (((), "skipped"), (("--config", "kats.yaml"), "passed")):
        ((found),) = inside("check", "my-first", "--json", *options).json
        outcomes = {check["check"]: check["outcome"] for check in found["checks"]}
        assert (outcomes["built"], outcomes["source"]) == (outcome, outcome)
    wrong = kats("check", "position-sizer", "--config", folder / "kats.yaml", "--lang", "en")
    assert wrong.code == 0
    assert (
        kats("check", "volatility-breakout", "--config", kats.write("other.yaml", "version: 1\nstrategies: []\n")).code
        == 2
    )


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_what_it_writes_trades_with_the_configuration_beside_it(kats: Any, installed: Any, kind: str) -> None:
    """A strategy and a stage on the sample market, a source on its own example."""
    folder = installed(kind, "my-first")
    days = ("--from", "2025-06-02", "--to", "2025-09-18")
    inside = type(kats)(folder, kats.home)
    result = inside("backtest", "--config", "kats.yaml", *days, "--json").json
    assert result["statistics"]["trades"] > 0
    assert result["faults"] == []


def carried_out(folder: Path, *command: str, **environment: str) -> None:
    done = subprocess.run(  # noqa: S603 - this Python and our own tools
        [sys.executable, "-m", *command],
        cwd=folder,
        env={**os.environ, **environment},
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["ab", LONGEST])
def test_what_it_writes_passes_ruff_however_long_its_name(kats: Any, kind: str, name: str) -> None:
    """By its own settings and by ours."""
    assert kats("new", kind, name).code == 0
    (folder,) = kats.folder.iterdir()
    carried_out(folder, "ruff", "format", "--check", ".")
    carried_out(folder, "ruff", "check", ".")
    carried_out(folder, "ruff", "check", "--config", str(ROOT / "pyproject.toml"), ".")


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_what_it_writes_passes_mypy_and_its_own_tests(installed: Any, kind: str) -> None:
    """Strictly typed, and warnings are errors."""
    folder = installed(kind, "my-first")
    carried_out(folder, "mypy", ".")
    arguments = ("-q", "-p", "no:cacheprovider", "-W", "error", "tests")
    carried_out(folder, "pytest", *arguments, PYTHONPATH=str(folder))


def test_it_writes_nothing_over_what_is_there(kats: Any) -> None:
    """The second time is bad input, and the first stays as it was."""
    assert kats("new", "risk-stage", "my-first").code == 0
    (kats.folder / "kats-risk-my-first" / "README.md").write_text("mine", encoding="utf-8")
    again = kats("new", "risk-stage", "my-first", "--lang", "en")
    assert again.code == 2
    assert "kats-risk-my-first" in again.err
    assert (kats.folder / "kats-risk-my-first" / "README.md").read_text(encoding="utf-8") == "mine"
    assert [path.name for path in kats.folder.iterdir()] == ["kats-risk-my-first"]


@pytest.mark.parametrize("name", ["My-First", "1st", "my--first", "my_first", "", "x" * 41, "../x", "한글"])
def test_a_name_that_cannot_be_one_is_refused(kats: Any, name: str) -> None:
    """With an example of one that can."""
    answer = kats("new", "strategy", name, "--lang", "en")
    assert answer.code == 2
    assert "my-breakout" in answer.err
    assert list(kats.folder.iterdir()) == []


def test_a_name_that_is_taken_is_refused(kats: Any) -> None:
    """Two plugins of one name could not both be installed."""
    answer = kats("new", "strategy", "volatility-breakout", "--lang", "en")
    assert answer.code == 2
    assert "kats-strategy-volatility-breakout" in answer.err


@pytest.mark.parametrize(
    ("kind", "hint"), [("stategy", "strategy"), ("notifier", "docs/hooks.md"), ("broker", "risk-stage")]
)
def test_a_kind_that_cannot_be_written_is_refused_with_what_can(kats: Any, kind: str, hint: str) -> None:
    """Notifiers are not called yet, so none is written."""
    answer = kats("new", kind, "my-first", "--lang", "en")
    assert answer.code == 2
    assert hint in answer.err
    assert list(kats.folder.iterdir()) == []


def test_it_says_what_to_do_next(kats: Any) -> None:
    """In the reader's language."""
    answer = kats("new", "strategy", "my-first", "--lang", "en", "--in", "plugins")
    assert answer.code == 0
    for words in ("pip install -e .", "kats check my-first", "kats backtest --config kats.yaml", "strategy.py"):
        assert words in answer.out
    assert (kats.folder / "plugins" / "kats-strategy-my-first" / "pyproject.toml").is_file()
