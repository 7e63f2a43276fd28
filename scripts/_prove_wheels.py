"""Build every distribution's wheel and prove that each works installed, away from this checkout.

1. Core and one of our distributions at a time in a clean environment: it is listed by `kats plugins`, and its modules load
   from there. A meta distribution comes with its members.
2. Core, all of ours and two strangers' packages (tests/fixtures/third_party): both are listed, and on the sample market
   the strangers' strategy gives signals that pass the strangers' stage, standing between two of ours.

Our distributions come from the wheels just built, everything else from the index at the pinned versions.
"""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from _lone_markets import LoneMarket, lone_markets

from kats_core.testing import SESSION

ROOT = Path(__file__).resolve().parent.parent
THIRD_PARTY = ROOT / "tests" / "fixtures" / "third_party"
STRATEGIES = "kats_core.strategies"
RISK = "kats-risk"
"""The distribution that brings the stages which a configuration without a `risk:` block names."""

STRATEGY = "opening-drive"
STAGES = ("position-sizer", "round-lot", "margin-guard")

TRADE_YAML = f"""\
version: 1
mode: paper
capital: 100_000_000
data: {{use: sample}}
broker: {{use: paper}}
assume: {{stars: 4}}
strategies:
  - use: {STRATEGY}
risk:
{"".join(f"  - use: {stage}{chr(10)}" for stage in STAGES)}"""

LOAD = """\
import sys
from importlib.metadata import distribution
for entry_point in distribution(sys.argv[1]).entry_points:
    if entry_point.group.startswith("kats_core."):
        print(entry_point.load().__file__)
"""


class ProofError(Exception):
    """A wheel does not do what it should; needs the person who changed it."""


@dataclass(frozen=True, slots=True)
class Distribution:
    """What a pyproject file says about one distribution, and where its wheel lies."""

    name: str
    plugins: Mapping[str, str]  # plugin name -> entry-point group
    requires: tuple[str, ...]
    wheel: Path


class Environment:
    """A clean virtual environment outside the checkout, with a KATS_HOME of its own."""

    def __init__(self, folder: Path, wheels: list[Path], constraints: Path) -> None:
        """Create it and install the wheels; what they need besides comes from the index."""
        self.folder = folder
        # Core's own environment variables, and a PYTHONPATH into the checkout, must not decide the outcome.
        inherited = {
            key: value for key, value in os.environ.items() if not key.startswith(("KATS_", "PYTHON", "VIRTUAL_ENV"))
        }
        self.settings = inherited | {"KATS_HOME": str(folder / "home"), "UV_PYTHON_DOWNLOADS": "never"}
        folder.mkdir()
        self._run(os.environ["UV"], "venv", "--quiet", "--no-config", "--python", sys.executable, "venv")
        self._pip("install", "--constraints", str(constraints), *map(str, wheels))

    @contextmanager
    def also(self, wheel: Path, name: str) -> Iterator[None]:
        """Have one more distribution installed for a while, which needs nothing that is not there."""
        self._pip("install", "--no-deps", str(wheel))
        try:
            yield
        finally:
            self._pip("uninstall", name)

    def python(self, code: str, *arguments: str) -> str:
        """Run code with this environment's Python; return what it printed."""
        return self._run("venv/bin/python", "-I", "-c", code, *arguments)

    def kats(self, *arguments: str) -> str:
        """Run a kats command; return what it printed."""
        return self._run("venv/bin/kats", *arguments)

    def kats_json(self, *arguments: str) -> Any:
        """Run a kats command that prints JSON; return the value."""
        printed = self.kats(*arguments)
        try:
            return json.loads(printed)
        except json.JSONDecodeError as error:
            raise ProofError(f"kats {' '.join(arguments)} printed no JSON ({error}):\n{printed[:2000]}") from error

    def _pip(self, verb: str, *arguments: str) -> None:
        self._run(os.environ["UV"], "pip", verb, "--quiet", "--no-config", "--python", "venv", *arguments)

    def _run(self, *command: str) -> str:
        done = subprocess.run(
            command, cwd=self.folder, env=self.settings, check=False, capture_output=True, text=True, timeout=600
        )
        if done.returncode != 0:
            raise ProofError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done.stdout


