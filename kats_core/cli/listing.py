"""List plugins from metadata alone, and where they stand in the configuration.

Nothing is imported, so that the list is there at once and a broken plugin cannot hide the others; to `check` is to import
each. This module is on the way to the fastest answer after `--version`: it imports neither Typer nor pydantic.
"""

from __future__ import annotations

import importlib.util
import json
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import kats_core
from kats_core.cli import console
from kats_core.cli.text import label, t
from kats_core.model.labels import Labelled
from kats_core.plugins import CORE, InstalledPlugin, PluginKey, PluginKind, installed

_BOUND = re.compile(r"(>=|<)(\d+(?:\.\d+)*)")
_BLOCKS = {
    "data": PluginKind.DATA_SOURCE,
    "broker": PluginKind.BROKER,
    "strategies": PluginKind.STRATEGY,
    "risk": PluginKind.RISK_STAGE,
}


class PluginStatus(Labelled):
    """What can be said of a plugin."""

    ACTIVE = "active", "사용 중", "active"
    OFF = "off", "꺼짐", "switched off"
    INSTALLED = "installed", "설치됨", "installed"
    BROKEN = "broken", "고장", "broken"
    INCOMPATIBLE = "incompatible", "버전 불일치", "incompatible"
    DUPLICATE = "duplicate", "중복 설치", "installed twice"
    MISSING = "missing", "설치 안 됨", "not installed"


_STYLES = {PluginStatus.ACTIVE: "green", PluginStatus.OFF: "dim", PluginStatus.INSTALLED: ""}


@dataclass(slots=True)
class Mention:
    """A plugin in the configuration: its instances, its place in its list, whether it is switched on."""

    position: int
    instances: list[str] = field(default_factory=list)
    is_on: bool = False


@dataclass(frozen=True, slots=True)
class Listed:
    """One line of the list."""

    kind: PluginKind
    name: str
    distribution: str
    version: str
    status: PluginStatus
    position: int | None
    instances: tuple[str, ...]
    problem: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return plain values; `position` is a risk stage's turn, None for everything else."""
        return {
            "kind": self.kind.value,
            "name": self.name,
            "distribution": self.distribution,
            "version": self.version,
            "status": self.status.value,
            "position": self.position,
            "instances": list(self.instances),
            "problem": self.problem,
        }


def show(config: Path | None, *, as_json: bool, check: bool = False) -> int:
    """Print the list; return the exit code."""
    available = installed()
    listed = list(survey(available, mentions(_document(config))))
    if check:
        listed = _checked(listed, available)
    if as_json:
        text = json.dumps([each.as_json() for each in listed], ensure_ascii=False, indent=2)
        sys.stdout.write(f"{text}\n")
    else:
        _print(listed)
    return console.FAILED if check and any(each.problem for each in listed) else console.OK


def survey(available: Sequence[InstalledPlugin], named: Mapping[PluginKey, Mention]) -> Iterator[Listed]:
    """Yield every plugin that is installed or named, by kind; risk stages in their order, then the others by name."""
    copies = Counter((plugin.kind, plugin.name) for plugin in available)
    lines = [_line(plugin, named.get((plugin.kind, plugin.name)), copies) for plugin in available]
    for (kind, name), mention in named.items():
        if (kind, name) not in copies:
            lines.append(_of(kind, name, "", "", PluginStatus.MISSING, mention))
    kinds = list(PluginKind)
    yield from sorted(lines, key=lambda each: (kinds.index(each.kind), each.position or len(lines) + 1, each.name))


def mentions(document: Mapping[str, Any]) -> dict[PluginKey, Mention]:
    """Return the plugins that a configuration names."""
    found: dict[PluginKey, Mention] = {}
    for block, kind in _BLOCKS.items():
        entries = document.get(block)
        for position, entry in enumerate(entries if isinstance(entries, list) else [entries], 1):
            if not isinstance(entry, Mapping) or not isinstance(entry.get("use"), str):
                continue
            mention = found.setdefault((kind, entry["use"]), Mention(position))
            mention.instances.append(str(entry.get("as", entry["use"])))
            mention.is_on |= entry.get("enabled", True) is not False
    return found


