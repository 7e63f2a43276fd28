"""Say of a setting which way is tighter, so that a change of it can be taken over in parts: tighter at once, looser later.

```python
max_positions: int = Field(default=5, json_schema_extra=LESS_IS_TIGHTER)
```

A field that says nothing has no tighter way: a change of it waits for the next session. A table (by grade, by regime) is
compared row by row. Plugins may declare it for their own parameters.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic.config import JsonDict
from pydantic.fields import FieldInfo

_KEY = "tighter"
LESS_IS_TIGHTER: JsonDict = {_KEY: "lower"}
MORE_IS_TIGHTER: JsonDict = {_KEY: "higher"}

M = TypeVar("M", bound=BaseModel)


def tightened(old: M, new: M) -> M:
    """Return the old settings with what is tighter in the new ones; the old ones where both together are not valid.

    It allows nothing that either of the two forbids, in every field that says which way is tighter.
    """
    merged = {
        info.alias or name: _tighter(info, getattr(old, name), getattr(new, name))
        for name, info in type(old).model_fields.items()
    }
    try:
        return type(old).model_validate(merged)
    except ValidationError:
        return old


def _tighter(info: FieldInfo, old: Any, new: Any) -> Any:
    extra = info.json_schema_extra
    way = extra.get(_KEY) if isinstance(extra, dict) else None
    if old == new or way is None or old is None or new is None:
        return old
    if isinstance(old, Mapping):
        return {key: _of(way, value, new[key]) if key in new else value for key, value in old.items()}
    return _of(str(way), old, new)


def _of(way: Any, old: Any, new: Any) -> Any:
    if isinstance(old, BaseModel):
        return tightened(old, new)
    return min(old, new) if way == "lower" else max(old, new)
