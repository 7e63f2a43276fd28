"""Play sample days until this process is killed; run by `test_runtime_continuing`.

Arguments: how many days, on which of them it is killed, and when: with the day's first order, or in the day's commit behind its
last statement.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from typing import Any

from kats_core.cli import main
from kats_core.model.record import OrderRecord, Record
from kats_core.store import database_recorder
from kats_core.store.account_state import save_state

days, day, moment = sys.argv[1], int(sys.argv[2]), sys.argv[3]
commits = 0
write = database_recorder.DatabaseRecorder.write


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def write_or_die(recorder: database_recorder.DatabaseRecorder, records: Sequence[Record]) -> None:
    if moment == "order" and commits == day - 1 and any(isinstance(record, OrderRecord) for record in records):
        die()
    write(recorder, records)


def save_and_die(*arguments: Any) -> None:
    global commits  # noqa: PLW0603 -- a program of one screen
    commits += 1
    save_state(*arguments)
    if moment == "commit" and commits == day:
        die()


setattr(database_recorder.DatabaseRecorder, "write", write_or_die)  # noqa: B010 -- as below
setattr(database_recorder, "save_state", save_and_die)  # noqa: B010 -- not the module's to export
main(["run", "--days", days, "--json"])
