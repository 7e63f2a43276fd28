"""Compare a changed configuration with the one in force: what a running process may take over, and when.

Tighter limits hold at once, whatever is looser from the next session on. Of the risk list, stages that are added hold at
once; where one is removed, moved or replaced the new list waits for the next session.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kats_core.config.effective import Resolved, StageEntry
from kats_core.model.tighter import tightened
from kats_core.orders.gate_config import GateConfig
from kats_core.risk.limits import Limits

_RELOADABLE = ("limits.", "gate.", "risk.", "risk[")
_NEEDS_RESTART = frozenset({"limits.commission"})
"""The account and the broker count with it from their first day on."""

_NOTHING = object()


@dataclass(frozen=True, slots=True)
class RuleSet:
    """What a reload may change."""

    limits: Limits
    gate: GateConfig
    stages: tuple[StageEntry, ...]

    @classmethod
    def of(cls, resolved: Resolved) -> RuleSet:
        """Return the rules of a configuration."""
        return cls(resolved.limits, resolved.gate, resolved.stages)


def restart_keys(old: Resolved, new: Resolved) -> tuple[str, ...]:
    """Return the changed keys that a running process cannot take over."""
    keys = [key for key in _changed(_values(old), _values(new)) if not _is_reloadable(key)]
    if old.events != new.events and "events" not in keys:
        keys.append("events")  # the same file with other content
    return tuple(keys)


def changes(old: RuleSet, new: RuleSet) -> tuple[str, ...]:
    """Say, key by key, what differs: `limits.max_positions 5 -> 4`."""
    before, after = _told(old), _told(new)
    return tuple(f"{key} {_word(before, key)} -> {_word(after, key)}" for key in _changed(before, after))


def in_force_now(old: RuleSet, new: RuleSet) -> RuleSet:
    """Return the rules that hold until the next session: nothing is allowed that the old ones forbid."""
    return RuleSet(tightened(old.limits, new.limits), tightened(old.gate, new.gate), _stages(old.stages, new.stages))


def _stages(old: Sequence[StageEntry], new: Sequence[StageEntry]) -> tuple[StageEntry, ...]:
    before = {_name(entry): entry for entry in old}
    after = {_name(entry): entry for entry in new}
    kept = [_name(entry) for entry in new if _name(entry) in before]
    is_only_added_to = kept == list(before)
    shape = new if is_only_added_to else old
    return tuple(_tighter(before.get(_name(entry)), after.get(_name(entry)), entry) for entry in shape)


def _tighter(old: StageEntry | None, new: StageEntry | None, entry: StageEntry) -> StageEntry:
    if old is None or new is None:
        return entry
    return StageEntry(old.instance, old.plugin, tightened(old.params, new.params))


def _name(entry: StageEntry) -> tuple[str, str]:
    return entry.instance, entry.plugin.name


def _is_reloadable(key: str) -> bool:
    return key.startswith(_RELOADABLE) and key not in _NEEDS_RESTART


def _values(resolved: Resolved) -> dict[str, Any]:
    return {value.path: value.value for value in resolved.values}


def _told(rules: RuleSet) -> dict[str, Any]:
    """Return the rules as flat plain values; stages by their instance, so that a moved one is told as moved."""
    found: dict[str, Any] = {"risk": [entry.instance for entry in rules.stages]}
    for block, model in (("limits", rules.limits), ("gate", rules.gate)):
        found |= _flat(block, model.model_dump(mode="json"))
    for entry in rules.stages:
        found[f"risk.{entry.instance}.use"] = entry.plugin.name
        found |= _flat(f"risk.{entry.instance}", entry.params.model_dump(mode="json"))
    return found


def _flat(path: str, value: Any) -> dict[str, Any]:
    if isinstance(value, Mapping):
        return {name: item for key, inner in value.items() for name, item in _flat(f"{path}.{key}", inner).items()}
    return {path: value}


def _changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    keys = dict.fromkeys([*before, *after])
    return [key for key in keys if before.get(key, _NOTHING) != after.get(key, _NOTHING)]


def _word(values: Mapping[str, Any], key: str) -> str:
    value = values.get(key, "-")
    return "[" + " ".join(map(str, value)) + "]" if isinstance(value, list) else str(value)
