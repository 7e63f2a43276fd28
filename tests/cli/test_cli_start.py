"""The command line starts at once: nothing is imported that the answer does not need."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import kats_core

HEAVY = ("numpy", "pyarrow", "sqlalchemy", "pydantic", "typer", "rich")

ASK = """
import sys
from kats_core.cli import main
code = main(sys.argv[1:])
print("LOADED", *sorted(name for name in sys.modules if "." not in name), file=sys.stderr)
sys.exit(code)
"""


def loaded_by(*arguments: str) -> set[str]:
    done = subprocess.run(  # noqa: S603 - this Python with the lines above
        [sys.executable, "-c", ASK, *arguments], check=True, capture_output=True, text=True, timeout=60
    )
    return set(done.stderr.rpartition("LOADED")[2].split())


@pytest.mark.slow
def test_the_version_imports_nothing() -> None:
    """`kats --version` answers in a few hundredths of a second."""
    assert not loaded_by("--version") & {*HEAVY, "importlib_metadata", "pluggy"}


@pytest.mark.slow
def test_the_list_of_plugins_imports_no_plugin_and_no_numbers() -> None:
    """It is made from metadata."""
    loaded = loaded_by("plugins", "--json")
    assert not loaded & set(HEAVY)
    assert not any(name.startswith(("kats_strategy_", "kats_risk_")) for name in loaded)


@pytest.mark.slow
def test_the_module_is_the_command() -> None:
    """`python -m kats_core` is `kats`."""
    done = subprocess.run(
        [sys.executable, "-m", "kats_core", "--version"], check=True, capture_output=True, text=True, timeout=60
    )
    assert done.stdout == f"kats {kats_core.__version__}\n"


@pytest.mark.slow
def test_a_reader_that_leaves_does_not_stop_the_day(tmp_path: Path) -> None:
    """`kats run | head -1`: the view falls silent, the day is played and recorded to its end."""
    environment = {**os.environ, "KATS_HOME": str(tmp_path / "home"), "KATS_LANG": "en"}
    command = [sys.executable, "-m", "kats_core"]
    with subprocess.Popen(  # noqa: S603 - this Python
        [*command, "run"], cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as run:
        assert run.stdout is not None
        run.stdout.readline()
        run.stdout.close()
        assert run.wait(timeout=60) == 0
    done = subprocess.run(  # noqa: S603 - this Python
        [*command, "explain", "--day"], cwd=tmp_path, env=environment, check=True, capture_output=True, timeout=60
    )
    assert b"time exit" in done.stdout  # which comes at the end of the session
