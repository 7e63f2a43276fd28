"""Find which language is asked for: by `--lang`, by `KATS_LANG` in the environment or in `.env`; else it is Korean."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from kats_core.cli.console import InputError
from kats_core.cli.text import speak, t
from kats_core.model.labels import Language

_OPTION = "--lang"
_KEY = "KATS_LANG"
_IN_ENV_FILE = re.compile(rf"^\s*(?:export\s+)?{_KEY}\s*=\s*['\"]?(\w+)", re.MULTILINE)


def choose(arguments: Sequence[str]) -> list[str]:
    """Put the language in force that was asked for, and return the arguments without it.

    `--lang` may stand anywhere; else `KATS_LANG` counts, in the environment or in `.env`; else Korean. This happens before
    anything else because help is in that language too.
    """
    rest: list[str] = []
    wanted = None
    remaining = iter(arguments)
    for argument in remaining:
        if argument == _OPTION:
            wanted = next(remaining, "")
        elif argument.startswith(f"{_OPTION}="):
            wanted = argument.removeprefix(f"{_OPTION}=")
        else:
            rest.append(argument)
    speak(preset() if wanted is None else _known(wanted) or "ko")
    if wanted is not None and _known(wanted) is None:
        raise InputError(t("no_language", found=wanted))
    return rest


def preset() -> Language:
    """Return the language that is spoken where the command line does not name one."""
    return _known(os.environ.get(_KEY) or _of_env_file()) or "ko"


def _known(written: str | None) -> Language | None:
    known: tuple[Language, ...] = get_args(Language)
    return next((one for one in known if one == written), None)


def _of_env_file() -> str | None:
    try:
        written = _IN_ENV_FILE.findall(Path(".env").read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        # Not there, or unreadable: whoever needs its other values says so.
        return None
    return written[-1] if written else None
