"""Say what is wrong with a configuration: where, what was found, what was expected, what was probably meant."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import UnionType
from typing import Annotated, Any, TypeAlias, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from kats_core.plugins import nearest_name

KeyPath: TypeAlias = tuple[str | int, ...]
"""Where a value is inside a document: ("risk", 2, "params", "daily_loss_limit")."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value was written: a file with line and column counted from 1, or a source that has no lines."""

    file: str
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        return ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)


DEFAULT = Place("default")
ENVIRONMENT = Place("environment")
COMMAND_LINE = Place("command line")


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that a person must change. `found` is the value as it was written, or None where there is none."""

    place: Place
    path: str
    text: str
    found: str | None = None
    nearest: str | None = None

    def __str__(self) -> str:
        found = f", found {self.found}" if self.found is not None else ""
        hint = f" (did you mean {self.nearest}?)" if self.nearest is not None else ""
        where = f"{self.place}: {self.path}" if self.path else str(self.place)
        return f"{where}: {self.text}{found}{hint}"

    def as_dict(self) -> dict[str, str | int | None]:
        """Return plain values for JSON."""
        return {
            "file": self.place.file,
            "line": self.place.line,
            "column": self.place.column,
            "key": self.path,
            "text": self.text,
            "found": self.found,
            "nearest": self.nearest,
        }


class ConfigError(ValueError):
    """The configuration cannot be used; a person must mend it. Holds every problem, not only the first. Exit code 2."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


def dotted(path: KeyPath) -> str:
    """Return a path as people read it: risk[2].params.daily_loss_limit."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def shown(value: Any) -> str:
    """Return a value as a person would write it in YAML; long ones and collections are named, not spelled out."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "true" if value else "false"
        case str():
            return repr(value) if len(value) <= 60 else f"{value[:60]!r}..."
        case Mapping():
            return "a mapping"
        case Sequence():
            return "a list"
        case _:
            return str(value)


@dataclass(frozen=True, slots=True)
class Complaint:
    """What pydantic said about one value, in our words. `path` is relative to the model."""

    path: KeyPath
    text: str
    found: str | None = None
    nearest: str | None = None
    is_about_key: bool = False


def complaint(error: ErrorDetails, model: type[BaseModel]) -> Complaint:
    """Translate one error of a validation of `model`."""
    path: KeyPath = tuple(error["loc"])
    kind, value, context = error["type"], error["input"], error.get("ctx", {})
    if kind == "extra_forbidden":
        owner = _owner(model, path)
        names = () if owner is None else _names(owner)
        return Complaint(path, "unknown key", nearest=nearest_name(str(path[-1]), names), is_about_key=True)
    if kind == "missing":
        return Complaint(path, "is missing")
    if path[-1:] == ("[key]",):
        return Complaint(path[:-1], f"expected {context.get('expected', 'another key')} as a key", is_about_key=True)
    if kind in {"enum", "literal_error"}:
        expected = str(context["expected"])
        return Complaint(
            path, f"expected {expected}", shown(value), nearest_name(str(value), expected.split("'")[1::2])
        )
    if kind == "value_error":
        return Complaint(path, str(context["error"]))
    return Complaint(path, _expected(kind, context, model, path) or error["msg"], shown(value))


_EXPECTED = {
    "int_type": "expected a whole number",
    "int_parsing": "expected a whole number",
    "int_from_float": "expected a whole number",
    "float_type": "expected a number",
    "float_parsing": "expected a number",
    "finite_number": "expected a number",
    "bool_type": "expected true or false",
    "bool_parsing": "expected true or false",
    "string_type": "expected text; put quotes around it",
    "time_type": "expected a clock time like 09:15",
    "time_parsing": "expected a clock time like 09:15",
    "path_type": "expected a path",
    "list_type": "expected a list",
    "tuple_type": "expected a list",
    "frozen_set_type": "expected a list",
    "set_type": "expected a list",
    "dict_type": "expected a mapping of keys to values",
    "model_type": "expected a mapping of keys to values",
    "model_attributes_type": "expected a mapping of keys to values",
}
_BOUNDS = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}
_BOUND_ERRORS = {
    "greater_than_equal": "ge",
    "greater_than": "gt",
    "less_than_equal": "le",
    "less_than": "lt",
}


def _expected(kind: str, context: Mapping[str, Any], model: type[BaseModel], path: KeyPath) -> str | None:
    if kind in _EXPECTED:
        return _EXPECTED[kind]
    if kind in _BOUND_ERRORS:
        bound = _BOUND_ERRORS[kind]
        field = _field(model, path)
        return (field and allowed_range(field)) or f"must be {_BOUNDS[bound]} {context[bound]}"
    return None


def allowed_range(field: FieldInfo) -> str | None:
    """Return a field's range in words, "must be between 0 and 0.02", or None if it has none."""
    bounds = {
        name: getattr(constraint, name)
        for constraint in field.metadata
        for name in _BOUNDS
        if getattr(constraint, name, None) is not None
    }
    if bounds.keys() == {"ge", "le"}:
        return f"must be between {bounds['ge']} and {bounds['le']}"
    words = [f"{_BOUNDS[name]} {bounds[name]}" for name in _BOUNDS if name in bounds]
    return f"must be {' and '.join(words)}" if words else None


def _names(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def _field(model: type[BaseModel], path: KeyPath) -> FieldInfo | None:
    owner = _owner(model, path)
    return None if owner is None else _named(owner, path[-1])


def _named(model: type[BaseModel], key: str | int) -> FieldInfo | None:
    return next((field for name, field in model.model_fields.items() if key in {name, field.alias}), None)


def _owner(model: type[BaseModel], path: KeyPath) -> type[BaseModel] | None:
    """Return the model inside `model` whose key the path ends with, None where its fields are no models."""
    owner: type[BaseModel] | None = model
    for key in path[:-1]:
        field = None if owner is None else _named(owner, key)
        if field is None:
            return None
        owner = next(_models(field.annotation), None)
    return owner


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    """Yield the models that an annotation names by itself or beside None."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif get_origin(annotation) in {Union, UnionType, Annotated}:
        for part in get_args(annotation):
            yield from _models(part)
