"""Make arrow arrays from the buffers of numbers and texts: `pyarrow.array` would import pandas, for seconds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt


def whole(cells: npt.NDArray[np.integer[Any]], kind: Any) -> Any:
    """Return numbers as an arrow array of their own memory; `kind` is the arrow type of the same width."""
    import pyarrow as pa

    return pa.Array.from_buffers(kind, len(cells), [None, pa.py_buffer(np.ascontiguousarray(cells))])


def words(words: Sequence[str]) -> Any:
    """Return texts as an arrow array."""
    import pyarrow as pa

    encoded = [word.encode() for word in words]
    borders = np.cumsum([0, *map(len, encoded)], dtype=np.int32)
    return pa.Array.from_buffers(
        pa.string(), len(encoded), [None, pa.py_buffer(borders), pa.py_buffer(b"".join(encoded))]
    )
