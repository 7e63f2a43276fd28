"""Find the service of a transaction id, and fill replies so that every documented field is there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, TypeAlias

from kats_core.simulator._catalogue import SERVICES

Row: TypeAlias = dict[str, str]

_UNKNOWN = {"%": "0.00", "?": "N", "!": "3", ":": ""}
_LEDGER = "/trading/"


@dataclass(frozen=True, slots=True)
class Block:
    """One part of a reply. `fields` holds what a field shows when nothing is known."""

    name: str
    is_list: bool
    is_single: bool
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Service:
    """One call of the broker. `top` are fields beside the result code."""

    name: str
    method: str
    path: str
    prod: tuple[str, ...]
    vps: tuple[str, ...]
    blocks: Mapping[str, Block] = field(default_factory=dict)
    top: tuple[str, ...] = ()

    @property
    def is_ledger(self) -> bool:
        """Tell whether it reads or changes an account, which has a pace of its own."""
        return _LEDGER in self.path

    def row(self, block: str, values: Mapping[str, Any]) -> Row:
        """Return a row with every field of a block; raises KeyError for a field that the block does not have."""
        known = self.blocks[block].fields
        unknown = values.keys() - known.keys()
        if unknown:
            raise KeyError(f"{self.name}.{block} has no field {min(unknown)}")
        return {name: str(values.get(name, default)) for name, default in known.items()}

    def empty(self) -> dict[str, Any]:
        """Return the blocks of a reply without data."""
        return {
            block.name: ([self.row(block.name, {})] if block.is_single else [])
            if block.is_list
            else self.row(block.name, {})
            for block in self.blocks.values()
        }


@cache
def services() -> Mapping[str, Service]:
    """Return all services by name."""
    return {one.name: one for one in _read()}


@cache
def _by_id() -> Mapping[str, tuple[Service, bool]]:
    found = {}
    for one in services().values():
        for tr in one.prod:
            found[tr] = one, False
        for tr in one.vps:
            # What both servers have under one id belongs to neither alone.
            found[tr] = one, tr not in one.prod
    return found


def service_of(tr_id: str) -> tuple[Service, bool] | None:
    """Return the service of a transaction id and whether the id is one of the mock server alone."""
    return _by_id().get(tr_id)


def _read() -> Iterator[Service]:
    head: list[str] | None = None
    body: list[list[str]] = []
    for line in [*SERVICES.strip().splitlines(), "end"]:
        words = line.split()
        if line.startswith("    "):
            body[-1] += words
        elif line.startswith("  "):
            body.append(words)
        else:
            if head is not None:
                yield _service(head, body)
            head, body = words, []


def _service(head: list[str], body: list[list[str]]) -> Service:
    name, method, path, prod, vps = head
    blocks: dict[str, Block] = {}
    top: tuple[str, ...] = ()
    for first, *names in body:
        if first == "top":
            top = tuple(names)
            continue
        block = _block(first, names)
        blocks[block.name] = block
    return Service(name, method, path, _ids(prod), _ids(vps), blocks, top)


def _block(first: str, names: list[str]) -> Block:
    kind = first[-2:] if first.endswith(("{}", "[]")) else first[-3:]
    fields = {name.rstrip("%?!:"): _UNKNOWN.get(name[-1], "0") for name in names}
    return Block(first.removesuffix(kind), kind != "{}", kind == "[1]", fields)


def _ids(text: str) -> tuple[str, ...]:
    return () if text == "-" else tuple(text.split(","))
