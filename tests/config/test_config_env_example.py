"""The example of an environment file and the settings name the same keys."""

from __future__ import annotations

import re
from pathlib import Path

from kats_core.config import Settings

EXAMPLE = Path(__file__).parents[2] / ".env.example"


def test_the_example_names_every_key_of_the_settings_and_no_other() -> None:
    """Whoever copies the file sees all that can be set, and nothing that is not read."""
    keys = re.findall(r"^#? ?([A-Z][A-Z0-9_]+)=", EXAMPLE.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(keys) == sorted(name.upper() for name in Settings.model_fields)
