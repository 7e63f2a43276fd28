"""Resolve all dependencies for Python 3.11 and up and write them as exact pins into the root pyproject.toml.

The pins stand in `[tool.uv] constraint-dependencies`, sorted, without addresses; docs/decisions says why there is no
lock file in git. The resolution runs in a copy of the project files, so a failure leaves everything as it was.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PINS = re.compile(r"^constraint-dependencies = \[\n.*?^\]\n", re.MULTILINE | re.DOTALL)
# What the build of core's metadata reads, besides the pyproject files.
METADATA_FILES = ("README.md", "LICENSE", "kats_core/__init__.py")


def main() -> int:
    """Rewrite the pins and print what changed."""
    pyproject = ROOT / "pyproject.toml"
    text = pyproject.read_text(encoding="utf-8")
    if len(PINS.findall(text)) != 1:
        print("pyproject.toml has no single block `constraint-dependencies = [` under [tool.uv].", file=sys.stderr)
        return 1
    before = set(tomllib.loads(text)["tool"]["uv"]["constraint-dependencies"])
    pins = resolve(text)
    pyproject.write_text(with_pins(text, pins), encoding="utf-8")
    for pin in sorted(before.symmetric_difference(pins)):
        print("+" if pin in pins else "-", pin)
    print(f"{len(pins)} pins")
    return 0


def with_pins(text: str, pins: list[str]) -> str:
    """Return the pyproject text with its pins replaced."""
    block = "".join(f'  "{pin}",\n' for pin in pins)
    return PINS.sub(lambda _: f"constraint-dependencies = [\n{block}]\n", text)


def resolve(text: str) -> list[str]:
    """Return the sorted pins of every group and extra of every workspace member, with markers where Pythons differ."""
    members: list[str] = tomllib.loads(text)["tool"]["uv"]["workspace"]["members"]
    with tempfile.TemporaryDirectory() as scratch_name:
        scratch = Path(scratch_name)
        for name in (*METADATA_FILES, *(f"{member}/pyproject.toml" for member in members)):
            (scratch / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, scratch / name)
        (scratch / "pyproject.toml").write_text(with_pins(text, []), encoding="utf-8")
        export = [os.environ["UV"], "export", "--quiet", "--upgrade", "--python", sys.executable]
        export += ["--all-packages", "--all-groups", "--all-extras", "--no-emit-workspace"]
        export += ["--no-hashes", "--no-header", "--no-annotate"]
        lines = subprocess.run(export, cwd=scratch, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
    return sorted({line.strip() for line in lines if line.strip()})


if __name__ == "__main__":
    raise SystemExit(main())
