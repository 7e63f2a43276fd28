"""Run `kats` as `python -m kats_core`."""

from __future__ import annotations

import sys

from kats_core.cli import main

if __name__ == "__main__":
    sys.exit(main())