def main() -> int:
    """Prove all; print a line for each distribution; return 1 if any failed."""
    failed: list[str] = []
    # Beside the checkout's environment: on the disk of uv's cache more often than /tmp, and there installing is linking.
    (ROOT / ".tools").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=ROOT / ".tools", prefix="proof-") as scratch_name:
        scratch = Path(scratch_name)
        ours, strangers = build(scratch / "wheels")
        constraints = write_constraints(scratch / "constraints.txt")
        for each in ours:
            with reported(each.name, failed):
                prove_alone(each, ours, Environment(scratch / each.name, needed_wheels(each, ours), constraints))
        with reported("each strategy trades alone", failed):
            (risk,) = (each for each in ours if each.name == RISK)
            shared = Environment(scratch / "lone", needed_wheels(risk, ours), constraints)
            markets = {market.strategy: market for market in lone_markets()}
            for each, name in strategies_of(ours):
                with reported(f"{name} trades", failed), shared.also(each.wheel, each.name):
                    prove_trades(name, markets, shared)
        with reported("third-party packages between ours", failed):
            wheels = [each.wheel for each in (*ours, *strangers)]
            prove_strangers(strangers, Environment(scratch / "strangers", wheels, constraints))
    return 1 if failed else 0


@contextmanager
def reported(title: str, failed: list[str]) -> Iterator[None]:
    """Print how the proof inside ended and how long it took; a failure is noted and the next proof follows."""
    start = time.monotonic()
    outcome = "ok    "
    try:
        yield
    except ProofError as error:
        print(error)
        failed.append(title)
        outcome = "FAILED"
    print(f"{outcome} {time.monotonic() - start:5.1f} s  {title}", flush=True)


# Building


def build(folder: Path) -> tuple[list[Distribution], list[Distribution]]:
    """Build all wheels into `folder`; return our distributions, core first, and the strangers'."""
    uv = [os.environ["UV"], "build", "--quiet", "--wheel", "--python", sys.executable, "--out-dir", str(folder)]
    members = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["uv"]["workspace"]["members"]
    strange = sorted(path.parent for path in THIRD_PARTY.glob("*/pyproject.toml"))
    subprocess.run([*uv, "--all-packages"], cwd=ROOT, check=True)
    for source in strange:
        subprocess.run([*uv, "--no-config", str(source)], cwd=folder, check=True)
    ours = [read_distribution(source, folder) for source in (ROOT, *(ROOT / member for member in members))]
    return ours, [read_distribution(source, folder) for source in strange]


