"""Describe `kats.yaml`: its blocks and keys. Plugins' parameters are described by the plugins' own models."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from kats_core.market.overlays import OverlayParams
from kats_core.market.pulse import PulseParams
from kats_core.market.regime import RegimeParams
from kats_core.market.screening.rules import ScreenRules
from kats_core.model.kinds import Grade, Market, Pulse, Regime
from kats_core.orders.gate_config import GateConfig
from kats_core.risk.limits import Limits

OWN_SECTOR = "own"
"""The value of `assume.sector` that makes each symbol a sector of its own."""


class _Block(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PluginUse(_Block):
    """A plugin and its parameters."""

    use: str = Field(description="the plugin's name, as `kats plugins` lists it")
    params: dict[str, Any] = Field(default={}, description="the plugin's parameters")


class InstanceUse(PluginUse):
    """A plugin that may stand in a list more than once, each time under another name."""

    as_: str | None = Field(
        default=None,
        alias="as",
        pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$",
        description="name of this instance; default: the plugin's. Small letters, digits, - and _",
    )

    @property
    def instance(self) -> str:
        """The name under which this entry appears everywhere."""
        return self.as_ or self.use


class StrategyUse(InstanceUse):
    """A strategy."""

    enabled: bool = Field(default=True, description="false: keeps the entry, but nothing is bought by it")


class Assume(_Block):
    """Values of inputs that no provider delivers; labelled as assumed wherever they are used. None: stays missing."""

    regime: Regime | None = Field(default=None, description="state of the whole market")
    grade: Grade | None = Field(default=None, description="size and liquidity class of every symbol")
    pulse: Pulse | None = Field(default=None, description="market pulse: UPTREND, PRESSURE, CORRECTION")
    stars: Annotated[int, Field(ge=1, le=5)] | None = Field(default=None, description="confidence, 1 to 5")
    status: str | None = Field(default=None, pattern=r"^\d\d$", description='status code of every symbol, e.g. "00"')
    market: Market | None = Field(default=None, description="board of every symbol")
    sector: str | None = Field(default=None, min_length=1, description=f"sector of every symbol; {OWN_SECTOR}: its own")


class ConfigFile(_Block):
    """The whole of `kats.yaml`."""

    version: Literal[1] = Field(default=1, description="version of this format")
    mode: Literal["paper", "live"] = Field(
        default="paper", description="live: orders reach the broker, with `kats run --live` only"
    )
    capital: int | None = Field(default=None, ge=1, le=10**15, description="won; default: TOTAL_CAPITAL")
    data: PluginUse = Field(description="where prices come from")
    broker: PluginUse = Field(description="who executes orders")
    universe: ScreenRules = Field(
        default_factory=ScreenRules, description="who may be bought at all, and how symbols rank"
    )
    strategies: list[StrategyUse] = Field(description="what may buy, several instances of one plugin included")
    risk: list[InstanceUse] = Field(description="the stages that judge every entry, in the order of execution")
    limits: Limits = Field(default_factory=Limits, description="caps that several stages share")
    regime: RegimeParams = Field(default_factory=RegimeParams, description="how the state of the market is found")
    pulse: PulseParams = Field(default_factory=PulseParams, description="how the market's pulse is taken")
    overlays: OverlayParams = Field(default_factory=OverlayParams, description="what stops entries during a regime")
    gate: GateConfig = Field(default_factory=GateConfig, description="the order gate; can only be made stricter")
    assume: Assume = Assume()
    events: str | None = Field(
        default=None, min_length=1, description="file of the operator's events, YAML or CSV, beside kats.yaml"
    )
