"""Find plugins without importing them; import those that are named, one by one, inside a guard.

Finding reads the metadata of installed distributions and nothing else. Loading imports only what is asked for, collects
every problem instead of stopping at the first, and hands back descriptors; it builds and runs nothing.
"""

from __future__ import annotations

import difflib
import importlib
import importlib.metadata
import re
import traceback
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from kats_core import __version__
from kats_core.model.labels import Labelled

if TYPE_CHECKING:
    import pluggy

CORE = "kats-core"
_REQUIRES_CORE = re.compile(r"kats[-_.]+core(?![-_.]*\w)", re.IGNORECASE)


class PluginKind(Labelled):
    """What a plugin is; the value ends the name of its entry-point group and of its hook."""

    STRATEGY = "strategies", "전략", "strategy"
    RISK_STAGE = "risk_stages", "리스크 단계", "risk stage"
    DATA_SOURCE = "data_sources", "데이터 소스", "data source"
    BROKER = "brokers", "브로커", "broker"
    NOTIFIER = "notifiers", "알림", "notifier"

    @property
    def group(self) -> str:
        """The entry-point group."""
        return f"kats_core.{self.value}"

    @property
    def hook(self) -> str:
        """The hook that registers plugins of this kind."""
        return f"kats_register_{self.value}"


_DESCRIPTORS = {
    PluginKind.STRATEGY: ("kats_core.strategy.contract", "StrategyPlugin"),
    PluginKind.RISK_STAGE: ("kats_core.risk.contract", "StagePlugin"),
    PluginKind.DATA_SOURCE: ("kats_core.market.source", "SourcePlugin"),
    PluginKind.BROKER: ("kats_core.orders.broker", "BrokerPlugin"),
    PluginKind.NOTIFIER: ("kats_core.journal.notifier", "NotifierPlugin"),
}
"""Where each kind's descriptor is; by name, so that finding plugins does not import the contracts."""

PluginKey: TypeAlias = tuple[PluginKind, str]
"""A plugin's kind and the name by which YAML calls it."""


@dataclass(frozen=True, slots=True)
class InstalledPlugin:
    """A plugin as its distribution's metadata describe it. `core_requirement` is empty where there is none."""

    kind: PluginKind
    name: str
    distribution: str
    version: str
    value: str
    core_requirement: str = ""

    @property
    def is_builtin(self) -> bool:
        """Tell whether the plugin is part of kats-core."""
        return self.distribution == CORE

    def __str__(self) -> str:
        return f"{self.distribution} {self.version}"


@dataclass(frozen=True, slots=True)
class PluginProblem:
    """Why a named plugin cannot be used, in words that follow its name; `nearest` is a name that does exist."""

    kind: PluginKind
    name: str
    text: str
    nearest: str | None = None

    def __str__(self) -> str:
        hint = f" (did you mean {self.nearest}?)" if self.nearest else ""
        return f"{self.kind.en} {self.name} {self.text}{hint}"


@dataclass(frozen=True, slots=True)
class LoadedPlugins:
    """What loading brought: the descriptor of each named plugin that is in order, and every problem of the others."""

    descriptors: Mapping[PluginKey, Any]
    problems: tuple[PluginProblem, ...]
    notes: tuple[str, ...] = ()


class _RefusedError(Exception):
    """This plugin cannot be used; the text follows its name. Never leaves this module."""

    def __init__(self, text: str, nearest: str | None = None) -> None:
        super().__init__(text)
        self.nearest = nearest


def nearest_name(word: str, names: Iterable[str]) -> str | None:
    """Return the name that `word` was probably meant to be, or None."""
    by_lower = {name.lower(): name for name in names}
    matches = difflib.get_close_matches(word.lower(), by_lower, n=1, cutoff=0.6)
    return by_lower[matches[0]] if matches else None


