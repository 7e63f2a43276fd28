"""Find the run that a verb is asked about: by its id, by its folder, or the last one."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

from kats_core.cli import resolving
from kats_core.cli.console import InputError
from kats_core.cli.text import t

if TYPE_CHECKING:
    from kats_core.store.reading import StoredRun
    from kats_core.store.run import Run
    from kats_core.store.selection import Selection


class Recorded:
    """A run that was recorded, wherever it is kept."""

    def __init__(self, which: str | None) -> None:
        from kats_core.store.selection import Selection

        self._which = which
        self._database = None
        if which is None or not Path(which).expanduser().is_dir():
            settings = resolving.settings()
            if not settings.db_url.get_secret_value() and not (settings.kats_home / "kats.db").exists():
                raise InputError(t("no_run_yet", home=settings.kats_home))
            self._database = resolving.database(settings)
        # No session was ever held on that day: this reads only what the run says of itself.
        try:
            self.description: Run = self.load(Selection(session=dt.date(1970, 1, 1))).run
        except BaseException:
            self.close()
            raise

    def load(self, selection: Selection) -> StoredRun:
        """Read what is wanted of the run."""
        from kats_core.store.reading import load_run

        return load_run(self._database, self._which, selection)

    def __enter__(self) -> Recorded:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the database."""
        if self._database is not None:
            self._database.close()
