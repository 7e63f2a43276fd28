"""Lay a configuration out flat, one value a line, so that two can be compared and one can be read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def flattened(values: Any, path: str = "") -> dict[str, Any]:
    """Return nested values by their dotted path; what a list names (`as`, `use`) stands for its position."""
    if isinstance(values, Mapping) and values:
        found: dict[str, Any] = {}
        for key, value in values.items():
            found |= flattened(value, f"{path}.{key}" if path else str(key))
        return found
    if isinstance(values, list | tuple) and values and all(isinstance(one, Mapping) for one in values):
        found = {f"{path} (order)": [_named(one, n) for n, one in enumerate(values)]}
        for n, one in enumerate(values):
            found |= flattened(one, f"{path}[{_named(one, n)}]")
        return found
    return {path: values}


def _named(entry: Mapping[str, Any], position: int) -> str:
    return str(entry.get("as") or entry.get("use") or position)