def read_distribution(source: Path, wheels: Path) -> Distribution:
    """Return what the pyproject file in `source` declares, with the wheel built from it."""
    project = tomllib.loads((source / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (wheel,) = wheels.glob(f"{project['name'].replace('-', '_')}-*.whl")
    groups: dict[str, dict[str, str]] = project.get("entry-points", {})
    plugins = {name: group for group, names in groups.items() if group.startswith("kats_core.") for name in names}
    return Distribution(project["name"], plugins, tuple(project["dependencies"]), wheel)


def write_constraints(path: Path) -> Path:
    """Write the pinned versions where `uv pip` reads them outside the workspace."""
    uv = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["uv"]
    path.write_text("".join(f"{pin}\n" for pin in uv["constraint-dependencies"]), encoding="utf-8")
    return path


def needed_wheels(each: Distribution, ours: list[Distribution]) -> list[Path]:
    """Return the wheels of a distribution, of core, and of the members that it pins."""
    members = {requirement.partition("==")[0] for requirement in each.requires if "==" in requirement}
    wanted = {"kats-core", each.name} | members
    return [other.wheel for other in ours if other.name in wanted]


# Proving


def prove_alone(each: Distribution, ours: list[Distribution], environment: Environment) -> None:
    """Check that a distribution is listed and loads, from the environment and not from the checkout."""
    home = environment.python("import kats_core; print(kats_core.__file__)").strip()
    if not Path(home).is_relative_to(environment.folder):
        raise ProofError(f"kats_core was imported from {home}, not from the wheel.")
    listed = environment.kats_json("plugins", "--json")
    present = [other for other in ours if other.wheel in needed_wheels(each, ours)]
    for other in present:
        expect_listed(other, listed)
        environment.python(LOAD, other.name)


def expect_listed(each: Distribution, listed: list[dict[str, Any]]) -> None:
    """Raise ProofError unless `kats plugins --json` shows every plugin of the distribution."""
    found = {(plugin["distribution"], plugin["name"]) for plugin in listed}
    for name in each.plugins:
        if (each.name, name) not in found:
            raise ProofError(f"`kats plugins --json` does not show {name} of {each.name}; it shows {sorted(found)}.")


def strategies_of(ours: list[Distribution]) -> Iterator[tuple[Distribution, str]]:
    """Yield each strategy of ours with its distribution."""
    for each in ours:
        for name, group in each.plugins.items():
            if group == STRATEGIES:
                yield each, name


def prove_trades(name: str, markets: Mapping[str, LoneMarket], environment: Environment) -> None:
    """Check that a strategy, the only one installed, buys and sells on its market what its worked example says.

    The configuration names neither strategies nor stages: what is installed runs, the rest of the defaults is skipped.
    """
    if name not in markets:
        raise ProofError(f"There is no market for {name}: add one to scripts/_lone_markets.py.")
    listed = environment.kats_json("plugins", "--json")
    # The strategies of the defaults are listed too; those that are not installed have no distribution.
    present = [plugin["name"] for plugin in listed if plugin["kind"] == "strategies" and plugin["distribution"]]
    if present != [name]:
        raise ProofError(f"The strategies installed are {present}, expected {name} alone.")
    market, folder = markets[name], environment.folder / name
    market.write(folder)
    config = environment.folder / f"{name}.yaml"
    config.write_text(market.configuration(), encoding="utf-8")
    shown = environment.kats(
        *("backtest", "--config", config.name, "--data", folder.name, "--from", str(SESSION), "--one-path"),
        *("--out", f"{name}-run"),
    )
    with (environment.folder / f"{name}-run" / "trades.csv").open(encoding="utf-8-sig", newline="") as file:
        trades = list(csv.DictReader(file))
    found = [(trade["strategy"], trade["symbol"], trade["stop_price"], trade["exit_code"]) for trade in trades]
    if found != [(name, market.symbol, str(market.stop), market.exit_code)]:
        raise ProofError(f"{name} should make one trade, {market}; it made {found}:\n{shown}")
    if not 0 < float(trades[0]["entry_price"]) <= market.limit:
        raise ProofError(f"{name} bought at {trades[0]['entry_price']}, above its limit of {market.limit}.")


def prove_strangers(strangers: list[Distribution], environment: Environment) -> None:
    """Check that a strategy and a stage written by others trade between ours on the sample market."""
    listed = environment.kats_json("plugins", "--json")
    for each in strangers:
        expect_listed(each, listed)
    config = environment.folder / "trade.yaml"
    config.write_text(TRADE_YAML, encoding="utf-8")
    environment.kats("run", "--config", config.name)
    explained = [json.loads(line) for line in environment.kats("explain", "--day", "--json").splitlines()]
    signals = [signal for found in explained if found["instance"] == STRATEGY for signal in found.get("signals", [])]
    if not signals:
        raise ProofError(f"{STRATEGY} gave no signal on the sample market, so nothing is proved.")
    for signal in signals:
        for attempt in signal["attempts"]:
            order = tuple(verdict["stage"] for verdict in attempt if verdict["stage"] in STAGES)
            if order != STAGES:
                raise ProofError(f"The stages of a signal are {order}, but kats.yaml says {STAGES}: {signal}")


if __name__ == "__main__":
    sys.exit(main())
