"""Turn the command line, `kats.yaml`, the environment and defaults into one checked configuration.

`resolve` is the one call for others. `kats_core.config.schema` describes the file for editors.
"""

from __future__ import annotations

from kats_core.config.effective import (
    BrokerEntry,
    EffectiveValue,
    Resolved,
    SourceEntry,
    StageEntry,
    StrategyEntry,
    configuration_hash,
    resolve,
    resolve_recorded,
)
from kats_core.config.model import Assume, ConfigFile
from kats_core.config.problems import ConfigError, Place, Problem
from kats_core.config.settings import Settings, read_settings

__all__ = [
    "Assume",
    "BrokerEntry",
    "ConfigError",
    "ConfigFile",
    "EffectiveValue",
    "Place",
    "Problem",
    "Resolved",
    "Settings",
    "SourceEntry",
    "StageEntry",
    "StrategyEntry",
    "configuration_hash",
    "read_settings",
    "resolve",
    "resolve_recorded",
]
