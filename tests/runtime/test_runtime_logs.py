"""The log of a run is data: an event and its fields, as loud as the settings say."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

from kats_core.model.command import Notify
from kats_core.model.kinds import Severity
from kats_core.runtime.logs import LoggingWatcher, open_log
from kats_core.store.recorder import utc_now

NOW = dt.datetime(2025, 10, 21, 1, 0, tzinfo=dt.UTC)


class Nobody:
    """A watcher that looks away."""

    def on_start(self, app: object, sessions: object) -> None: ...

    def on_record(self, record: object) -> None: ...

    def on_notice(self, notice: object) -> None: ...

    def on_clock(self, now: object) -> None: ...


def logged(folder: Path, level: str) -> list[dict[str, object]]:
    """What is in the file after a quiet and a loud notice."""
    with open_log(folder / "logs", level, NOW) as log:
        watcher = LoggingWatcher(Nobody(), log)
        watcher.on_notice(Notify(0, Severity.INFO, "core:TTL"))
        watcher.on_notice(Notify(0, Severity.CRITICAL, "core:LATE_FILL", "005930", {"quantity": 3}))
    return [json.loads(line) for line in (folder / "logs" / "kats_20251021.log").read_text("utf-8").splitlines()]


def test_a_notice_is_logged_with_its_severity_and_fields(tmp_path: Path) -> None:
    """One JSON object a line, in the file of the Korean day."""
    quiet, loud = logged(tmp_path, "INFO")
    assert (quiet["level"], quiet["code"]) == ("info", "core:TTL")
    assert (loud["event"], loud["level"], loud["symbol"], loud["detail_quantity"]) == (
        "notice.sent",
        "critical",
        "005930",
        3,
    )


def test_the_log_level_of_the_settings_counts(tmp_path: Path) -> None:
    """At ERROR what is only information stays out."""
    assert [entry["level"] for entry in logged(tmp_path, "ERROR")] == ["critical"]


def test_the_log_is_named_by_the_korean_day(tmp_path: Path) -> None:
    """At 15:30 UTC it is already tomorrow in Seoul."""
    with open_log(tmp_path, "INFO", NOW.replace(hour=15, minute=30)):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["kats_20251022.log"]
    assert utc_now().tzinfo is not None
