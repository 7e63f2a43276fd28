"""The verbs of `kats`: one thin module each, imported when it is called.

`kats --version` answers before anything else is imported.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from kats_core import __version__

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code: 0 done, 1 failed or stopped, 2 bad input."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given in (["--version"], ["-V"]):
        sys.stdout.write(f"kats {__version__}\n")
        return 0
    from kats_core.cli.app import run

    return run(given)
