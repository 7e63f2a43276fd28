"""Write sessions until killed; run by `test_store_failures`."""

from __future__ import annotations

import datetime as dt
import itertools
import sys

import msgspec

from kats_core.model.record import EquityRecord, SetupRecord, SetupStatus
from kats_core.store.database import open_database
from kats_core.store.database_recorder import DatabaseRecorder
from kats_core.store.run import Run

recorder = DatabaseRecorder(open_database(sys.argv[1]))
recorder.begin(msgspec.json.decode(sys.argv[2], type=Run))
for number in itertools.count():
    session = dt.date(2020, 1, 1) + dt.timedelta(days=number)
    recorder.write(
        [
            SetupRecord(session=session, instance="vb", symbol="005930", slot=slot, status=SetupStatus.UNFIRED)
            for slot in range(500)
        ]
    )
    recorder.write([EquityRecord(session=session, equity=1, cash=1, market_value=0, exposure=0.0)])
    recorder.commit()
    sys.stdout.write(f"{session}\n")
    sys.stdout.flush()
