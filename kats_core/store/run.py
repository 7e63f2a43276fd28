"""Describe a run: what makes it the same run again, and what came of it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec

from kats_core.model.labels import Labelled


class RunStatus(Labelled):
    """How far a run got. One that is RUNNING while no process works on it was killed."""

    RUNNING = "RUNNING", "실행 중", "running"
    DONE = "DONE", "완료", "done"
    FAILED = "FAILED", "실패", "failed"
    ABORTED = "ABORTED", "중단", "aborted"


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """A run's identity (id, kind, hashes, days, seed), its circumstances and its end.

    `codes` is the catalogue of reasons of everything that took part, so that explaining the run imports no plugin;
    `instruments` gives names to symbols. `configuration` is `Resolved.recorded`, so that the run can be repeated. `folder` is set when the decisions are in a folder, not in the database.
    """

    run_id: str
    kind: str
    config_hash: str
    data_hash: str
    first_day: dt.date
    last_day: dt.date
    seed: int
    started: dt.datetime
    capital: int
    versions: dict[str, str] = {}
    ended: dt.datetime | None = None
    status: RunStatus = RunStatus.RUNNING
    notes: tuple[str, ...] = ()
    codes: dict[str, tuple[str, str]] = {}
    instruments: dict[str, str] = {}
    folder: str | None = None
    summary: dict[str, Any] = {}
    configuration: dict[str, Any] = {}

    def __post_init__(self) -> None:
        for moment in (self.started, self.ended):
            if moment is not None and moment.tzinfo is None:
                raise ValueError(
                    f"run {self.run_id}: naive timestamp {moment.isoformat()}, every time in KATS is aware"
                )

    @property
    def identity(self) -> dict[str, str | int]:
        """What is the same whenever the run is repeated; holds no wall-clock time."""
        return {
            "run_id": self.run_id,
            "kind": self.kind,
            "config_hash": self.config_hash,
            "data_hash": self.data_hash,
            "first_day": self.first_day.isoformat(),
            "last_day": self.last_day.isoformat(),
            "seed": self.seed,
            "capital": self.capital,
        }
