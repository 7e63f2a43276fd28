"""Count what rejected signals, and since when: a halt that nobody lifted shows here."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from kats_core.model.record import SignalRecord, SignalStatus


@dataclass(slots=True)
class Refusal:
    """How often signals were rejected for one reason, and in which sessions first and last."""

    code: str
    count: int
    first: dt.date
    last: dt.date


class Refusals:
    """Count rejected signals by reason; a proposal that comes again each bar counts each time."""

    def __init__(self) -> None:
        self._by_code: dict[str, Refusal] = {}

    def append(self, record: SignalRecord) -> None:
        """Take a record of a signal; only a rejected one counts."""
        if record.code is None or record.status is not SignalStatus.REJECTED:
            return
        known = self._by_code.get(record.code)
        if known is None:
            self._by_code[record.code] = Refusal(record.code, 1, record.session, record.session)
        else:
            known.count, known.last = known.count + 1, record.session

    def __iter__(self) -> Iterator[Refusal]:
        """Yield the reasons, the most frequent first."""
        return iter(sorted(self._by_code.values(), key=lambda r: (-r.count, r.code)))
