"""Let companies of the sample market live through what traders wait for.

Leaders advance, rest in a base that dries up, and break out while the market stands above its averages. Slides end in a panic and
turn while it stands under them. News comes before the open and brings a rush. Sixty companies stand for the thousands of a real
market, so each of them has more of this than a real one would. Three breakouts in eight fail and one turn in four goes on falling:
nothing here promises that a pattern pays.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from kats_core.market.arrays import BoolArray, FloatArray
from kats_core.sources.sample.companies import Company
from kats_core.sources.sample.randomness import Draws

_CHANCE_PURPOSE, _COURSE_PURPOSE = 11, 12

_SHORT, _LONG = 50, 200
"""Sessions of the averages that tell which way the market goes."""
_SETTLED = 6
"""Sessions for which it has to go one way before companies go with it."""

_GIANTS = 2
"""The largest companies are the market and have no episodes of their own."""
_LARGE = 30
_DEFENSIVE = frozenset({"제약", "음식료·담배"})
"""Sectors that fall late, and so turn within a day when they have fallen."""

_BREAKOUT, _TURN, _DEFENSIVE_TURN = 1 / 35, 1 / 45, 1 / 10
"""Chance of a company and session, while the market goes that way."""
_REST, _REST_OF_LEADERS = 15, 60
"""Sessions after a slide, and after a leader's episode, without another one of the same kind."""
_NEWS, _NEWS_WHILE_RISING = 0.010, 0.12
_GOOD_NEWS = 0.65
_NEWS_WITHIN = 0.20

_CAUGHT = 5
"""Sessions at the end of a slide on which those buy who have waited."""
_FLAT, _EXHAUSTED = 0.7, 0.85
_BOOM = 0.40
"""How much a leader's business has grown by its base, log."""

_FAILED_BREAKOUT, _FAILED_TURN = 0.375, 0.25

_SHARES, _SHOCKS = 40, 500
"""Random numbers that no episode uses up."""


@dataclass(frozen=True)
class _Course:
    """What days are like: those of one episode in order, or of all, (sessions x companies).

    `move` is a day's log move, `overnight` the part of it before the open. `calm` is a factor of the deviation within the
    day, `stir` the log of one of the shares traded, `boom` how far a leader's business has grown, log. A day that `is_hasty`
    is decided in its morning; on one that `is_caught` institutions and foreigners buy what others throw away. News may still
    move a day that `is_open`.
    """

    move: FloatArray
    overnight: FloatArray
    calm: FloatArray
    stir: FloatArray
    boom: FloatArray
    is_hasty: BoolArray
    is_caught: BoolArray
    is_open: BoolArray


@dataclass(frozen=True)
class Episodes(_Course):
    """What episodes make of the days. Where a day `is_planned`, its moves are whole; elsewhere they are added to its own."""

    is_planned: BoolArray


_COLUMNS = tuple(column.name for column in fields(_Course))


class _Dice:
    """The random numbers of one episode, drawn at once: one by one they would take longer than all the rest."""

    def __init__(self, draws: Draws) -> None:
        self._shares: list[float] = draws.uniform(_SHARES).tolist()
        self._shocks = draws.normal(_SHOCKS)
        self._used = 0

    def share(self) -> float:
        """Return a number in (0, 1)."""
        return self._shares.pop()

    def between(self, least: float, most: float) -> float:
        """Return a number of a span."""
        return least + (most - least) * self.share()

    def sessions(self, least: int, most: int) -> int:
        """Return a number of sessions of a span."""
        return int(self.between(least, most + 1))

    def shocks(self, count: int) -> FloatArray:
        """Return standard normal numbers."""
        self._used += count
        return self._shocks[self._used - count : self._used]


def episodes(seed: int, index: FloatArray, companies: Sequence[Company]) -> Episodes:
    """Return the episodes of a seed in a market whose closes would be `index` without them."""
    days, size = len(index), len(companies)
    draws = Draws(seed, _CHANCE_PURPOSE)
    tide = _tide(index)
    chance = draws.uniform(days, size)
    found = Episodes(
        is_planned=np.zeros((days, size), dtype=np.bool_),
        move=np.zeros((days, size)),
        overnight=np.zeros((days, size)),
        calm=np.ones((days, size)),
        stir=np.zeros((days, size)),
        boom=np.zeros((days, size)),
        is_hasty=np.zeros((days, size), dtype=np.bool_),
        is_caught=np.zeros((days, size), dtype=np.bool_),
        is_open=np.ones((days, size), dtype=np.bool_),
    )
    for number, company in enumerate(companies):
        for start, course in _lived(seed, tide, chance[:, number], number, company):
            rows = slice(start, start + len(course.move))
            found.is_planned[rows, number] = True
            for name in _COLUMNS:
                getattr(found, name)[rows, number] = getattr(course, name)[: days - start]
    _tell_news(found, draws, tide)
    return found