def installed(path: Sequence[str] | None = None) -> list[InstalledPlugin]:
    """Return every plugin on `path` (default: `sys.path`) by kind and name, without importing any.

    A name that two distributions use appears twice. Of a distribution that is installed twice the first one on the path
    counts, as it does for imports.
    """
    found: dict[str, list[InstalledPlugin]] = {}
    distributions = (
        importlib.metadata.distributions() if path is None else importlib.metadata.distributions(path=[*path])
    )
    for distribution in distributions:
        # Reading the metadata proper costs fifty times as much as this look at one small file.
        if "[kats_core." in (distribution.read_text("entry_points.txt") or ""):
            name = re.sub(r"[-_.]+", "-", distribution.name).lower()
            if name not in found:
                found[name] = list(_plugins_of(name, distribution))
    kinds = list(PluginKind)
    plugins = (plugin for of_one in found.values() for plugin in of_one)
    return sorted(plugins, key=lambda plugin: (kinds.index(plugin.kind), plugin.name, plugin.distribution))


def _plugins_of(name: str, distribution: importlib.metadata.Distribution) -> Iterator[InstalledPlugin]:
    requirement = next(
        (text for text in distribution.requires or () if _REQUIRES_CORE.match(text) and "extra ==" not in text), ""
    )
    for kind in PluginKind:
        for entry_point in distribution.entry_points.select(group=kind.group):
            yield InstalledPlugin(
                kind, entry_point.name, name, distribution.version, entry_point.value, requirement.replace(" ", "")
            )


def load(wanted: Iterable[PluginKey], available: Sequence[InstalledPlugin]) -> LoadedPlugins:
    """Import and check the plugins that are wanted, each once, and no other.

    A plugin that is missing, ambiguous, made for another kats-core, broken, or that registers something else than it
    announces is a problem; the rest are loaded all the same, so that one run shows everything.
    """
    import pluggy

    from kats_core import hookspecs

    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    objects: dict[PluginKey, object] = {}
    problems: dict[PluginKey, PluginProblem] = {}
    notes: list[str] = []

    for key in dict.fromkeys(wanted):
        try:
            plugin = _only_one(key, available)
            _check_core_requirement(plugin)
            objects[key] = _import(plugin)
            _register(manager, plugin, objects[key])
        except _RefusedError as refused:
            problems[key] = PluginProblem(*key, str(refused), refused.nearest)
            continue
        if not (plugin.core_requirement or plugin.is_builtin):
            notes.append(
                f"{plugin} does not say which versions of {CORE} it works with ({plugin.kind.en} {plugin.name})"
            )

    unknown_hooks = _unregister_unknown_hooks(manager)
    descriptors: dict[PluginKey, Any] = {}
    for key, plugin_object in objects.items():
        if key in problems:
            continue
        try:
            _refuse_unknown_hooks(unknown_hooks.get(id(plugin_object), ()))
            descriptors[key] = _descriptor(manager, key, plugin_object)
        except _RefusedError as refused:
            problems[key] = PluginProblem(*key, str(refused), refused.nearest)
    return LoadedPlugins(descriptors, tuple(problems.values()), tuple(notes))


def _only_one(key: PluginKey, available: Sequence[InstalledPlugin]) -> InstalledPlugin:
    kind, name = key
    candidates = [plugin for plugin in available if (plugin.kind, plugin.name) == key]
    if len(candidates) == 1:
        return candidates[0]
    if candidates:
        owners = " and ".join(str(plugin) for plugin in candidates)
        raise _RefusedError(f"is provided by more than one distribution: {owners}; uninstall all but one")
    other = next((plugin for plugin in available if plugin.name == name), None)
    if other is not None:
        raise _RefusedError(f"is not installed; {name} is a {other.kind.en}")
    raise _RefusedError(
        "is not installed", nearest_name(name, [plugin.name for plugin in available if plugin.kind is kind])
    )


