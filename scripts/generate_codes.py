"""Write docs/codes.md: every code by which KATS says why it did something or did not, in both languages.

    python scripts/generate_codes.py            write the page
    python scripts/generate_codes.py --check    fail when the page is not what this script writes

The codes are asked of their owners: the core, and each strategy and risk stage of this repository.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from kats_core.model.codes import CoreCode
from kats_core.model.labels import Code
from kats_core.plugins import PluginKind, installed, load

TARGET = Path(__file__).parents[1] / "docs" / "codes.md"
OURS = "kats-"

HEAD = """# Codes

Whenever something is refused, deferred, made smaller, closed or not armed, a code says why. It is written `owner:CODE`, in
`kats explain`, in the decision log and in every `--json`; people read its text in their language. A plugin brings its own.

This page is written by `scripts/generate_codes.py`.
"""


def owners() -> list[type[Code]]:
    """Return the enums of all owners: the core first, then by name."""
    kinds = (PluginKind.STRATEGY, PluginKind.RISK_STAGE)
    available = [plugin for plugin in installed() if plugin.kind in kinds and plugin.distribution.startswith(OURS)]
    loaded = load([(plugin.kind, plugin.name) for plugin in available], available)
    enums = {enum for descriptor in loaded.descriptors.values() for enum in descriptor.codes}
    return [CoreCode, *sorted(enums, key=lambda enum: enum.__owner__)]


def lines() -> Iterator[str]:
    """Yield the lines of the page."""
    yield from HEAD.splitlines()
    for enum in owners():
        yield from ("", f"## `{enum.__owner__}`", "", "| Code | 한국어 | English |", "|---|---|---|")
        for code in sorted(enum, key=lambda code: code.name):
            yield f"| `{code}` | {code.ko} | {code.en} |"


def main() -> int:
    """Write the page, or compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; fail when the page is out of date")
    page = "\n".join(lines()) + "\n"
    if not parser.parse_args().check:
        TARGET.write_text(page, encoding="utf-8")
        return 0
    if not TARGET.exists() or TARGET.read_text(encoding="utf-8") != page:
        print("docs/codes.md is out of date: run python scripts/generate_codes.py", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