def _tide(index: FloatArray) -> npt.NDArray[np.int8]:
    """Return +1 where a market has stood above both of its averages for some sessions, -1 where under both, else 0."""
    total = np.concatenate([[0.0], np.cumsum(index)])
    is_above, is_under = np.zeros(len(index), dtype=np.bool_), np.zeros(len(index), dtype=np.bool_)
    short, long = ((total[n:] - total[:-n]) / n for n in (_SHORT, _LONG))
    closes = index[_LONG - 1 :]
    is_above[_LONG - 1 :] = (closes > short[_LONG - _SHORT :]) & (closes > long)
    is_under[_LONG - 1 :] = (closes < short[_LONG - _SHORT :]) & (closes < long)
    return np.where(_held(is_above), 1, np.where(_held(is_under), -1, 0)).astype(np.int8)


def _held(condition: BoolArray) -> BoolArray:
    """Tell on which days a condition has held on each of the days before."""
    held = np.ones_like(condition)
    for n in range(1, _SETTLED + 1):
        held[n:] &= condition[:-n]
        held[:n] = False
    return held


def _lived(
    seed: int, tide: npt.NDArray[np.int8], chance: FloatArray, number: int, company: Company
) -> Iterator[tuple[int, _Course]]:
    """Yield a company's episodes with the session on which each begins: leaders first, slides where they leave room."""
    if number < _GIANTS:
        return
    draws = Draws(seed, _COURSE_PURPOSE, number)
    is_defensive = company.instrument.sector in _DEFENSIVE
    is_taken = np.zeros(len(tide), dtype=np.bool_)
    breakouts = np.flatnonzero((tide > 0) & (chance < _BREAKOUT))
    turns = np.flatnonzero((tide < 0) & (chance < (_DEFENSIVE_TURN if is_defensive else _TURN)))
    rested = {True: 0, False: 0}
    for day, is_breakout in [*((day, True) for day in breakouts), *((day, False) for day in turns)]:
        if is_taken[day] or day < rested[is_breakout]:
            continue
        dice = _Dice(draws)
        before, course = _leader(dice, number < _LARGE) if is_breakout else _slide(dice, is_defensive)
        start = int(day) - before
        end = start + len(course.move)
        if start >= rested[is_breakout] and not is_taken[start:end].any():
            is_taken[start:end] = True
            rested[is_breakout] = end + (_REST_OF_LEADERS if is_breakout else _REST)
            yield start, course


def _leader(dice: _Dice, is_large: bool) -> tuple[int, _Course]:
    """Return an advance, its base, the breakout and what follows, and how many sessions come before the breakout."""
    is_flat = is_large and dice.share() < _FLAT
    advance = _advance(dice, 0.75 if is_flat else 0.60)
    base = _flat_base(dice) if is_flat else _contractions(dice)
    breakout = _day(dice.between(0.045, 0.075), dice.between(0.010, 0.022), stir=0.6, boom=_BOOM, is_hasty=True)
    after = _failure(dice) if dice.share() < _FAILED_BREAKOUT else _follow_through(dice)
    return len(advance.move) + len(base.move), _joined(advance, base, breakout, after)


def _slide(dice: _Dice, is_defensive: bool) -> tuple[int, _Course]:
    """Return a slide, the day on which it ends, the day of the turn, and how many sessions come before the turn."""
    fall = _fall(dice)
    end = _exhaustion(dice) if is_defensive and dice.share() < _EXHAUSTED else _plunge(dice)
    turn = _failed_turn(dice) if dice.share() < _FAILED_TURN else _turn(dice)
    course = _joined(fall, end, turn)
    before = len(fall.move) + 1
    course.is_caught[before - _CAUGHT : before] = True
    return before, course


def _advance(dice: _Dice, least: float) -> _Course:
    sessions, rise = dice.sessions(80, 115), dice.between(least, least + 0.30)
    noise = 0.013 * dice.shocks(sessions)
    # The last part of an advance is the steepest.
    move = rise / sessions * np.linspace(0.4, 1.6, sessions) + noise - noise.mean()
    return _days(
        dice, move, calm=0.8, stir=_livelier(move, 0.1), boom=np.linspace(_BOOM / 2, _BOOM, sessions), is_open=True
    )


def _contractions(dice: _Dice) -> _Course:
    """Return a base of three contractions, each about half as deep as the one before, which dries up at its end."""
    first = dice.between(0.12, 0.22)
    second = first * dice.between(0.50, 0.62)
    third = max(0.042, second * dice.between(0.50, 0.62))
    high = -dice.between(0.004, 0.012)
    last = high - dice.between(0.004, 0.012)
    levels = (-first, high, high - second, last, last - third, last - 0.012, last - 0.010)
    spans = ((8, 11), (5, 8), (4, 6), (3, 5), (3, 4), (3, 3), (4, 5))
    return _base(dice, levels, [dice.sessions(*span) for span in spans])


def _flat_base(dice: _Dice) -> _Course:
    """Return a base of three swings of about the same small depth."""
    depths = [dice.between(0.055, 0.080) for _ in range(3)]
    levels = (-depths[0], -0.012, -depths[1], -0.014, -depths[2], -0.014, -0.010)
    return _base(dice, levels, [dice.sessions(4, 5) for _ in levels])


