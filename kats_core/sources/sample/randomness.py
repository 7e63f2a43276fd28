"""Draw numbers that depend on their purpose only, and are the same with every version of numpy.

numpy keeps its bit generators stable but not its distributions, so the normal numbers are made here from uniform ones.
"""

from __future__ import annotations

import math

import numpy as np

from kats_core.market.arrays import FloatArray

_MANTISSA = 11
_UNIT = 2.0**-53
_PERIOD = 2**128


class Draws:
    """A stream of numbers of its own for each (seed, purpose)."""

    def __init__(self, *key: int) -> None:
        self._bits = np.random.PCG64(np.random.SeedSequence(key))
        self._place = 0

    def uniform(self, *shape: int) -> FloatArray:
        """Return numbers in (0, 1)."""
        size = math.prod(shape)
        raw = self._bits.random_raw(size)
        self._place += size
        return np.asarray(((raw >> np.uint64(_MANTISSA)) + 0.5) * _UNIT).reshape(shape)

    def uniform_at(self, place: int, *shape: int) -> FloatArray:
        """Return numbers in (0, 1) from a place in the stream on, whatever was drawn before."""
        self._bits.advance((place - self._place) % _PERIOD)
        self._place = place
        return self.uniform(*shape)

    def normal(self, *shape: int) -> FloatArray:
        """Return standard normal numbers."""
        size = math.prod(shape)
        half = self.uniform(2, size // 2 + 1)
        radius, angle = np.sqrt(-2.0 * np.log(half[0])), 2.0 * np.pi * half[1]
        return np.concatenate([radius * np.cos(angle), radius * np.sin(angle)])[:size].reshape(shape)


def waves(shocks: FloatArray, memory: float, scale: float) -> FloatArray:
    """Return what remembers: each row is `memory` times the one before plus a shock."""
    result = scale * shocks
    for t in range(1, len(result)):
        result[t] += memory * result[t - 1]
    return result
