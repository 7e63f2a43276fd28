"""Read YAML into plain values, and remember of each key and value where it was written."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeAlias

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from kats_core.config.problems import COMMAND_LINE, DEFAULT, ConfigError, KeyPath, Place, Problem, dotted, shown

FILE_NAME = "kats.yaml"
_FIRST = (1, 1)

PlaceOf: TypeAlias = Callable[[KeyPath], Place]


@dataclass
class Document:
    """Plain values by path, and the place where each key and each value was written."""

    data: dict[str, Any] = field(default_factory=dict)
    keys: dict[KeyPath, Place] = field(default_factory=dict)
    values: dict[KeyPath, Place] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def place_of(self, path: KeyPath, *, is_key: bool = False) -> Place:
        """Return where a value, or a key, was written; of something that was not written, where it would belong."""
        places = self.keys if is_key and path in self.keys else self.values
        while path and path not in places:
            path = path[:-1]
        return places.get(path, DEFAULT)

    def known_part(self, path: KeyPath) -> KeyPath:
        """Return the longest part of a path that was written."""
        while path and path not in self.values:
            path = path[:-1]
        return path

    def fill(self, root: Mapping[Any, Any], place_of: PlaceOf) -> None:
        """Take everything from what a YAML parser returned."""
        self.data = self._plain(root, (), place_of)

    def set(self, path: KeyPath, value: Any, place: Place) -> None:
        """Put a value, as if it had been written at `place`; missing mappings on the way are made."""
        target: Any = self.data
        for depth, part in enumerate(path[:-1], start=1):
            if isinstance(target, dict) and target.get(part) is None:
                target[part] = {}
                self.values.setdefault(path[:depth], place)
            target = target[part]
        target[path[-1]] = self._plain(value, path, lambda _: place)

    def take_block(self, name: str, other: Document) -> None:
        """Take a top-level block, with its places, from another document."""
        self.data[name] = other.data[name]
        for mine, theirs in ((self.keys, other.keys), (self.values, other.values)):
            mine.update({path: place for path, place in theirs.items() if path[0:1] == (name,)})

    def _plain(self, node: Any, path: KeyPath, place_of: PlaceOf) -> Any:
        self.values[path] = place_of(path)
        match node:
            case Mapping():
                return dict(self._items(node, path, place_of))
            case list() | tuple():
                return [self._plain(item, (*path, i), place_of) for i, item in enumerate(node)]
            case bool() | None:
                return node
            case int():
                return int(node)
            case float() if math.isfinite(node):
                return float(node)
            case str():
                return str(node)
            case dt.date() | dt.time():
                return node.isoformat()
            case Path():
                return str(node)
        text = "expected a finite number" if isinstance(node, float) else "this kind of value has no meaning here"
        self.problems.append(Problem(self.values[path], dotted(path), text, shown(node)))
        return None

    def _items(self, node: Mapping[Any, Any], path: KeyPath, place_of: PlaceOf) -> Iterator[tuple[str, Any]]:
        for key, value in node.items():
            if isinstance(key, str):
                yield str(key), self._plain(value, (*path, str(key)), place_of)
            else:
                self.problems.append(Problem(self.values[path], dotted(path), "expected a name as a key", shown(key)))


def read_document(path: Path, label: str) -> Document:
    """Return the file as a document; `label` is its name in messages.

    Raises:
        ConfigError: there is no such file, or it is no YAML mapping.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError([Problem(Place(label), "", "there is no such file")]) from None
    except OSError as error:
        raise ConfigError([Problem(Place(label), "", f"cannot be read: {error.strerror or error}")]) from error
    except UnicodeDecodeError as error:
        raise ConfigError([Problem(Place(label), "", f"is not text in UTF-8 (byte {error.start + 1})")]) from error
    return parse_document(text, label)


def parse_document(text: str, label: str) -> Document:
    """Return YAML text as a document; raises as `read_document`."""
    try:
        root = YAML(typ="rt").load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(label, mark.line + 1, mark.column + 1) if mark else Place(label)
        raise ConfigError([Problem(place, "", f"is not valid YAML: {error.problem or error.context}")]) from error
    except YAMLError as error:
        raise ConfigError([Problem(Place(label), "", f"is not valid YAML: {error}")]) from error
    if root is None:
        root = CommentedMap()
    if not isinstance(root, CommentedMap):
        raise ConfigError([Problem(Place(label, *_FIRST), "", "expected a mapping of keys to values", shown(root))])
    document = Document()
    places: dict[KeyPath, Place] = {(): Place(label, *_FIRST)}
    for path, line, column in _positions(root, (), document.keys, label):
        places[path] = Place(label, line, column)
    # A value that an anchor brought in has no position of its own: it gets that of what holds it.
    document.fill(root, lambda path: _nearest_place(places, path))
    return document


def default_document(profile: str | None) -> Document:
    """Return `default.yaml`, with one of its profiles laid over it, or bare."""
    document = parse_document(files(__package__).joinpath("default.yaml").read_text(encoding="utf-8"), "default.yaml")
    profiles = document.data.pop("profiles")
    for name, block in (profiles[profile] if profile else {}).items():
        document.data[name] = block
    document.keys = dict.fromkeys(document.keys, DEFAULT)
    document.values = dict.fromkeys(document.values, DEFAULT)
    return document


def apply_overrides(document: Document, overrides: Mapping[str, Any]) -> None:
    """Lay values of the command line over the document.

    Keys are dotted paths; an entry of a list is called by its instance name: `capital`, `data`, `limits.max_exposure`,
    `strategies.vb-fast.params.k`.
    """
    for key, value in overrides.items():
        path = _path_of(document, key)
        if path is None:
            document.problems.append(Problem(COMMAND_LINE, key, "there is no such key"))
        else:
            document.set(path, value, COMMAND_LINE)


def _path_of(document: Document, key: str) -> KeyPath | None:
    target: Any = document.data
    path: list[str | int] = []
    for part in key.split("."):
        if isinstance(target, list):
            names = [e.get("as") or e.get("use") if isinstance(e, dict) else None for e in target]
            if part not in names:
                return None
            path.append(names.index(part))
            target = target[names.index(part)]
        elif isinstance(target, dict) or target is None:
            path.append(part)
            target = (target or {}).get(part)
        else:
            return None
    return tuple(path)


def _positions(node: Any, path: KeyPath, keys: dict[KeyPath, Place], label: str) -> Iterator[tuple[KeyPath, int, int]]:
    """Yield path, line and column of each value; note the places of keys in `keys`. The parser counts from 0."""
    if not isinstance(node, CommentedMap | CommentedSeq):
        return
    is_map = isinstance(node, CommentedMap)
    for part in node if is_map else range(len(node)):
        own = (*path, part)
        try:
            line, column = node.lc.value(part) if is_map else node.lc.item(part)
            key = node.lc.key(part) if is_map else None
        except KeyError:  # a merge key brought it in
            continue
        if key is not None:
            keys[own] = Place(label, key[0] + 1, key[1] + 1)
        yield own, line + 1, column + 1
        yield from _positions(node[part], own, keys, label)


def _nearest_place(places: Mapping[KeyPath, Place], path: KeyPath) -> Place:
    while path not in places:
        path = path[:-1]
    return places[path]