def _base(dice: _Dice, levels: Sequence[float], lengths: Sequence[int]) -> _Course:
    """Return the way over levels (log, from the top); shares dry up on it, and so does the day's range."""
    knots = np.concatenate([[0], np.cumsum(lengths)])
    sessions = int(knots[-1])
    days = np.arange(sessions + 1)
    wander = 0.0035 * dice.shocks(sessions + 1)
    wander[[0, -1]] = 0.0
    move = np.diff(np.interp(days, knots, [0.0, *levels]) + wander)
    is_last = days[1:] > knots[-3]
    calm = np.where(is_last, 0.22, np.linspace(0.5, 0.3, sessions))
    stir = _livelier(move, 0.0) + np.where(is_last, -0.95, np.linspace(0.0, -0.3, sessions))
    return _days(dice, move, calm=calm, stir=stir, boom=np.full(sessions, _BOOM), is_open=False)


def _follow_through(dice: _Dice) -> _Course:
    sessions = dice.sessions(15, 30)
    move = 0.006 + 0.016 * dice.shocks(sessions)
    return _days(dice, move, calm=0.9, stir=_livelier(move, 0.2), boom=np.full(sessions, _BOOM), is_open=True)


def _failure(dice: _Dice) -> _Course:
    sessions = dice.sessions(6, 11)
    move = -0.013 + 0.014 * dice.shocks(sessions)
    return _days(dice, move, calm=1.0, stir=np.full(sessions, 0.1), boom=np.full(sessions, _BOOM), is_open=True)


def _fall(dice: _Dice) -> _Course:
    sessions = dice.sessions(8, 11)
    move = -dice.between(0.014, 0.022) * np.linspace(0.6, 1.4, sessions) + 0.006 * dice.shocks(sessions)
    return _days(dice, move, calm=0.9, stir=np.linspace(0.0, 0.5, sessions), boom=np.zeros(sessions), is_open=False)


def _plunge(dice: _Dice) -> _Course:
    """Return the day on which those who had waited sell at any price."""
    return _day(-dice.between(0.055, 0.080), -dice.between(0.004, 0.014), stir=0.4)


def _exhaustion(dice: _Dice) -> _Course:
    """Return the day that opens in a panic and is bought."""
    early = -dice.between(0.035, 0.050)
    return _day(early + dice.between(0.020, 0.035), early, stir=0.5)


def _turn(dice: _Dice) -> _Course:
    return _day(dice.between(0.030, 0.055), dice.between(-0.002, 0.008), stir=0.9, is_hasty=True)


def _failed_turn(dice: _Dice) -> _Course:
    """Return a day that begins like a turn."""
    return _day(-dice.between(0.010, 0.030), dice.between(0.0, 0.004), stir=0.4)


def _day(move: float, overnight: float, *, stir: float, boom: float = 0.0, is_hasty: bool = False) -> _Course:
    one = np.ones(1)
    return _Course(
        move=move * one,
        overnight=overnight * one,
        calm=one,
        stir=stir * one,
        boom=boom * one,
        is_hasty=np.array([is_hasty]),
        is_caught=np.array([False]),
        is_open=np.array([False]),
    )


def _days(
    dice: _Dice, move: FloatArray, *, calm: FloatArray | float, stir: FloatArray, boom: FloatArray, is_open: bool
) -> _Course:
    calm = np.broadcast_to(calm, move.shape)
    return _Course(
        move=move,
        overnight=0.3 * move + 0.006 * calm * dice.shocks(move.size),
        calm=calm,
        stir=stir,
        boom=boom,
        is_hasty=np.zeros(move.shape, dtype=np.bool_),
        is_caught=np.zeros(move.shape, dtype=np.bool_),
        is_open=np.full(move.shape, is_open),
    )


def _livelier(move: FloatArray, usual: float) -> FloatArray:
    """Return the stir of days on which buyers are the ones in a hurry."""
    return np.asarray(usual + np.where(move > 0, 0.2, -0.2))


def _joined(*courses: _Course) -> _Course:
    return _Course(**{name: np.concatenate([getattr(one, name) for one in courses]) for name in _COLUMNS})


def _tell_news(found: Episodes, draws: Draws, tide: npt.NDArray[np.int8]) -> None:
    """Let news before and after the open move whoever is not in the middle of something, in place."""
    is_open, shape = found.is_open, found.is_open.shape
    rate = np.where(tide > 0, _NEWS_WHILE_RISING, _NEWS)[:, None]
    is_early = is_open & (draws.uniform(*shape) < rate)
    gap = (0.022 + 0.026 * draws.uniform(*shape)) * np.where(draws.uniform(*shape) < _GOOD_NEWS, 1.0, -1.0)
    found.overnight[is_early] += gap[is_early]
    found.move[is_early] += gap[is_early]
    found.stir[is_early] += 1.0
    found.is_hasty[is_early] = True
    # What becomes known within a session is understood slowly: the price goes one way until the close.
    is_late = is_open & ~is_early & (draws.uniform(*shape) < _NEWS_WITHIN)
    way = (0.020 + 0.025 * draws.uniform(*shape)) * np.where(draws.uniform(*shape) < 0.5, 1.0, -1.0)
    found.move[is_late] += way[is_late]
    found.stir[is_late] += 0.4