def _line(plugin: InstalledPlugin, mention: Mention | None, copies: Mapping[PluginKey, int]) -> Listed:
    problem = ""
    if copies[plugin.kind, plugin.name] > 1:
        status = PluginStatus.DUPLICATE
    elif not _is_compatible(plugin):
        status, problem = PluginStatus.INCOMPATIBLE, f"{plugin.core_requirement} ({CORE} {kats_core.__version__})"
    elif not _is_there(plugin):
        status, problem = PluginStatus.BROKEN, t("no_module", module=plugin.value)
    elif mention is None:
        status = PluginStatus.INSTALLED
    else:
        status = PluginStatus.ACTIVE if mention.is_on else PluginStatus.OFF
    return _of(plugin.kind, plugin.name, plugin.distribution, plugin.version, status, mention, problem)


def _of(
    kind: PluginKind,
    name: str,
    distribution: str,
    version: str,
    status: PluginStatus,
    mention: Mention | None,
    problem: str = "",
) -> Listed:
    is_stage = kind is PluginKind.RISK_STAGE and mention is not None
    position = mention.position if is_stage and mention is not None else None
    instances = () if mention is None else tuple(mention.instances)
    return Listed(kind, name, distribution, version, status, position, instances, problem)


def _is_compatible(plugin: InstalledPlugin) -> bool:
    if plugin.is_builtin or not plugin.core_requirement:
        return True
    bounds = [_BOUND.fullmatch(part) for part in plugin.core_requirement.removeprefix(CORE).split(",")]
    if all(bounds):
        # The usual form, `kats-core>=0.1,<0.2`; to import packaging would take a fifth of the time there is.
        return all(_is_within(bound) for bound in bounds if bound is not None)
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        requirement = Requirement(plugin.core_requirement)
    except InvalidRequirement:
        return False
    is_asked = requirement.marker is None or requirement.marker.evaluate()
    return not is_asked or requirement.specifier.contains(kats_core.__version__, prereleases=True)


def _is_within(bound: re.Match[str]) -> bool:
    present, wanted = ([int(part) for part in text.split(".")] for text in (kats_core.__version__, bound[2]))
    return present >= wanted if bound[1] == ">=" else present < wanted


def _is_there(plugin: InstalledPlugin) -> bool:
    """Tell whether the top-level module can be found; looking deeper would import it."""
    return importlib.util.find_spec(plugin.value.partition(":")[0].partition(".")[0]) is not None


def _checked(listed: Iterable[Listed], available: Sequence[InstalledPlugin]) -> list[Listed]:
    """Import every plugin and note what is wrong with it."""
    from kats_core.plugins import load

    lines = list(listed)
    loaded = load(((each.kind, each.name) for each in lines), available)
    troubles = {(problem.kind, problem.name): problem.text for problem in loaded.problems}
    told = []
    for each in lines:
        problem = troubles.get((each.kind, each.name), "")
        is_new = bool(problem) and each.status in _STYLES
        status = PluginStatus.BROKEN if is_new else each.status
        told.append(replace(each, status=status, problem=problem or each.problem))
    return told


def _document(config: Path | None) -> dict[str, Any]:
    """Return the YAML as it is written; a block that it leaves out is the default's.

    Checking it all takes a second and is the business of `kats config check`; here only the names matter.
    """
    path = config if config is not None else Path("kats.yaml")
    default = _yaml(Path(kats_core.__file__).parent / "config" / "default.yaml")
    if config is None and not path.exists():
        return default
    return {**default, **_yaml(path)}


def _yaml(path: Path) -> dict[str, Any]:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        root = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, YAMLError) as error:
        raise console.InputError(f"{path}: {' '.join(str(error).split())}") from error
    if root is None:
        return {}
    if not isinstance(root, dict):
        raise console.InputError(t("no_mapping", path=path))
    return root


def _print(listed: Sequence[Listed]) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    screen = console.out()
    # A distribution is mostly called like its plugin: where there is no room for both, the plugin's name counts.
    is_narrow = console.is_narrow(screen)
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for heading in (t("kind"), t("name"), *(() if is_narrow else (t("distribution"),)), t("version"), t("status")):
        table.add_column(heading, overflow="fold")
    table.add_column(t("position"), justify="right")
    table.add_column(t("instances"), overflow="fold")
    for each in listed:
        table.add_row(
            label(each.kind),
            Text(each.name, "bold"),
            *(() if is_narrow else (each.distribution,)),
            each.version,
            Text(label(each.status), _STYLES.get(each.status, "bold red")),
            "" if each.position is None else str(each.position),
            ", ".join(instance for instance in each.instances if instance != each.name),
        )
    screen.print(table)
    for each in listed:
        if each.problem:
            screen.print(Text(f"{label(each.kind)} {each.name}: {each.problem}", "red"), soft_wrap=True)
