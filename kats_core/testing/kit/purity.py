"""Read a plugin's own source: it imports `kats_core.api` alone of KATS, and what decides reads no clock, file, socket or chance."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

from kats_core.plugins import PluginKind
from kats_core.testing.kit.findings import Report
from kats_core.testing.kit.subject import Subject
from kats_core.testing.kit.wording import Sentence

IMPURE = frozenset(
    {
        *(
            "aiohttp",
            "asyncio",
            "concurrent",
            "ftplib",
            "glob",
            "http",
            "httpx",
            "io",
            "multiprocessing",
            "os",
            "pathlib",
        ),
        *(
            "random",
            "redis",
            "requests",
            "secrets",
            "shutil",
            "socket",
            "sqlalchemy",
            "sqlite3",
            "subprocess",
            "tempfile",
        ),
        *("threading", "time", "urllib", "websockets"),
    }
)
"""What reaches out of the process, or answers differently each time."""

_DECIDING = (PluginKind.STRATEGY, PluginKind.RISK_STAGE)
_CLOCKS = frozenset({"now", "today", "utcnow"})
_API = ("kats_core.api", "kats_core.testing")


def purity(subject: Subject, report: Report) -> None:
    """Look at every import and at every reading of a clock in the plugin's own modules."""
    if subject.installed.is_builtin:
        report.saw(Sentence.PURE_BUILTIN)
        return
    files = list(_sources(subject))
    for path in files:
        tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
        own = subject.module.partition(".")[0]
        for line, name in _imports(tree):
            if name.partition(".")[0] == "kats_core" and not name.startswith(_API) and own != "kats_core":
                report.fail(Sentence.PURE_ONLY_API, where=f"{path.name}:{line}", name=name)
            if subject.kind in _DECIDING and name.partition(".")[0] in IMPURE:
                report.fail(Sentence.PURE_IMPORT, where=f"{path.name}:{line}", name=name)
        if subject.kind in _DECIDING:
            for line, name in _readings(tree):
                report.fail(Sentence.PURE_IMPORT, where=f"{path.name}:{line}", name=name)
    report.saw(Sentence.PURE_SEEN, files=tuple(path.name for path in files))


def _sources(subject: Subject) -> Iterator[Path]:
    """Yield the files of the plugin's package, or its one module."""
    module = sys.modules[subject.module.partition(".")[0]]
    if module.__file__ is None:
        return
    path = Path(module.__file__)
    yield from sorted(path.parent.rglob("*.py")) if path.name == "__init__.py" else [path]


def _imports(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module is not None:
            # `from kats_core import api` imports the module that it names.
            names = (
                [f"{node.module}.{alias.name}" for alias in node.names] if node.module == "kats_core" else [node.module]
            )
            for name in names:
                yield node.lineno, name


def _readings(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield where the wall clock is read, or a number drawn: `date.today()`, `np.random`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _CLOCKS:
            owner = ast.unparse(node.func.value)
            if owner.rpartition(".")[2] in ("datetime", "date"):
                yield node.lineno, f"{owner}.{node.func.attr}()"
        elif isinstance(node, ast.Attribute) and node.attr == "random" and ast.unparse(node.value) in ("np", "numpy"):
            yield node.lineno, "numpy.random"
