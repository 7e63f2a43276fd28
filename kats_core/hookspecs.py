"""The plugin contract on one page: five hooks, each of which registers one plugin.

A plugin is a distribution with an entry point. Its *group* says what the plugin is, its *name* is the name used in
`kats.yaml`, its *value* is a light module (no pandas, no TA-Lib) that holds the hook. When the YAML names the plugin, and
only then, the module is imported and its hook called once; the descriptor that it returns tells how to build the rest.

```toml
dependencies = ["kats-core>=0.1,<0.2"]

[project.entry-points."kats_core.strategies"]
opening-drive = "acme_opening_drive"
```

| hook                         | entry-point group        | in `kats.yaml` |
| ---------------------------- | ------------------------ | -------------- |
| `kats_register_strategies`   | `kats_core.strategies`   | `strategies`   |
| `kats_register_risk_stages`  | `kats_core.risk_stages`  | `risk`         |
| `kats_register_notifiers`    | `kats_core.notifiers`    | not yet        |
| `kats_register_data_sources` | `kats_core.data_sources` | `data`         |
| `kats_register_brokers`      | `kats_core.brokers`      | `broker`       |

The hooks have no arguments. One that raises, returns another type or another name than its entry point's stops the start
with a message; it never takes other plugins with it. A distribution with several plugins gives each an entry point of its
own: the value of each is a module, or `module:object` where the object's method carries the hook.

`docs/hooks.md` says the same at length, with what each descriptor's `build` must return; a test holds the two together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from kats_core.journal.notifier import NotifierPlugin
    from kats_core.market.source import SourcePlugin
    from kats_core.orders.broker import BrokerPlugin
    from kats_core.risk.contract import StagePlugin
    from kats_core.strategy.contract import StrategyPlugin

PROJECT = "kats"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)
"""Marks a function as an implementation of the hook with its name."""


@hookspec
def kats_register_strategies() -> StrategyPlugin:
    """Register a strategy. Called once, when `strategies` in `kats.yaml` names it, however many instances are named.

    ```python
    import datetime as dt

    from pydantic import Field

    from kats_core.api import (
        Category, Code, Grade, Profile, Regime, Strategy, StrategyParams, StrategyPlugin, StrategyTraits, Style, hookimpl,
    )

    class DriveCode(Code, owner="opening-drive"):
        WEAK_OPEN = "시가 약세", "the open is too weak"

    class Params(StrategyParams):
        drive_frac: float = Field(default=0.02, ge=0.001, le=0.1, description="rise above the open, as a fraction of it")

    def build(params: Params) -> Strategy:
        from acme_opening_drive.rules import OpeningDrive  # only a strategy that runs pays for its imports

        return OpeningDrive(params)

    @hookimpl
    def kats_register_strategies() -> StrategyPlugin:
        return StrategyPlugin(
            name="opening-drive",
            summary=("시가 이후 강한 상승을 따라간다", "Go with a stock that drives up from the open."),
            params=Params,
            traits=StrategyTraits(
                code="OD",
                style=Style.DAY,
                category=Category.BULL,
                profile=Profile.BULL,
                regimes=frozenset({Regime.STRONG_BULL, Regime.BULL}),
                windows=((dt.time(9, 30), dt.time(11, 0)),),
                grades=frozenset({Grade.A, Grade.B}),
                ttl_s=120,
                bars_needed=21,
            ),
            codes=(DriveCode,),
            build=build,
        )
    ```
    """
    raise NotImplementedError


@hookspec
def kats_register_risk_stages() -> StagePlugin:
    """Register a risk stage. Called once, when `risk` in `kats.yaml` names it; its place in that list is its turn.

    ```python
    from pydantic import BaseModel, ConfigDict, Field

    from kats_core.api import (
        Code, Proposal, RiskStage, StageContext, StagePlugin, StageTraits, Verdict, approve, hookimpl, reject, resize,
    )

    class LotCode(Code, owner="round-lot"):
        CUT = "단주 제거", "cut to whole lots"
        NO_LOT = "1단위 미만", "less than one lot"

    class Params(BaseModel):
        model_config = ConfigDict(extra="forbid", frozen=True)

        lot: int = Field(default=10, ge=2, le=1000, description="shares; orders are multiples of it")

    class RoundLot:
        def __init__(self, params: Params) -> None:
            self.lot = params.lot

        def check(self, proposal: Proposal, context: StageContext) -> Verdict:
            asked = proposal.quantity or 0
            whole = asked - asked % self.lot
            if whole == 0:
                return reject(LotCode.NO_LOT, {"asked": asked, "lot": self.lot})
            return approve(asked) if whole == asked else resize(whole, LotCode.CUT, {"asked": asked})

    def build(params: Params) -> RiskStage:
        return RoundLot(params)

    @hookimpl
    def kats_register_risk_stages() -> StagePlugin:
        return StagePlugin(
            name="round-lot",
            summary=("주문을 거래 단위로 맞춘다", "Only whole lots."),
            params=Params,
            traits=StageTraits(after=("position-sizer",)),
            codes=(LotCode,),
            build=build,
        )
    ```
    """
    raise NotImplementedError


@hookspec
def kats_register_notifiers() -> NotifierPlugin:
    """Register a notifier. Called once, when the configuration names it; no block of `kats.yaml` does so yet.

    ```python
    from pathlib import Path

    from pydantic import BaseModel, ConfigDict, Field

    from kats_core.api import Message, Notifier, NotifierPlugin, hookimpl

    class Params(BaseModel):
        model_config = ConfigDict(extra="forbid", frozen=True)

        path: Path = Field(description="text file to which each message is appended")

    class Notebook:
        def __init__(self, params: Params) -> None:
            self.path = params.path

        def send(self, message: Message) -> None:
            with self.path.open("a", encoding="utf-8") as lines:
                lines.write(f"{message.severity} {message.code} {message.text}" + chr(10))

    def build(params: Params) -> Notifier:
        return Notebook(params)

    @hookimpl
    def kats_register_notifiers() -> NotifierPlugin:
        return NotifierPlugin(
            name="notebook", summary=("파일에 기록한다", "Write messages to a file."), params=Params, build=build
        )
    ```
    """
    raise NotImplementedError


@hookspec
def kats_register_data_sources() -> SourcePlugin:
    """Register a data source. Called once, when `data` in `kats.yaml` names it.

    ```python
    from pathlib import Path

    from pydantic import BaseModel, ConfigDict, Field

    from kats_core.api import DataSource, SourcePlugin, hookimpl

    class Params(BaseModel):
        model_config = ConfigDict(extra="forbid", frozen=True)

        path: Path = Field(description="the archive to read")

    def build(params: Params) -> DataSource:
        from acme_archive.reader import Archive  # raises SourceError, naming the file, when it cannot be read

        return Archive(params.path)

    @hookimpl
    def kats_register_data_sources() -> SourcePlugin:
        return SourcePlugin(
            name="acme-archive", summary=("Acme 시세 파일", "Acme's price archive."), params=Params, build=build
        )
    ```
    """
    raise NotImplementedError


@hookspec
def kats_register_brokers() -> BrokerPlugin:
    """Register a broker. Called once, when `broker` in `kats.yaml` names it.

    ```python
    from collections.abc import Sequence

    from pydantic import BaseModel, ConfigDict

    from kats_core.api import (
        Broker, BrokerAccount, BrokerEvent, BrokerPlugin, Cancel, Event, Fetch, Fetched, OrderCancelled, OrderRefused,
        Send, hookimpl,
    )

    class Params(BaseModel):
        model_config = ConfigDict(extra="forbid", frozen=True)

    class RefuseAll:
        def send(self, command: Send | Cancel) -> Sequence[BrokerEvent]:
            if isinstance(command, Cancel):
                return [OrderCancelled(command.ts, command.order_id)]
            return [OrderRefused(command.ts, command.order.order_id, "this broker takes no orders")]

        def fetch(self, request: Fetch) -> Fetched:
            return Fetched(request.ts, request.request, ())

        def on_event(self, event: Event) -> Sequence[BrokerEvent]:
            return ()

    def build(params: Params, account: BrokerAccount) -> Broker:
        return RefuseAll()

    @hookimpl
    def kats_register_brokers() -> BrokerPlugin:
        return BrokerPlugin(
            name="refuse-all", summary=("모든 주문을 거부한다", "Refuse every order."), params=Params, build=build
        )
    ```
    """
    raise NotImplementedError
