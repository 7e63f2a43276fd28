"""Write a plugin's distribution from the templates that come with KATS: whole, or not at all."""

from __future__ import annotations

import datetime as dt
import re
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from string import Template

from kats_core import __version__
from kats_core.plugins import PluginKind

NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
MOST_LETTERS = 40
"""As the names of instances in `kats.yaml`."""

_MODULE = "MODULE"
_ENDING = ".txt"
_EXAMPLE_SESSIONS, _EXAMPLE_SYMBOLS = 150, 8


@dataclass(frozen=True, slots=True)
class Scaffold:
    """A kind of plugin that can be written: its templates, and how its things are called."""

    kind: PluginKind
    prefix: str
    description: str
    has_example: bool = False


SCAFFOLDS: Mapping[str, Scaffold] = {
    "strategy": Scaffold(PluginKind.STRATEGY, "kats-strategy", "A strategy for KATS: buys above the latest high."),
    "risk-stage": Scaffold(PluginKind.RISK_STAGE, "kats-risk", "A risk stage for KATS: caps what one order may cost."),
    "data-source": Scaffold(
        PluginKind.DATA_SOURCE, "kats-source", "A data source for KATS: daily bars from a CSV file.", has_example=True
    ),
}


@dataclass(frozen=True, slots=True)
class Written:
    """What was written: the folder, its files from there, and the names in it."""

    folder: Path
    files: tuple[str, ...]
    distribution: str
    module: str


def is_name(name: str) -> bool:
    """Tell whether a plugin may be called so: small letters, digits and single hyphens, a letter first."""
    return NAME.fullmatch(name) is not None and len(name) <= MOST_LETTERS


def write(word: str, name: str, parent: Path) -> Written:
    """Write the distribution of a plugin into a new folder below `parent`.

    Raises:
        FileExistsError: the folder is there already.
        OSError: it cannot be written; nothing is left of it.
    """
    scaffold = SCAFFOLDS[word]
    values = _values(scaffold, name)
    folder = parent / values["distribution"]
    if folder.exists():
        raise FileExistsError(str(folder))
    parent.mkdir(parents=True, exist_ok=True)
    # Written beside its place and moved there whole: a full disk leaves no half of a plugin.
    with tempfile.TemporaryDirectory(dir=parent, prefix=".kats-new-") as scratch:
        draft = Path(scratch) / folder.name
        _fill(files("kats_core.cli") / "templates" / word, draft, values)
        if scaffold.has_example:
            _write_example(draft / "example" / "prices.csv")
        written = tuple(sorted(str(path.relative_to(draft)) for path in draft.rglob("*") if path.is_file()))
        shutil.move(draft, folder)
    return Written(folder, written, values["distribution"], values["module"])


def _values(scaffold: Scaffold, name: str) -> dict[str, str]:
    words = name.split("-")
    major, minor, *_ = __version__.split(".")
    class_name = "".join(word.capitalize() for word in words)
    return {
        "name": name,
        "title": " ".join(words).capitalize(),
        "distribution": f"{scaffold.prefix}-{name}",
        "module": f"{scaffold.prefix}-{name}".replace("-", "_"),
        "description": scaffold.description,
        "group": scaffold.kind.group,
        "core": f"kats-core>={major}.{minor},<{major}.{int(minor) + 1}",
        "class_name": class_name,
        "short": "".join(word[0] for word in words)[:4].upper(),
    }


def _fill(template: Traversable, target: Path, values: Mapping[str, str]) -> None:
    target.mkdir()
    for entry in template.iterdir():
        name = entry.name.replace(_MODULE, values["module"])
        if entry.is_dir():
            _fill(entry, target / name, values)
        elif entry.name.endswith(_ENDING):
            text = Template(entry.read_text(encoding="utf-8")).substitute(values)
            (target / name.removesuffix(_ENDING)).write_text(text, encoding="utf-8")


def _write_example(path: Path) -> None:
    """Write prices that belong to nobody."""
    from kats_core.sources.sample.market import SampleSource

    panel = SampleSource(7, _EXAMPLE_SESSIONS).history(None, dt.date(2025, 9, 18))
    lines = ["date,symbol,open,high,low,close,volume"]
    for t, session in enumerate(panel.sessions):
        for j, symbol in enumerate(panel.symbols[:_EXAMPLE_SYMBOLS]):
            cells = (panel.open, panel.high, panel.low, panel.close, panel.volume)
            lines.append(",".join([str(session), symbol, *(str(column[t, j]) for column in cells)]))
    path.parent.mkdir()
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