def _check_core_requirement(plugin: InstalledPlugin) -> None:
    if plugin.is_builtin or not plugin.core_requirement:
        return
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        requirement = Requirement(plugin.core_requirement)
    except InvalidRequirement:
        raise _RefusedError(f"({plugin}) has an unreadable requirement on {CORE}: {plugin.core_requirement}") from None
    if requirement.marker is not None and not requirement.marker.evaluate():
        return
    if not requirement.specifier.contains(__version__, prereleases=True):
        raise _RefusedError(f"({plugin}) needs {CORE}{requirement.specifier}, but this is {CORE} {__version__}")


def _import(plugin: InstalledPlugin) -> object:
    entry_point = importlib.metadata.EntryPoint(plugin.name, plugin.value, plugin.kind.group)
    try:
        return entry_point.load()
    # Whatever a stranger's module does when it is imported, sys.exit() included, it must not hide the other problems.
    except (Exception, SystemExit) as error:
        raise _RefusedError(f"({plugin}) cannot be imported: {_what_and_where(error)}") from error


def _register(manager: pluggy.PluginManager, plugin: InstalledPlugin, plugin_object: object) -> None:
    # Two entry points may share a module, one for each kind; pluggy takes an object once.
    if manager.is_registered(plugin_object):
        return
    try:
        manager.register(plugin_object, name=plugin.value)
    except Exception as error:  # pluggy looks at every attribute of the stranger's module
        raise _RefusedError(f"({plugin}) has a hook that does not fit: {' '.join(str(error).split())}") from error


def _unregister_unknown_hooks(manager: pluggy.PluginManager) -> dict[int, list[str]]:
    """Return the messages about hooks that do not exist by `id` of the plugin; pluggy reports one at a time."""
    from pluggy import PluginValidationError

    unknown: dict[int, list[str]] = defaultdict(list)
    while True:
        try:
            manager.check_pending()
        except PluginValidationError as error:
            unknown[id(error.plugin)].append(str(error))
            manager.unregister(error.plugin)
        else:
            return unknown


def _refuse_unknown_hooks(messages: Iterable[str]) -> None:
    for message in messages:
        name = re.search(r"unknown hook '(\w+)'", message)
        hook = name[1] if name else message
        raise _RefusedError(
            f"implements the unknown hook {hook}", nearest_name(hook, [kind.hook for kind in PluginKind])
        )


def _descriptor(manager: pluggy.PluginManager, key: PluginKey, plugin_object: object) -> Any:
    kind, name = key
    implementations = [i for i in getattr(manager.hook, kind.hook).get_hookimpls() if i.plugin is plugin_object]
    if not implementations:
        raise _RefusedError(f"registers nothing: its module has no hook {kind.hook} marked with @hookimpl")
    try:
        descriptor = implementations[0].function()
    except Exception as error:  # a plugin's hook is called; its failure becomes a problem of that plugin
        raise _RefusedError(f"failed in {kind.hook}: {_what_and_where(error)}") from error
    expected = _descriptor_type(kind)
    if not isinstance(descriptor, expected):
        raise _RefusedError(f"returns {type(descriptor).__name__} from {kind.hook}, expected {expected.__name__}")
    _check_descriptor(descriptor, name)
    return descriptor


def _check_descriptor(descriptor: Any, name: str) -> None:
    from pydantic import BaseModel

    if descriptor.name != name:
        raise _RefusedError(f"calls itself {descriptor.name!r}; its entry point's name is what counts in YAML")
    params = descriptor.params
    if not (
        isinstance(params, type) and issubclass(params, BaseModel) and params.model_config.get("extra") == "forbid"
    ):
        raise _RefusedError('needs params that are a pydantic model with extra="forbid"')


@cache
def _descriptor_type(kind: PluginKind) -> type:
    module, name = _DESCRIPTORS[kind]
    found: type = getattr(importlib.import_module(module), name)
    return found


def _what_and_where(error: BaseException) -> str:
    frames = [
        f for f in traceback.extract_tb(error.__traceback__) if "importlib" not in f.filename and f.filename != __file__
    ]
    where = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {error}{where}"
