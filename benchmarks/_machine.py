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
    named = [f"{name} {version}" for name, version in versions.items() if name != "kats-core"]
    load = f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores {platform.machine()} {platform.system()}"
    several = [f"kats-core {__version__} at {commit()}", f"Python {platform.python_version()}", " ".join(named), load]
    print(", ".join(filter(None, several)))
