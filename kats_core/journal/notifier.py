"""State what a notifier is: how people hear of what happened. It never slows trading down."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from pydantic import BaseModel

from kats_core.model.kinds import Severity
from kats_core.model.setup import Numbers
from kats_core.model.time import Nanos


class NotifierError(RuntimeError):
    """A message was not delivered; the runtime counts it, trading goes on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What people are told. `code` is `owner:CODE`; `text` says the same in the operator's language, ready to show."""

    ts: Nanos
    severity: Severity
    code: str
    text: str
    symbol: str = ""
    detail: Numbers = field(default_factory=dict)


class Notifier(Protocol):
    """Delivers messages to people. The runtime calls it from a queue of its own, so it may take its time."""

    def send(self, message: Message) -> None:
        """Deliver one message.

        Raises:
            NotifierError: it was not delivered.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifierPlugin:
    """What a notifier registers. `summary` is (Korean, English); `build` gets the plugin's parameters."""

    name: str
    summary: tuple[str, str]
    params: type[BaseModel]
    build: Callable[[Any], Notifier]
