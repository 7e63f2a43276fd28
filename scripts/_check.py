"""Run every check that a change has to pass: format, lint, types, import contracts, project, tests, wheels.

All steps run even when one fails, so that one run shows everything; the summary at the end says which failed.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
OLDEST = (3, 11)
BIN = ROOT / ".venv" / "bin"

# A path of somebody's machine, or a package host: neither belongs into a public repository.
PRIVATE = re.compile(r"(?<![\w.~-])/(?:home|opt|root|work|Users)/\w|file:/{3}|\bpypi\.\w|\bpythonhosted\.\w")
FRAGMENT = re.compile(r"[a-z0-9][a-z0-9-]*\.(added|changed|deprecated|fixed|removed|security)\.md")
VERSION = re.compile(r'^__version__ = "(.+)"$', re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Step:
    """One heading of the run and what to do under it; `run` tells whether it passed."""

    title: str
    run: Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Python:
    """An interpreter found by path."""

    path: Path
    version: tuple[int, int]

    @property
    def name(self) -> str:
        """The version as people write it: 3.13."""
        return ".".join(map(str, self.version))


def main() -> int:
    """Run the steps, print the summary, return 1 if any step failed."""
    parser = argparse.ArgumentParser(
        prog="scripts/check", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--fast", action="store_true", help="leave out the second Python and the wheel proof")
    parser.add_argument("--tested", action="store_true", help="scripts/test has just passed: do not repeat it")
    choices = parser.parse_args()
    os.chdir(ROOT)

    results = [(step.title, *timed(step)) for step in steps(fast=choices.fast, tested=choices.tested)]
    print("\n== Summary", flush=True)
    for title, passed, seconds in results:
        print(f"{'ok    ' if passed else 'FAILED'} {seconds:7.1f} s  {title}")
    return 0 if all(passed for _, passed, _ in results) else 1


def timed(step: Step) -> tuple[bool, float]:
    """Run one step under its heading; return whether it passed, and the seconds it took."""
    print(f"\n== {step.title}", flush=True)
    start = time.monotonic()
    passed = step.run()
    return passed, time.monotonic() - start


def steps(*, fast: bool, tested: bool) -> Iterator[Step]:
    """Yield what there is to do, cheapest first."""
    yield Step("Format", command(BIN / "ruff", "format", "--check"))
    yield Step("Lint", command(BIN / "ruff", "check"))
    yield Step("Types", command(BIN / "mypy"))
    yield Step("Import contracts", command(BIN / "lint-imports", "--no-logo"))
    yield Step("Project files", project_files)
    yield Step("Page of codes", command(BIN / "python", "scripts/generate_codes.py", "--check"))
    own = python_at(BIN / "python")
    if own is None:
        raise SystemExit("The Python of .venv does not run; delete .venv and start again.")
    if not tested:
        yield Step(f"Tests on Python {own.name}", command(BIN / "pytest"))
    if fast:
        return
    for other in other_pythons(own):
        yield Step(f"Tests on Python {other.name}", partial(tests_on, other))
    yield Step("Wheels", command(BIN / "python", "scripts/_prove_wheels.py"))


def command(*arguments: str | Path) -> Callable[[], bool]:
    """Return a step that passes when the command does."""
    return lambda: subprocess.run(arguments, check=False).returncode == 0


# Pythons


def other_pythons(own: Python) -> list[Python]:
    """Return the oldest supported and the newest present Python, less the one that .venv already has."""
    present = {own.version: own}
    for path in candidate_paths():
        python = python_at(path)
        if python is not None and python.version >= OLDEST:
            present.setdefault(python.version, python)
    if OLDEST not in present:
        print(f"Python {'.'.join(map(str, OLDEST))} is not on this machine: its tests do not run here.")
    wanted = {version for version in (OLDEST, max(present)) if version in present}
    return [present[version] for version in sorted(wanted - {own.version})]


def candidate_paths() -> Iterator[Path]:
    """Yield where Pythons lie; by path, because the names on PATH may be shims of versions that are gone."""
    yield from Path.home().glob(".pyenv/versions/3.*/bin/python3")
    for folder in (Path("/usr/bin"), Path("/usr/local/bin")):
        yield from folder.glob("python3.[0-9][0-9]")


def python_at(path: Path) -> Python | None:
    """Return the interpreter at `path`, or None if it does not run or is no final release."""
    question = "import sys; print(*sys.version_info[:4])"
    try:
        answer = subprocess.run([path, "-c", question], check=True, capture_output=True, text=True).stdout.split()
    except (OSError, subprocess.CalledProcessError):
        return None
    major, minor, _, level = answer
    return Python(path, (int(major), int(minor))) if level == "final" else None


def tests_on(python: Python) -> bool:
    """Run the tests with another Python in an environment of its own, in parallel: tests must not need an order."""
    environment = ROOT / ".tools" / f"python{python.name}"
    settings = {**os.environ, "UV_PROJECT_ENVIRONMENT": str(environment), "UV_PYTHON_DOWNLOADS": "never"}
    install = [os.environ["UV"], "sync", "--quiet", "--python", str(python.path)]
    if subprocess.run(install, check=False, env=settings).returncode != 0:
        return False
    return subprocess.run([environment / "bin" / "pytest"], check=False, env=settings).returncode == 0


# Project files


def project_files() -> bool:
    """Print every disagreement between the project files; pass if there is none."""
    problems = [*membership_problems(), *version_problems(), *private_texts(), *fragment_problems()]
    for problem in problems:
        print(problem)
    return not problems


def read_toml(path: Path) -> dict[str, Any]:
    """Return a TOML file's content."""
    return tomllib.loads(path.read_text(encoding="utf-8"))


