"""Read the operator's events from a YAML or CSV file: what rules cannot know, and what is to be otherwise.

```yaml
events:
  - {date: 2027-01-14, type: BOK}
  - {date: 2026-12-17, type: EARNINGS, symbol: "005930"}
  - {date: 2026-11-03, type: CUSTOM, name: US election, action: REDUCE, extra_cash: 0.10}
  - {date: 2026-11-30, type: MSCI, active: false}
```

A CSV file has the same keys as its header. Every problem is named with file, line, key and what was probably meant.
"""

from __future__ import annotations

import csv
import datetime as dt
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from kats_core.config.file import Document, read_document
from kats_core.config.problems import ConfigError, KeyPath, Place, Problem, complaint, dotted, shown
from kats_core.market.calendar import Calendar, CalendarError
from kats_core.market.events import EventType, MarketEvent, TradingAction, manual_event

ROOT = "events"
_CSV = ".csv"
_NUMBERS = frozenset({"extra_cash"})
_SWITCH = {"true": True, "false": False}


class EventRow(BaseModel):
    """One row of the operator's file; what is left out is as the type says."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    date: dt.date = Field(description="day of the event; of FOMC the US day of the statement")
    type: EventType = Field(description="what happens")
    name: str = Field(default="", max_length=200, description="text for people")
    symbol: str | None = Field(
        default=None, pattern=r"^[0-9A-Z]{6}$", description="only this symbol; needed by EARNINGS"
    )
    action: TradingAction | None = Field(default=None, description="for everybody, instead of what the type does")
    extra_cash: float | None = Field(default=None, ge=0, le=0.5, description="fraction added to the minimum cash")
    active: bool = Field(default=True, description="false: takes the generated event of this day and type away")


def read_events(path: Path, label: str, calendar: Calendar) -> tuple[MarketEvent, ...]:
    """Return the events of a file, in its order; `label` is its name in messages.

    Raises:
        ConfigError: with every problem of the file.
    """
    document = _csv_document(path, label) if path.suffix.lower() == _CSV else read_document(path, label)
    problems = list(document.problems)
    problems += [
        Problem(document.place_of((key,), is_key=True), key, f"unknown key, expected {ROOT}", nearest=ROOT)
        for key in document.data
        if key != ROOT
    ]
    rows = document.data.get(ROOT) or []
    if not isinstance(rows, list):
        problems.append(Problem(document.place_of((ROOT,)), ROOT, "expected a list of events", shown(rows)))
        rows = []
    found: list[MarketEvent] = []
    first: dict[Any, KeyPath] = {}
    for i, row in enumerate(rows):
        where: KeyPath = (ROOT, i)
        event = _event(row, where, document, calendar, problems)
        if event is None:
            continue
        earlier = first.setdefault(event.key, where)
        if earlier is not where:
            place = document.place_of(earlier)
            problems.append(
                Problem(document.place_of(where), dotted(where), f"the same event stands at {place}: keep one")
            )
        found.append(event)
    if problems:
        raise ConfigError(problems)
    return tuple(found)


def _event(
    row: object, where: KeyPath, document: Document, calendar: Calendar, problems: list[Problem]
) -> MarketEvent | None:
    if not isinstance(row, dict):
        problems.append(
            Problem(document.place_of(where), dotted(where), "expected a mapping of keys to values", shown(row))
        )
        return None
    try:
        read = EventRow.model_validate_json(json.dumps(row), strict=True)
    except ValidationError as invalid:
        problems += [_problem(error, where, document) for error in invalid.errors()]
        return None
    if read.type is EventType.EARNINGS and read.symbol is None:
        problems.append(Problem(document.place_of(where), dotted((*where, "symbol")), "is missing: whose earnings?"))
        return None
    try:
        return manual_event(
            calendar,
            date=read.date,
            of=read.type,
            name=read.name,
            symbol=read.symbol,
            action=read.action,
            extra_cash=read.extra_cash,
            is_active=read.active,
        )
    except CalendarError as error:
        path = (*where, "date")
        problems.append(Problem(document.place_of(path), dotted(path), str(error), str(read.date)))
        return None


def _problem(error: Any, where: KeyPath, document: Document) -> Problem:
    told = complaint(error, EventRow)
    path = (*where, *told.path)
    place = document.place_of(document.known_part(path), is_key=told.is_about_key)
    return Problem(place, dotted(path), told.text, told.found, told.nearest)


def _csv_document(path: Path, label: str) -> Document:
    """Return a CSV file as the document that the same rows would be in YAML; empty cells are left out."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.reader(lines)
            table = [(reader.line_num, cells) for cells in reader if any(cell.strip() for cell in cells)]
    except FileNotFoundError:
        raise ConfigError([Problem(Place(label), "", "there is no such file")]) from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigError([Problem(Place(label), "", f"cannot be read: {error}")]) from error
    document = Document(data={ROOT: []})
    if not table:
        return document
    header = [cell.strip() for cell in table[0][1]]
    for line, cells in table[1:]:
        where: KeyPath = (ROOT, len(document.data[ROOT]))
        document.values[where] = Place(label, line)
        if len(cells) > len(header):
            text = f"has {len(cells)} cells, the header has {len(header)}"
            document.problems.append(Problem(Place(label, line), dotted(where), text))
        row = dict(_cells(header, cells))
        for key in row:
            document.values[(*where, key)] = document.keys[(*where, key)] = Place(label, line)
        document.data[ROOT].append(row)
    return document


def _cells(header: Sequence[str], cells: Sequence[str]) -> Iterator[tuple[str, Any]]:
    for key, cell in zip(header, cells, strict=False):
        text = cell.strip()
        if text:
            yield key, _value(key, text)


def _value(key: str, text: str) -> Any:
    """Return a cell as YAML would have read it."""
    if key in _NUMBERS:
        try:
            return float(text)
        except ValueError:
            return text
    return _SWITCH.get(text.lower(), text) if key == "active" else text
