"""The operator's events are read from YAML and CSV alike, and every mistake is named at once."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from kats_core.config import ConfigError, resolve
from kats_core.config.events import read_events
from kats_core.market.calendar import krx_calendar
from kats_core.market.events import EventOrigin, EventType, MarketEvent, TradingAction

YAML = """
events:
  - {date: 2027-01-14, type: BOK}
  - {date: 2026-12-17, type: EARNINGS, symbol: "005930", name: Q4}
  - {date: 2026-11-03, type: CUSTOM, action: HALT, extra_cash: 0.3}
  - {date: 2026-11-30, type: MSCI, active: false}
"""
CSV = """date,type,symbol,name,action,extra_cash,active
2027-01-14,BOK,,,,,
2026-12-17,EARNINGS,005930,Q4,,,

2026-11-03,CUSTOM,,,HALT,0.3,
2026-11-30,MSCI,,,,,false
"""


def read(folder: Path, name: str, text: str) -> tuple[MarketEvent, ...]:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return read_events(path, name, krx_calendar())


def problems(folder: Path, name: str, text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        read(folder, name, text)
    return [str(problem) for problem in caught.value.problems]


def test_yaml_and_csv_say_the_same(tmp_path: Path) -> None:
    """Whoever keeps a table in a spreadsheet need not learn YAML; leading zeros survive."""
    events = read(tmp_path, "events.yaml", YAML)
    assert events == read(tmp_path, "events.csv", CSV) == read(tmp_path, "bom.CSV", f"\ufeff{CSV}")
    assert [event.type for event in events] == [EventType.BOK, EventType.EARNINGS, EventType.CUSTOM, EventType.MSCI]
    assert {event.origin for event in events} == {EventOrigin.MANUAL}
    assert (events[1].symbol, events[1].first) == ("005930", dt.date(2026, 12, 15))
    assert (events[2].action, events[2].extra_cash) == (TradingAction.HALT, 0.3)
    assert not events[3].is_active


@pytest.mark.parametrize(("name", "text"), [("empty.yaml", ""), ("empty.csv", ""), ("none.yaml", "events:\n")])
def test_an_empty_file_holds_no_events(tmp_path: Path, name: str, text: str) -> None:
    """A header alone, or nothing."""
    assert read(tmp_path, name, text) == ()


def test_every_mistake_has_its_place_and_the_nearest_right_word(tmp_path: Path) -> None:
    """File, line, key, what was found, what was probably meant; all at once."""
    found = problems(
        tmp_path,
        "events.yaml",
        "event: 1\nevents:\n  - {date: 2027-01-14, type: BOC}\n  - {date: 2026-12-17, type: EARNINGS}\n"
        "  - {date: 2026-11-30, typ: MSCI, active: 3}\n  - {date: 2036-12-14, type: CUSTOM}\n  - today\n"
        "  - {date: 2026-10-08, type: MSCI}\n  - {date: 2026-10-08, type: MSCI}\n",
    )
    assert found[0].startswith("events.yaml:1:1: event: unknown key")
    assert "events.yaml:3:30: events[0].type: expected" in found[1]
    assert "did you mean BOK?" in found[1]
    assert found[2] == "events.yaml:4:5: events[1].symbol: is missing: whose earnings?"
    assert "events.yaml:5:24: events[2].typ: unknown key (did you mean type?)" in found
    assert "events.yaml:5:43: events[2].active: expected true or false, found 3" in found
    assert any(
        text.startswith("events.yaml:6:12: events[3].date: 2036-12-14 lies outside the calendar") for text in found
    )
    assert "events.yaml:7:5: events[4]: expected a mapping of keys to values, found 'today'" in found
    assert any("events[6]: the same event stands at events.yaml:8" in text for text in found)


def test_csv_mistakes_name_their_line(tmp_path: Path) -> None:
    """Cells too many, a column nobody knows, a number that is none."""
    text = "date,type,cash\n2026-11-03,CUSTOM,0.1\n2026-11-04,CUSTOM,,HALT\n"
    found = problems(tmp_path, "events.csv", text)
    assert found[0] == "events.csv:3: events[1]: has 4 cells, the header has 3"
    assert found[1].startswith("events.csv:2: events[0].cash: unknown key")
    (number,) = problems(tmp_path, "n.csv", "date,type,extra_cash\n2026-11-03,CUSTOM,much\n")
    assert number == "n.csv:2: events[0].extra_cash: expected a number, found 'much'"


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """Named as the configuration names it, in both forms."""
    for name in ("gone.yaml", "gone.csv"):
        with pytest.raises(ConfigError, match=f"{name}: there is no such file"):
            read_events(tmp_path / name, name, krx_calendar())


def test_the_configuration_names_the_file_and_its_content_is_part_of_the_run(tmp_path: Path) -> None:
    """The path is beside kats.yaml; other events, another hash."""
    folder = tmp_path / "account"
    folder.mkdir()
    (folder / "kats.yaml").write_text("events: events.csv\n", encoding="utf-8")
    (folder / "events.csv").write_text(CSV, encoding="utf-8")
    resolved = resolve(Path("account/kats.yaml"), environ={}, cwd=tmp_path)
    assert len(resolved.events) == 4
    (folder / "events.csv").write_text(CSV.replace("0.3", "0.2"), encoding="utf-8")
    assert resolve(Path("account/kats.yaml"), environ={}, cwd=tmp_path).hash != resolved.hash
    (folder / "events.csv").unlink()
    with pytest.raises(ConfigError, match=r"events\.csv: there is no such file"):
        resolve(Path("account/kats.yaml"), environ={}, cwd=tmp_path)
