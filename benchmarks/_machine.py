"""Say on what a figure was measured: machine, versions, commit."""

from __future__ import annotations

import os
import platform
import subprocess
from pathlib import Path

from kats_core import __version__

ROOT = Path(__file__).resolve().parent.parent


def commit() -> str:
    """Return the short commit, with a plus when files have changed since."""
    done = subprocess.run(
        ["git", "describe", "--always", "--dirty=+"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return done.stdout.strip() or "no commit"


def print_header(**versions: str) -> None:
    """Print the line that belongs above every figure."""
    several = " ".join(f"{name} {version}" for name, version in versions.items())
    print(
        f"kats-core {__version__} at {commit()}, Python {platform.python_version()}, {several}, "
        f"{os.cpu_count()} cores {platform.machine()} {platform.system()}"
    )
