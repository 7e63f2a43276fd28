"""Check that a plugin registers, and that its entry module is light: measured in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys

from kats_core.testing.kit.findings import Report
from kats_core.testing.kit.subject import Subject
from kats_core.testing.kit.wording import Sentence

HEAVY = frozenset(
    {
        *("aiohttp", "apprise", "duckdb", "httpx", "keras", "lightgbm", "matplotlib", "nicegui", "numba", "optuna"),
        *("pandas", "plotly", "polars", "pyarrow", "redis", "requests", "scipy", "seaborn", "sklearn", "slack_sdk"),
        *("sqlalchemy", "statsmodels", "talib", "telegram", "tensorflow", "torch", "urllib3", "vectorbt", "websockets"),
        "xgboost",
    }
)
"""What costs much at import and belongs to the module that does the work."""

_ASK = """
import contextlib, io, json, sys, time
sys.path[:] = json.loads(sys.argv[2])
import kats_core.api
before, printed, start = set(sys.modules), io.StringIO(), time.perf_counter()
try:
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        __import__(sys.argv[1])
    error = ""
except BaseException as raised:
    error = f"{type(raised).__name__}: {raised}"
took = time.perf_counter() - start
print(json.dumps([sorted(set(sys.modules) - before), printed.getvalue(), error, took]))
"""


def registration(subject: Subject, report: Report) -> None:
    """Look at how it was found and loaded."""
    plugin = subject.installed
    if subject.problem is not None:
        report.fail(Sentence.NOT_LOADED, problem=_with_hint(subject))
        return
    report.saw(Sentence.LOADED, distribution=plugin.distribution, version=plugin.version, value=plugin.value)
    bounds = plugin.core_requirement
    if not plugin.is_builtin and not (">" in bounds and "<" in bounds):
        report.fail(Sentence.NO_CORE_BOUND, distribution=plugin.distribution, found=bounds)


def light_import(subject: Subject, report: Report) -> None:
    """Import the entry module in a fresh process and see what comes with it."""
    done = subprocess.run(  # noqa: S603 - this Python with the lines above
        [sys.executable, "-c", _ASK, subject.module, json.dumps(sys.path)],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    if done.returncode != 0:
        report.fail(Sentence.IMPORT_FAILS, module=subject.module, error=done.stderr.strip()[-300:])
        return
    modules, printed, error, took = json.loads(done.stdout)
    if error:
        report.fail(Sentence.IMPORT_FAILS, module=subject.module, error=error)
        return
    heavy = sorted({name.partition(".")[0] for name in modules} & HEAVY)
    if heavy:
        report.fail(Sentence.HEAVY, module=subject.module, heavy=", ".join(heavy))
    if printed:
        report.fail(Sentence.IMPORT_PRINTS, module=subject.module, text=printed[:120])
    report.saw(Sentence.IMPORT_TIME, modules=len(modules), ms=round(took * 1_000))


def _with_hint(subject: Subject) -> str:
    problem = subject.problem
    if problem is None:
        return ""
    return problem.text if problem.nearest is None else f"{problem.text} (did you mean {problem.nearest}?)"
