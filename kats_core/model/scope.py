"""Name a part of trading that can be halted by itself: everything, one strategy instance, or one symbol."""

from __future__ import annotations

from typing import Self

import msgspec

from kats_core.model.labels import Labelled


class ScopeKind(Labelled):
    """What a scope is about."""

    ALL = "all", "전체", "everything"
    INSTANCE = "instance", "전략", "strategy"
    SYMBOL = "symbol", "종목", "symbol"


class TradingScope(msgspec.Struct, frozen=True):
    """`name` is an instance's name or a symbol; empty for everything."""

    kind: ScopeKind
    name: str = ""

    def __post_init__(self) -> None:
        if (self.kind is ScopeKind.ALL) != (self.name == ""):
            raise ValueError(f"scope {self.kind} named {self.name!r}")

    @classmethod
    def instance(cls, name: str) -> Self:
        """Return the scope of one strategy instance."""
        return cls(ScopeKind.INSTANCE, name)

    @classmethod
    def symbol(cls, name: str) -> Self:
        """Return the scope of one symbol."""
        return cls(ScopeKind.SYMBOL, name)

    @property
    def as_fields(self) -> tuple[str, str]:
        """The scope as (instance, symbol), both empty for everything."""
        return (
            self.name if self.kind is ScopeKind.INSTANCE else "",
            self.name if self.kind is ScopeKind.SYMBOL else "",
        )

    def holds(self, instance: str, symbol: str) -> bool:
        """Tell whether an instance's orders in a symbol belong to the scope."""
        return self.kind is ScopeKind.ALL or self.name == (instance if self.kind is ScopeKind.INSTANCE else symbol)

    def __str__(self) -> str:
        return self.name or ScopeKind.ALL.value


ALL = TradingScope(ScopeKind.ALL)
"""Everything."""
