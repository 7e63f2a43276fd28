"""Hold what all verbs show alike: the consoles, exit codes, errors, and how money is written."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from kats_core.cli.text import say, t

if TYPE_CHECKING:
    from rich.console import Console

OK, FAILED, BAD_INPUT = 0, 1, 2

# Korean screens show gains in red and losses in blue.
GAIN, LOSS = "red", "blue"

NONE = "–"
"""Stands where there is no value."""

_WIDTH_OF_FILES = 120
_LEAST_OF_WIDE_TABLES = 100

SNUG = (0, 1, 0, 0)
"""The padding of a table on a narrow terminal: one blank between its columns."""


class InputError(ValueError):
    """What was typed cannot be carried out; a person must type something else. Exit code 2."""


def out() -> Console:
    """Return the console for what was asked for."""
    return _console(is_error=False)


def err() -> Console:
    """Return the console for errors and for what only a person at a terminal wants to see."""
    return _console(is_error=True)


def _console(*, is_error: bool) -> Console:
    from rich.console import Console

    class Unbroken(Console):
        """A console that falls silent when its reader leaves: `kats run | head` must not stop a day of trading."""

        def on_broken_pipe(self) -> None:
            self.quiet = True
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    console = Unbroken(stderr=is_error, highlight=False, emoji=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        # A file has no width; the 80 columns that are assumed otherwise break tables.
        console = Unbroken(stderr=is_error, highlight=False, emoji=False, width=_WIDTH_OF_FILES)
    return console


def bad_input() -> tuple[type[Exception], ...]:
    """Return the errors that a person can mend; called only when something was raised, for it imports their owners."""
    from kats_core.config import ConfigError
    from kats_core.market.calendar import CalendarError
    from kats_core.market.source import SourceError
    from kats_core.orders.broker import BrokerError
    from kats_core.store.errors import StoreError

    return (InputError, ConfigError, SourceError, StoreError, BrokerError, CalendarError)


def is_narrow(console: Console) -> bool:
    """Tell whether wide tables have to save room, as in a terminal of 80 columns."""
    return console.width < _LEAST_OF_WIDE_TABLES


def report(error: Exception) -> None:
    """Print an error: one line for each problem."""
    from rich.text import Text

    console = err()
    for line in say(error).splitlines() or [type(error).__name__]:
        console.print(Text.assemble((t("error"), "bold red"), " ", line), soft_wrap=True)


@contextmanager
def busy(what: str) -> Iterator[None]:
    """Show at a terminal that something takes its time."""
    console = err()
    if not console.is_terminal:
        yield
        return
    with console.status(what, spinner="dots"):
        yield


def won(amount: float) -> str:
    """Return an amount as people read it: 1,234,000."""
    return f"{amount:,.0f}"


def change(amount: float) -> str:
    """Return a gain or a loss with its sign."""
    return f"{amount:+,.0f}" if round(amount) else "0"


def percent(fraction: float | None, *, digits: int = 1) -> str:
    """Return a fraction in percent."""
    return NONE if fraction is None else f"{fraction:.{digits}%}"


def number(value: float | None) -> str:
    """Return a figure with two decimals."""
    return NONE if value is None else f"{value:,.2f}"


def plain(value: float) -> str:
    """Return a number that a stage read or told: whole from 1,000 on, never with an exponent for won."""
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def multiple(r: float | None) -> str:
    """Return a multiple of the initial risk with its sign."""
    return NONE if r is None else f"{r:+.2f}"


def colour(amount: float) -> str:
    """Return the style of a gain or a loss."""
    return GAIN if amount > 0 else LOSS if amount < 0 else ""
