"""Every plugin of this repository keeps to its contract, by the same checks that strangers run."""

from __future__ import annotations

import pytest

from kats_core.plugins import installed
from kats_core.testing.kit.subject import find
from kats_core.testing.kit.suite import examine

OURS = sorted({plugin.name for plugin in installed() if plugin.distribution.startswith("kats-")})


@pytest.mark.slow
@pytest.mark.parametrize("name", OURS)
def test_a_plugin_of_ours_passes_the_kit(name: str) -> None:
    """`kats check NAME` ends with 0."""
    results = [result for subject in find(name) for result in examine(subject)]
    assert [f"{result.check.name}: {remark}" for result in results for remark in result.failures] == []
