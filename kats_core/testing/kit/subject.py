"""Find the plugin that is to be checked and load it as a run would; what it answers is looked at from here."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel

import kats_core
from kats_core.plugins import InstalledPlugin, PluginKind, PluginProblem, installed, load

_HERE = Path(kats_core.__file__).parent


class UnknownPluginError(ValueError):
    """No plugin of that name is installed; `nearest` are names that are."""

    def __init__(self, name: str, nearest: Sequence[str]) -> None:
        super().__init__(f"no plugin {name} is installed")
        self.name = name
        self.nearest = tuple(nearest)


@dataclass(slots=True)
class Subject:
    """One plugin under examination; `descriptor` is None when it cannot be loaded, then `problem` says why.

    `params` is what it is built with; None: its defaults. `data` is read instead of the sample market.
    """

    installed: InstalledPlugin
    descriptor: Any = None
    problem: PluginProblem | None = None
    params: BaseModel | None = None
    data: Sequence[Path] = ()
    sessions: int | None = None
    notes: dict[str, Any] = field(default_factory=dict)
    """What checks have computed and others use again."""

    @property
    def kind(self) -> PluginKind:
        """What it is."""
        return self.installed.kind

    @property
    def name(self) -> str:
        """Its name in YAML."""
        return self.installed.name

    @property
    def module(self) -> str:
        """The module of its entry point."""
        return self.installed.value.partition(":")[0]

    def parameters(self) -> Any:
        """Return the parameters it is built with."""
        return self.descriptor.params() if self.params is None else self.params

    def build(self, params: BaseModel | None = None) -> Any:
        """Return it built anew: a strategy, a stage, a source."""
        return self.descriptor.build(self.parameters() if params is None else params)


def find(name: str) -> list[Subject]:
    """Return the plugins of that name, of any kind, loaded.

    Raises:
        UnknownPluginError: there is none.
    """
    available = installed()
    found = [plugin for plugin in available if plugin.name == name]
    if not found:
        raise UnknownPluginError(name, _nearest(name, sorted({plugin.name for plugin in available})))
    loaded = load([(plugin.kind, plugin.name) for plugin in found], available)
    problems = {(problem.kind, problem.name): problem for problem in loaded.problems}
    unique = {(plugin.kind, plugin.name): plugin for plugin in found}
    return [Subject(plugin, loaded.descriptors.get(key), problems.get(key)) for key, plugin in unique.items()]


def _nearest(name: str, names: Sequence[str]) -> list[str]:
    import difflib

    return difflib.get_close_matches(name.lower(), names, n=3, cutoff=0.5)


def where(error: BaseException) -> str:
    """Return file and line of the plugin's own code that raised, else of the last frame."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if not Path(frame.filename).is_relative_to(_HERE)] or list(frames)
    return f"{Path(own[-1].filename).name}:{own[-1].lineno}" if own else "?"


def told(error: BaseException) -> str:
    """Return an error as a remark names it."""
    return " ".join(f"{type(error).__name__}: {error}".split())[:300]
