"""Carry every input of a decision as a value with its age and its origin.

Whatever a gate, a stage or `confirm` reads is a `Fact`; one rule decides staleness, and the trail of a decision can say
by itself what was read and where it came from. Facts are shared and replaced when they change, never built per signal.
"""

from __future__ import annotations

import math
from typing import TypeAlias

import msgspec

from kats_core.model.kinds import FactSource, Profile
from kats_core.model.time import Nanos

FactValue: TypeAlias = int | float | str | bool | None

REGIME = "regime"
PULSE = "pulse"
"""State of the market pulse: UPTREND, PRESSURE, CORRECTION."""
INDEX_CLOSE = "index_close"
"""Last close of the KOSPI, points."""
INDEX_CHANGE = "index_change"
"""Change of the KOSPI from its previous close, a fraction; of the session to which `as_of` belongs."""
INDEX_MA200 = "index_ma200"
"""Mean of the KOSPI's last 200 closes, points."""
INDEX_MA199 = "index_ma199"
"""Mean of its last 199 closes: a close below it is below the 200-day average that includes it."""
GRADE = "grade"
STARS = "stars"
"""Confidence, for strategies of every profile alike; `stars_for` names those of one."""
RANK = "rank"
"""Place by market cap, or by turnover, 1 the largest."""
RS = "rs"
"""Relative strength among the universe, 0 to 100."""
SECTOR = "sector"
SECTOR_RANK = "sector_rank"
"""Place of a symbol's sector by its strength against the market, 1 the strongest (`market.sectors`)."""
SECTOR_STRENGTH = "sector_strength"
"""Strength of a symbol's sector against the market, as a fraction, flows and breadth included."""
SECTOR_FLOW = "sector_flow"
"""What foreigners and institutions did together in a symbol's sector over five sessions."""
STATUS = "status"
MARKET = "market"
MARKET_CAP = "market_cap"
EQUITY = "equity"
EQUITY_DAY = "equity_day"
CASH_FLOW = "cash_flow"
EQUITY_MONTH = "equity_month"
EQUITY_PEAK = "equity_peak"
REALISED_MONTH = "realised_month"
ORDERABLE_CASH = "orderable_cash"
BID = "bid"
"""Price of the best bid, won; 0 where nobody bids."""
EXPECTED_OPEN = "expected_open"
"""Indicative price of the opening auction, won, as of 08:50."""
DIVIDEND = "dividend"
"""Cash dividend a share, won, whose ex-date is this session."""
DIVIDEND_PAID_ON = "dividend_paid_on"
"""The day on which it is paid, as text (2026-04-17); missing where the usual day must do."""
BAD_NEWS = "bad_news"
"""What a person or the exchange's status feed says against holding a symbol; it sells."""
SPREAD = "spread"
VI_STATE = "vi_state"
"""How far a volatility interruption or a halt keeps a symbol from trading (`market.vi.ViState`)."""
VI_REFERENCE = "vi_reference"
"""The price from which a static VI is measured, won: that of the last call auction."""
VI_LOWER = "vi_lower"
"""The price at which a static VI downwards is expected, won."""
VI_UPPER = "vi_upper"
"""The price at which a static VI upwards is expected, won."""
VI_UNTIL = "vi_until"
"""The instant at which an interruption, or the wait after one, is expected to end; missing where nothing is under way."""
EVENTS = "events"
"""The session's events as text, the market's or a symbol's own (`market.events.day_from_text`)."""
EXCHANGE_OPEN = "exchange_open"
"""Whether the broker's daily inquiry says that the exchange trades today: true or false."""
ARMED_FOR = "armed_for"
"""The session for which a person has armed trading with real money, as its date: it expires with it."""
CLOCK_SKEW = "clock_skew"
"""How far this machine's clock is ahead of the broker's, seconds."""
LIMIT_UPPER = "limit_upper"
"""The day's upper price limit as the broker states it, won."""
LIMIT_LOWER = "limit_lower"
"""The day's lower price limit as the broker states it, won."""
NO_ENTRIES_UNTIL = "no_entries_until"
"""The instant until which a halt of the whole market keeps entries away."""

MARKET_WIDE = ""
"""The symbol of a fact that belongs to no symbol."""


def stars_for(profile: Profile) -> str:
    """Return the name under which the stars of a screen profile are known; they go before `STARS`."""
    return _STARS_FOR[profile]


# Members by names of their own: on Python 3.11 finding one in its class costs as much as a call.
_MISSING = FactSource.MISSING
_STARS_FOR = {profile: f"{STARS}.{profile}" for profile in Profile}


class Fact(msgspec.Struct, frozen=True, gc=False):
    """A value known at `as_of`, and where it comes from. A missing fact has the value None."""

    name: str
    value: FactValue
    as_of: Nanos
    source: FactSource
    symbol: str = MARKET_WIDE

    def __post_init__(self) -> None:
        value = self.value
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError(f"fact {self.name} of {self.symbol or 'the market'}: {value} is not a number")
        if (value is None) is not (self.source is _MISSING):
            raise ValueError(f"fact {self.name}: value {value!r} contradicts source {self.source}")

    @property
    def is_missing(self) -> bool:
        """Tell whether nothing is known."""
        return self.value is None


def missing(name: str, symbol: str = MARKET_WIDE, as_of: Nanos = 0) -> Fact:
    """Return the fact that says: nobody delivered this."""
    return Fact(name, None, as_of, FactSource.MISSING, symbol)
