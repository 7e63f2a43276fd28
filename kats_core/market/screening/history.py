"""Give strategies what the screen measures of each symbol, for the whole history of a panel."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from kats_core.market.panel import Panel
from kats_core.market.screening import flows
from kats_core.market.screening.measures import Measures
from kats_core.market.screening.rules import ScreenRules


def flow_signs(panel: Panel) -> npt.NDArray[np.int8]:
    """Return what foreigners and institutions did together over five sessions, shape of the panel (`spec/market.md` 3.7).

    1 where both bought, -1 where they sold, 0 otherwise and where it is not known.
    """
    whole = slice(0, len(panel.sessions))
    return flows.signs(Measures(panel).flows(whole), ScreenRules())
