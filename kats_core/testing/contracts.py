"""Test a plugin by inheriting: each method is one check of `kats check`, so that a failure has a name and a line of its own.

```python
class TestContract(StrategyContract):
    plugin = "opening-drive"
```

Do not override a check that fails: mark it as expected to fail, with the reason. `params` are the parameters that the
plugin is built with; what needs none leaves them out.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, ClassVar

from kats_core.plugins import PluginKind
from kats_core.testing.kit.collecting import require
from kats_core.testing.kit.subject import Subject, find
from kats_core.testing.kit.suite import BY_NAME


class PluginContract:
    """What every plugin keeps to. Inherit from the class of your plugin's kind instead."""

    plugin: ClassVar[str]
    kind: ClassVar[PluginKind]
    params: ClassVar[Mapping[str, Any]] = {}

    def holds(self, check: str) -> None:
        """Carry out a check by its name."""
        require(BY_NAME[check], _subject(self.kind, self.plugin, tuple(self.params.items())))

    def test_registers(self) -> None:
        """It loads as a run would load it, and says which kats-core it works with."""
        self.holds("registration")

    def test_is_light_to_import(self) -> None:
        """Its entry module brings nothing heavy, in a process of its own."""
        self.holds("light-import")

    def test_imports_the_api_alone_and_decides_purely(self) -> None:
        """No clock, file, network or chance where something is decided."""
        self.holds("purity")

    def test_describes_its_parameters(self) -> None:
        """Each has description, unit and range; nothing unknown, no NaN."""
        self.holds("parameters")

    def test_explains_itself_in_both_languages(self) -> None:
        """Docstrings, summary and codes."""
        self.holds("texts")


class StrategyContract(PluginContract):
    """What every strategy keeps to."""

    kind = PluginKind.STRATEGY

    def test_has_complete_traits(self) -> None:
        """They are possible, and say the same as its methods."""
        self.holds("traits")

    def test_arms_with_a_reason_for_each_cell(self) -> None:
        """With declared codes, and setups that can be made."""
        self.holds("arming")

    def test_arms_awkward_markets(self) -> None:
        """Empty, short, gappy, halted."""
        self.holds("awkward-data")

    def test_leaves_its_inputs_as_they_are(self) -> None:
        """The panel is read only."""
        self.holds("no-mutation")

    def test_answers_the_same_again(self) -> None:
        """No clock, no chance, no memory."""
        self.holds("determinism")

    def test_trades_properly(self) -> None:
        """Signals that can be ordered, the same when asked again, blind to how a bar ends."""
        self.holds("rehearsal")

    def test_arms_without_looking_ahead(self) -> None:
        """Another future changes nothing before it."""
        self.holds("look-ahead")

    def test_confirms_and_manages_without_looking_ahead(self) -> None:
        """Nor does it change an answer during the day."""
        self.holds("look-ahead-live")

    def test_needs_no_more_history_than_it_says(self) -> None:
        """No decision hangs on bars before `bars_needed`."""
        self.holds("warm-up")

    def test_judges_all_sessions_as_each_alone(self) -> None:
        """One call equals row by row."""
        self.holds("batch")


class RiskStageContract(PluginContract):
    """What every risk stage keeps to."""

    kind = PluginKind.RISK_STAGE

    def test_has_complete_traits(self) -> None:
        """It judges something, and no exits."""
        self.holds("traits")

    def test_answers_every_proposal_and_enlarges_none(self) -> None:
        """A proper verdict with a declared code."""
        self.holds("answers")

    def test_refuses_what_it_does_not_know(self) -> None:
        """A missing input, or NaN, is never as good as a known one."""
        self.holds("fails-closed")

    def test_changes_no_state_when_it_is_asked(self) -> None:
        """The same question gets the same answer."""
        self.holds("no-state-in-check")

    def test_says_truly_which_way_is_tighter(self) -> None:
        """A parameter at its tight end lets no more pass."""
        self.holds("tighter")

    def test_is_no_looser_after_a_restart(self) -> None:
        """`dump`, then `load`."""
        self.holds("restart")


class DataSourceContract(PluginContract):
    """What every data source keeps to."""

    kind = PluginKind.DATA_SOURCE

    def test_can_be_built(self) -> None:
        """And has what the core calls."""
        self.holds("built")

    def test_answers_the_same_and_in_order(self) -> None:
        """Sessions, symbols, bars."""
        self.holds("source")


class BrokerContract(PluginContract):
    """What every broker keeps to, as far as it can be seen without an order."""

    kind = PluginKind.BROKER

    def test_can_be_built(self) -> None:
        """And has what the core calls."""
        self.holds("built")


class NotifierContract(PluginContract):
    """What every notifier keeps to, as far as it can be seen without a message."""

    kind = PluginKind.NOTIFIER

    def test_can_be_built(self) -> None:
        """And has what the core calls."""
        self.holds("built")


@lru_cache(maxsize=64)
def _subject(kind: PluginKind, name: str, params: tuple[tuple[str, Any], ...]) -> Subject:
    """Return the plugin, once for all tests of a class: what one check has computed, others use."""
    found = next(subject for subject in find(name) if subject.kind is kind)
    if params and found.descriptor is not None:
        found.params = found.descriptor.params.model_validate(dict(params))
    return found
