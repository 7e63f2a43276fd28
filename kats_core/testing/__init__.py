"""Build what a plugin's tests need: a proposal, a context, a view, a panel. Plain frozen values, no test runner.

```python
stage = PositionSizer(Params())
context = FrozenContext(facts={"equity": 100_000_000, "regime": "BULL", "grade": "B", "stars": 4})
verdict = stage.check(proposal(price=38_750, stop=36_650), context)
```

`StrategyContract`, `RiskStageContract` and their like are `kats check` as test classes (`contracts`). Each builder has defaults that are right together, so a test names only what it is about. Change anything else with
`dataclasses.replace` (contexts, views) or `msgspec.structs.replace` (proposals, setups).
"""

from __future__ import annotations

from kats_core.testing.context import FrozenContext
from kats_core.testing.contracts import (
    BrokerContract,
    DataSourceContract,
    NotifierContract,
    PluginContract,
    RiskStageContract,
    StrategyContract,
)
from kats_core.testing.holdings import live_sell, position, reservation
from kats_core.testing.moments import HOURS, NOW, SESSION
from kats_core.testing.panels import DailyRow, panel, path, setups_after
from kats_core.testing.proposals import proposal
from kats_core.testing.views import FrozenView, bars_view, daily_view, minute_view

__all__ = [
    "HOURS",
    "NOW",
    "SESSION",
    "BrokerContract",
    "DailyRow",
    "DataSourceContract",
    "FrozenContext",
    "FrozenView",
    "NotifierContract",
    "PluginContract",
    "RiskStageContract",
    "StrategyContract",
    "bars_view",
    "daily_view",
    "live_sell",
    "minute_view",
    "panel",
    "path",
    "position",
    "proposal",
    "reservation",
    "setups_after",
]
