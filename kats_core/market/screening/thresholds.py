"""Carry the thresholds of `universe:` and `pulse:` to where the measures of a whole history are taken."""

from __future__ import annotations

from typing import NamedTuple

from kats_core.market.pulse import PulseParams
from kats_core.market.screening.rules import ScreenRules


class Thresholds(NamedTuple):
    """What checks and letters compare with; the defaults where nobody configures them."""

    universe: ScreenRules = ScreenRules()
    pulse: PulseParams = PulseParams()
