"""Return the candidates of a session, and every check of one symbol, as plain values for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from kats_core.cli.screening import checks_read, profiles_shown
from kats_core.market.conditions import MARKET_INDEX
from kats_core.market.screening.checks import Check, Note
from kats_core.market.screening.flows import flow_of
from kats_core.market.sectors import HORIZONS, SectorStrength
from kats_core.model import fact
from kats_core.model.fact import FactValue

if TYPE_CHECKING:
    from kats_core.runtime.candidates import Found

_OF_MARKET = (fact.REGIME, fact.PULSE)


def as_json(found: Found) -> dict[str, Any]:
    """Return the lists as plain values."""
    return {
        **_about(found),
        "lists": [
            {
                "profile": draw.profile.value,
                "grades": [grade.value for grade in draw.grades],
                "min_confidence": draw.min_confidence,
                "strategies": list(draw.strategies),
                "left_out": {str(code): count for code, count in draw.left_out.items()},
                "emptied_by": None if draw.emptied_by is None else str(draw.emptied_by),
                "symbols": [_symbol(found, j) for j in draw.passed],
            }
            for draw in found.draws
        ],
        "armed": [
            {"strategy": one.instance, "rank": one.rank, "symbol": one.symbol, "numbers": dict(one.numbers)}
            for one in found.setups
        ],
    }


def symbol_as_json(found: Found, column: int) -> dict[str, Any]:
    """Return everything about one symbol as plain values."""
    market = {name: found.assumed[name] for name in _OF_MARKET if name in found.assumed}
    one = _symbol(found, column)
    return {**_about(found), **one, "assumed": {**market, **one["assumed"]}}


def _about(found: Found) -> dict[str, Any]:
    return {
        "session": found.session.isoformat(),
        "evening": found.screen.session.isoformat(),
        "ranked_by": "turnover" if found.screen.by_turnover else "market_cap",
        "in_force": found.is_in_force,
        "missing": list(found.screen.coverage.missing),
        "regime": found.inputs.get(fact.REGIME).value,
        "pulse": found.inputs.get(fact.PULSE).value,
        "index_until": _index_until(found),
        "assumed": found.assumed,
        "sectors": [] if found.screen.sectors is None else _sectors_as_json(found.screen.sectors),
        "notes": list(found.notes),
        "faults": list(found.faults),
    }


def _index_until(found: Found) -> str | None:
    """Return the last session up to the evening on which the data have the market's index."""
    index = found.screen.panel.indices.get(MARKET_INDEX)
    return None if index is None or not len(index) else index.sessions[-1].isoformat()


def _sectors_as_json(sectors: SectorStrength) -> list[dict[str, Any]]:
    return [
        {
            "name": sectors.names[k],
            "rank": int(sectors.rank[k]),
            "composite": float(sectors.composite[k]),
            "relative": float(sectors.relative[k]),
            "returns": {str(horizon): float(own[k]) for horizon, own in zip(HORIZONS, sectors.returns, strict=True)},
            "breadth": float(sectors.breadth[k]),
            "flow": flow_of(int(sectors.flow[k])).value,
        }
        for k in sorted(np.flatnonzero(sectors.rank).tolist(), key=lambda k: int(sectors.rank[k]))
    ]


def _symbol(found: Found, j: int) -> dict[str, Any]:
    screen = found.screen
    instrument, exclusion = screen.panel.instruments[j], screen.exclusions[j]
    places = found.armed(instrument.symbol)
    return {
        "symbol": instrument.symbol,
        "name": instrument.name,
        "excluded": None if exclusion is None else exclusion.value,
        "qualified": bool(screen.qualified[j]),
        "grade": screen.grade_of(j).value,
        "rank": _plain(screen.rank[j], whole=True),
        "stars": {profile.value: found.stars(profile, j) for profile in profiles_shown(found)},
        "assumed": _assumed_of(found, j),
        "rs": _plain(screen.strength[j]),
        "sector": instrument.sector,
        "sector_rank": found.inputs.get(fact.SECTOR_RANK, instrument.symbol).value,
        "trend_score": int(screen.trend_score[j]),
        "fundamental_score": int(screen.fundamental_score[j]),
        "canslim_score": int(screen.canslim_score[j]),
        "flow": None if screen.flow_sums.is_missing[j] else flow_of(int(screen.flow[j])).value,
        "turnover": _plain(screen.basics.turnover[j]),
        "market_cap": _plain(screen.basics.market_cap[j], whole=True),
        "checks": {check.name.value: _check_as_json(check) for check in checks_read(found, j)},
        "strategies": {
            one.name: {
                "armed": one.name in places,
                "rank": places.get(one.name),
                "code": found.not_armed.get((one.name, instrument.symbol)),
                "assumed": found.rests_on_assumed(one.name, instrument.symbol),
            }
            for one in found.strategies
        },
    }


def _assumed_of(found: Found, j: int) -> dict[str, FactValue]:
    """Return what is assumed of a symbol: inputs by their name, and the stars shown for each profile as `stars.PROFILE`."""
    symbol = found.screen.panel.symbols[j]
    inputs = {name: value for name, value in found.assumed.items() if found.is_assumed(name, symbol)}
    of_symbol = {name: value for name, value in inputs.items() if name not in _OF_MARKET}
    stars = {f"stars.{p.value}": found.stars(p, j) for p in profiles_shown(found) if found.has_assumed_stars(p)}
    return {**of_symbol, **stars}


def _check_as_json(check: Check) -> dict[str, Any]:
    return {
        "passed": check.passed,
        "note": None if check.note is None else check.note.value,
        "assumed": check.note is Note.ASSUMED,
        "any_of": check.any_of,
        "readings": [
            {"measure": r.measure.value, "value": r.value, "relation": r.relation, "limit": r.limit}
            for r in check.readings
        ],
    }


def _plain(value: float, *, whole: bool = False) -> float | int | None:
    number = float(value)
    if number != number:
        return None
    return round(number) if whole else number
