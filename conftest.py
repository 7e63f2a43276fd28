"""Give random tests the time they need: on a busy machine a slow moment is no fault of what is tested."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("kats", deadline=None)
settings.load_profile("kats")
