"""Play sample days until this process is killed in the middle of a commit; run by `test_runtime_continuing`.

Arguments: how many days, in the commit of which day, and whether before or behind its last statement.
"""

from __future__ import annotations

import os
import signal
import sys

from sqlalchemy import Connection

from kats_core.cli import main
from kats_core.store import database_recorder
from kats_core.store.account_state import AccountState, save_state

days, day, moment = sys.argv[1:]
commits = 0


def save_and_die(connection: Connection, run_id: str, state: AccountState) -> None:
    global commits  # noqa: PLW0603 -- a program of one screen
    commits += 1
    is_last = commits == int(day)
    if is_last and moment == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    save_state(connection, run_id, state)
    if is_last and moment == "behind":
        os.kill(os.getpid(), signal.SIGKILL)


setattr(database_recorder, "save_state", save_and_die)  # noqa: B010 -- not the module's to export
main(["run", "--days", days, "--json"])