def member_folders() -> list[str]:
    """Return the plugin distributions on disk, sorted, as paths from the root."""
    return sorted(str(path.parent.relative_to(ROOT)) for path in ROOT.glob("plugins/*/*/pyproject.toml"))


def membership_problems() -> Iterator[str]:
    """Yield where the lists in the root pyproject.toml and the folders differ."""
    tool = read_toml(ROOT / "pyproject.toml")["tool"]
    listed = tool["uv"]["workspace"]["members"]
    folders = member_folders()
    yield from differences("[tool.uv.workspace] members", listed, folders)

    projects = [read_toml(ROOT / folder / "pyproject.toml")["project"] for folder in folders]
    names = ["kats-core", *(project["name"] for project in projects)]
    yield from differences("[tool.uv.sources]", list(tool["uv"]["sources"]), names)

    modules = sorted(project["name"].replace("-", "_") for project in projects if "entry-points" in project)
    linter = tool["importlinter"]
    yield from differences("[tool.importlinter] root_packages", linter["root_packages"], ["kats_core", *modules])
    for contract in linter["contracts"]:
        for key in ("source_modules", "forbidden_modules", "modules"):
            named = contract.get(key, [])
            if set(named) & set(modules):
                yield from differences(f'import contract "{contract["name"]}", {key}', named, modules)


def differences(where: str, found: list[str], expected: list[str]) -> Iterator[str]:
    """Yield what a list lacks and what it has too much."""
    for name in sorted(set(expected) - set(found)):
        yield f"{where} in pyproject.toml: {name} is missing."
    for name in sorted(set(found) - set(expected)):
        yield f"{where} in pyproject.toml: {name} is listed, but there is no such distribution under plugins/."


def version_problems() -> Iterator[str]:
    """Yield distributions off the common version, and metas that do not pin exactly their family."""
    found = VERSION.search((ROOT / "kats_core" / "__init__.py").read_text(encoding="utf-8"))
    if found is None:
        yield 'kats_core/__init__.py: no line `__version__ = "..."`.'
        return
    version = found[1]
    major, minor, *_ = version.split(".")
    core = f"kats-core>={major}.{minor},<{major}.{int(minor) + 1}"
    for folder in member_folders():
        project = read_toml(ROOT / folder / "pyproject.toml")["project"]
        if project["version"] != version:
            yield f"{folder}: version {project['version']}, but kats-core is {version}; all move together."
        if core not in project["dependencies"]:
            yield f'{folder}: depends on {project["dependencies"]}, which lacks "{core}".'
        if Path(folder).name == "meta":
            yield from meta_problems(Path(folder), project["dependencies"], version)


def meta_problems(folder: Path, dependencies: list[str], version: str) -> Iterator[str]:
    """Yield the members that a meta distribution lacks, and what it pins beside them."""
    siblings = [Path(name) for name in member_folders() if Path(name).parent == folder.parent and Path(name) != folder]
    pins = {f"{read_toml(ROOT / sibling / 'pyproject.toml')['project']['name']}=={version}" for sibling in siblings}
    pinned = {dependency for dependency in dependencies if not dependency.startswith("kats-core")}
    for pin in sorted(pins - pinned):
        yield f'{folder}: "{pin}" is missing.'
    for pin in sorted(pinned - pins):
        yield f'{folder}: "{pin}" is no member of this family at {version}.'


def private_texts() -> Iterator[str]:
    """Yield each line of the repository that names somebody's machine or a package host."""
    # The option is for a checkout that belongs to another user than the one who runs this.
    listing = ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listing, check=True, stdout=subprocess.PIPE, text=True).stdout.split("\0")
    for path in (ROOT / name for name in sorted(names) if name):
        if path.is_file():
            for number, line in enumerate(text_lines(path), start=1):
                if PRIVATE.search(line):
                    yield f"{path.relative_to(ROOT)}:{number}: machine path or package host: {line.strip()[:120]}"


def text_lines(path: Path) -> list[str]:
    """Return a file's lines; none if it is not text."""
    content = path.read_bytes()
    return [] if b"\0" in content else content.decode("utf-8", errors="replace").splitlines()


def fragment_problems() -> Iterator[str]:
    """Yield changelog fragments whose name does not say what kind of change they are."""
    for path in sorted((ROOT / "changelog.d").iterdir()):
        if path.name != "README.md" and not FRAGMENT.fullmatch(path.name):
            yield f"changelog.d/{path.name}: expected NAME.KIND.md, see changelog.d/README.md."


if __name__ == "__main__":
    sys.exit(main())
