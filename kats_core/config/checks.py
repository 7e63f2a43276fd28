"""Check what a model of a single block cannot see: names used twice, and the order of the risk stages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from kats_core.config.file import Document
from kats_core.config.problems import KeyPath, Problem, dotted
from kats_core.plugins import PluginKey, PluginKind


@dataclass
class Use:
    """One place of the document that names a plugin; `plugin` and `params` follow when they are found to be in order."""

    kind: PluginKind
    path: KeyPath
    name: str
    instance: str
    plugin: Any = field(default=None)
    params: Any = field(default=None)

    @property
    def key(self) -> PluginKey:
        """What the loader calls it."""
        return (self.kind, self.name)


def name_problems(uses: Sequence[Use], document: Document) -> Iterator[Problem]:
    """Yield the entries of one list whose instance name an earlier entry already has."""
    first: dict[str, Use] = {}
    for use in uses:
        earlier = first.setdefault(use.instance, use)
        if earlier is not use:
            where = document.place_of(earlier.path)
            yield Problem(
                document.place_of(use.path),
                dotted(use.path),
                f"the instance name {use.instance} is taken by {dotted(earlier.path)} ({where}): "
                "give one of them another name with `as`",
            )


def order_problems(stages: Sequence[Use], document: Document, *, are_complete: bool) -> Iterator[Problem]:
    """Yield where the list of stages breaks the law of order.

    Exactly one stage has phase size and is first, those of phase cash are last, and each stage stands behind the plugins
    of its `after` and before those of its `before`, as far as they are named. `are_complete` is false when an entry could
    not be loaded: then nothing is said about what is missing.
    """
    if are_complete and not any(_phase(use) == "size" for use in stages):
        text = "no stage of phase size: exactly one, the first, decides the quantity"
        yield Problem(document.place_of(("risk",)), "risk", text)
    for use, text in (*_misplaced_sizing(stages), *_misplaced_cash(stages), *_unmet_wishes(stages)):
        path = (*use.path, "use")
        yield Problem(document.place_of(path), dotted(path), f"{use.instance} {text}")


def _phase(use: Use) -> str:
    return str(use.plugin.traits.phase)


def _misplaced_sizing(stages: Sequence[Use]) -> Iterator[tuple[Use, str]]:
    sizing = [use for use in stages if _phase(use) == "size"]
    if sizing and stages[0] is not sizing[0]:
        yield sizing[0], f"has phase size and must be first, but {stages[0].instance} stands before it"
    for use in sizing[1:]:
        yield use, f"is a second stage of phase size, after {sizing[0].instance}: keep one"


def _misplaced_cash(stages: Sequence[Use]) -> Iterator[tuple[Use, str]]:
    last_other = max((i for i, use in enumerate(stages) if _phase(use) != "cash"), default=0)
    for use in stages[:last_other]:
        if _phase(use) == "cash":
            yield use, f"has phase cash and must be last, but {stages[last_other].instance} stands after it"


def _unmet_wishes(stages: Sequence[Use]) -> Iterator[tuple[Use, str]]:
    for i, use in enumerate(stages):
        traits = use.plugin.traits
        yield from (
            (use, f"must stand after {later.instance}") for later in stages[i + 1 :] if later.name in traits.after
        )
        yield from ((use, f"must stand before {first.instance}") for first in stages[:i] if first.name in traits.before)
