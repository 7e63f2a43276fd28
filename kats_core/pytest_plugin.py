"""Give pytest what tests of plugins need; installed with kats-core, it costs other tests nothing until they ask.

```python
@pytest.mark.kats_plugins("opening-drive")
def test_it_keeps_to_the_contract(kats_check):
    kats_check()
```

`kats_check` runs once for each check of `kats check` that belongs to the plugins; without the mark, of every plugin that is
installed. `kats_panel` is the daily history of the sample market, read only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from kats_core.market.panel import Panel

MARK = "kats_plugins"
CHECK = "kats_check"


def pytest_configure(config: pytest.Config) -> None:
    """Say what the mark means, for `pytest --markers` and strict configurations."""
    config.addinivalue_line("markers", f"{MARK}(*names): the plugins of KATS that `{CHECK}` looks at")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that asks for `kats_check` once for each check."""
    if CHECK not in metafunc.fixturenames:
        return
    from kats_core.testing.kit.collecting import collect

    names = [name for mark in metafunc.definition.iter_markers(MARK) for name in mark.args]
    found = collect(names)
    metafunc.parametrize(CHECK, found, ids=map(str, found))


@pytest.fixture(scope="session")
def kats_panel() -> Panel:
    """Return 520 sessions of the sample market's 60 companies, with tables and indices; nobody can write into it."""
    from kats_core.testing.kit.markets import usual

    return usual()
