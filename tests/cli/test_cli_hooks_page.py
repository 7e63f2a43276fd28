"""`docs/hooks.md` says what `hookspecs.py` and the contracts say, and what it shows works: each example is installed and run."""

from __future__ import annotations

import ast
import datetime as dt
import inspect
import re
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kats_core import api, hookspecs
from kats_core.market.calendar import krx_calendar
from kats_core.model.kinds import Severity
from kats_core.plugins import PluginKind, installed, load
from kats_core.testing import panel as panel_of

if TYPE_CHECKING:
    from conftest import House

HOOKS = [kind.hook for kind in PluginKind]
PROTOCOLS = (
    api.Strategy,
    api.ManagingStrategy,
    api.ScanningStrategy,
    api.View,
    api.RiskStage,
    api.ListeningStage,
    api.StatefulStage,
    api.StageContext,
    api.Notifier,
    api.DataSource,
    api.IndexMinutesSource,
    api.LiveFeed,
    api.Broker,
    api.RemoteBroker,
)
DESCRIPTORS = (
    api.StrategyPlugin,
    api.StagePlugin,
    api.NotifierPlugin,
    api.SourcePlugin,
    api.BrokerPlugin,
    api.StrategyTraits,
    api.StageTraits,
)
GREEN = (25_000, 25_600, 24_700, 25_400, 100_000)
DRIVEN = (25_400, 26_500, 25_300, 26_300, 1_000_000)
SESSION = dt.date(2026, 3, 4)


@dataclass(frozen=True, slots=True)
class Section:
    """One kind of plugin on the page: its entry points, its modules by file name, its block of YAML."""

    text: str

    @property
    def entry_points(self) -> dict[str, dict[str, str]]:
        """Group to name to module."""
        found: dict[str, dict[str, str]] = tomllib.loads(self._fenced("toml"))["project"]["entry-points"]
        return found

    @property
    def modules(self) -> dict[str, str]:
        """File name to source."""
        return dict(re.findall(r"^`([\w/]+\.py)`\n\n```python\n(.*?)^```", self.text, re.DOTALL | re.MULTILINE))

    @property
    def yaml(self) -> str:
        """The block of `kats.yaml`."""
        return self._fenced("yaml")

    def _fenced(self, language: str) -> str:
        found = re.search(rf"^```{language}\n(.*?)^```", self.text, re.DOTALL | re.MULTILINE)
        return found[1] if found else ""


@cache
def page() -> str:
    """Return the page with the bars of its tables unescaped."""
    return (Path(__file__).parents[2] / "docs" / "hooks.md").read_text(encoding="utf-8").replace("\\|", "|")


@cache
def section(hook: str) -> Section:
    """Return the section of a hook."""
    part = page().split(f"### `{hook}(", 1)[1]
    return Section(re.split(r"^## ", part, maxsplit=1, flags=re.MULTILINE)[0])


def signature(function: Any) -> str:
    """Return a signature as it is written."""
    return str(inspect.signature(function)).replace("'", "")


@pytest.mark.parametrize("hook", HOOKS)
def test_a_hook_stands_on_the_page_with_its_exact_signature_and_its_sentence(hook: str) -> None:
    """What the specification says first, the page says first."""
    spec = getattr(hookspecs, hook)
    sentence = (inspect.getdoc(spec) or "").split("\n\n")[0]
    assert f"### `{hook}{signature(spec)}`\n\n{sentence}\n" in page()


def test_every_hook_has_a_kind_and_every_kind_a_hook() -> None:
    """The page, the specifications and the loader know the same five."""
    specified = [name for name in vars(hookspecs) if name.startswith("kats_register_")]
    assert sorted(specified) == sorted(HOOKS)
    assert sorted(re.findall(r"^### `(\w+)\(", page(), re.MULTILINE)) == sorted(HOOKS)


@pytest.mark.parametrize("hook", HOOKS)
def test_the_example_is_that_of_the_specification(hook: str) -> None:
    """One example, in both places: who changes one changes both."""
    example = re.search(r"```python\n(.*?)```", inspect.getdoc(getattr(hookspecs, hook)) or "", re.DOTALL)
    assert example is not None
    entry_modules = [text for name, text in section(hook).modules.items() if name.endswith("__init__.py")]
    assert [ast.dump(ast.parse(text)) for text in entry_modules] == [ast.dump(ast.parse(example[1]))]


@pytest.mark.parametrize("hook", HOOKS)
def test_the_entry_point_is_in_the_group_of_the_hook(hook: str) -> None:
    """Its value is the module that the page shows."""
    (group, names) = next(iter(section(hook).entry_points.items()))
    assert group == f"kats_core.{hook.removeprefix('kats_register_')}"
    assert [f"{module}/__init__.py" for module in names.values()] == [
        name for name in section(hook).modules if name.endswith("__init__.py")
    ]


@pytest.mark.parametrize("protocol", PROTOCOLS, ids=lambda protocol: protocol.__name__)
def test_every_method_stands_on_the_page_with_its_exact_signature(protocol: type) -> None:
    """Methods with their parameters, properties with their type."""
    for name, member in vars(protocol).items():
        if name.startswith("_"):
            continue
        if isinstance(member, property):
            kind = inspect.signature(member.fget).return_annotation  # type: ignore[arg-type]
            assert f"`{name}: {kind}`" in page()
        elif inspect.isfunction(member):
            assert f"`{name}{signature(member)}`" in page()


@pytest.mark.parametrize("descriptor", DESCRIPTORS, ids=lambda descriptor: descriptor.__name__)
def test_every_field_of_a_descriptor_stands_on_the_page(descriptor: Any) -> None:
    """In their order."""
    names = ", ".join(f"`{field.name}`" for field in fields(descriptor))
    assert f"| `{descriptor.__name__}` | {names} |" in page()


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Install every example, as the page shows it."""
    folder = tmp_path / "site"
    for hook in HOOKS:
        one = section(hook)
        for name, source in one.modules.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(source, encoding="utf-8")
        ((group, names),) = one.entry_points.items()
        metadata = folder / f"{next(iter(names.values()))}-1.0.dist-info"
        metadata.mkdir()
        required = "Requires-Dist: kats-core>=0.1,<0.2"
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {metadata.stem}\nVersion: 1.0\n{required}\n")
        lines = "\n".join(f"{name} = {module}" for name, module in names.items())
        (metadata / "entry_points.txt").write_text(f"[{group}]\n{lines}\n")
    monkeypatch.syspath_prepend(str(folder))
    yield folder
    for name in [name for name in sys.modules if name.startswith("acme_")]:
        del sys.modules[name]


def loaded(site: Path) -> dict[str, Any]:
    """Load what the examples register, by name; nothing is wrong with any of them."""
    found = installed([str(site)])
    result = load([(plugin.kind, plugin.name) for plugin in found], found)
    assert (result.problems, result.notes) == ((), ())
    return {name: descriptor for (_, name), descriptor in result.descriptors.items()}


def test_the_examples_are_found_and_loaded(site: Path) -> None:
    """One plugin of each kind, and each carries both languages."""
    plugins = loaded(site)
    assert sorted(plugins) == ["acme-archive", "notebook", "opening-drive", "refuse-all", "round-lot"]
    assert all(all(plugin.summary) and plugin.params.model_json_schema() for plugin in plugins.values())


def test_the_example_of_a_strategy_buys_and_says_why_not(site: Path, house: type[House]) -> None:
    """It arms a green day, buys the drive, and never after a weak open."""
    plugin = loaded(site)["opening-drive"]
    one = house.instance(plugin.build(plugin.params(drive_frac=0.01)), "drive")
    days = {"005930": [*[GREEN] * 22, DRIVEN]}
    desk = house.Desk(strategies=(one,)).play(
        panel_of(days, armed_for=krx_calendar().shift(SESSION, 1)), days=[SESSION]
    )
    assert desk.bought

    weak = (25_000, 26_500, 24_900, 26_300, 1_000_000)
    one = house.instance(plugin.build(plugin.params(drive_frac=0.01)), "drive")
    desk = house.Desk(strategies=(one,)).play(
        panel_of({"005930": [*[GREEN] * 22, weak]}, armed_for=krx_calendar().shift(SESSION, 1)), days=[SESSION]
    )
    assert desk.bought == []
    assert str(desk.engine.setups[0].code) == "opening-drive:WEAK_OPEN"


def test_the_example_of_a_stage_cuts_to_lots(site: Path, house: type[House]) -> None:
    """120 shares become 100, nine become none."""
    plugin = loaded(site)["round-lot"]
    stage = house.stage(plugin.build(plugin.params(lot=50)), "round-lot")
    for asked, bought in ((120, [100]), (100, [100]), (9, [])):
        desk = house.Desk(stages=house.sized(asked, stage)).begin(house.setup())
        desk.minute("09:30", 25_450).minute("09:31", 25_450)
        assert [quantity for _, quantity in desk.bought] == bought


def test_the_example_of_a_notifier_writes_a_line(site: Path, tmp_path: Path) -> None:
    """Severity, code, text."""
    plugin = loaded(site)["notebook"]
    notebook = plugin.build(plugin.params(path=tmp_path / "messages.txt"))
    notebook.send(api.Message(ts=1, severity=Severity.WARNING, code="core:TTL", text="ended"))
    assert (tmp_path / "messages.txt").read_text(encoding="utf-8") == "WARNING core:TTL ended\n"


def test_the_example_of_a_broker_refuses_and_answers(site: Path) -> None:
    """It has no facts and takes no orders; a refused order is an event."""
    plugin = loaded(site)["refuse-all"]
    account = api.BrokerAccount(capital=1, commission=api.to_fraction(0.00015), scope=api.Scope.RAW)
    broker = plugin.build(plugin.params(), account)
    assert broker.fetch(api.Fetch(1, 7, ("orderable_cash",), "005930", 100)) == api.Fetched(1, 7, ())
    assert broker.send(api.Cancel(1, 3)) == [api.OrderCancelled(1, 3)]


def prices(path: Path, days: int) -> None:
    """Write an archive: green days, the last one driven."""
    rows = [GREEN] * (days - 1) + [DRIVEN]
    with path.open("w", encoding="utf-8") as lines:
        lines.write("date,symbol,open,high,low,close,volume,value\n")
        for n, (o, h, low, c, volume) in enumerate(rows):
            day = krx_calendar().shift(SESSION, n - days + 1)
            lines.write(f"{day},005930,{o},{h},{low},{c},{volume},{c * volume}\n")


ASSUME = "assume: {regime: BULL, grade: B, stars: 4, status: '00', sector: own}\n"


def test_the_blocks_of_yaml_on_the_page_run_together(kats: Any, site: Path) -> None:
    """A strategy twice, the stage between two of ours, the archive, and a broker that refuses every order."""
    prices(kats.folder / "prices.csv", 40)
    blocks = "".join(section(hook).yaml for hook in HOOKS)
    # This broker tells nobody what cash there is, so the margin guard would refuse before an order is made.
    kats.write("kats.yaml", blocks.replace("  - use: margin-guard\n", "") + ASSUME)
    answer = kats("backtest", "--lang", "en", "--out", "refused")
    assert answer.code == 0, answer.err
    log = (kats.folder / "refused" / "decisions.jsonl").read_text(encoding="utf-8")
    assert '"instance":"drive-late"' in log
    assert '"plugin":"round-lot"' in log
    assert '"after":"REJECTED"' in log
    assert '"type":"fill"' not in log


def test_with_the_paper_broker_they_trade(kats: Any, site: Path) -> None:
    """In lots of fifty."""
    prices(kats.folder / "prices.csv", 40)
    blocks = [section(hook).yaml for hook in HOOKS if hook != PluginKind.BROKER.hook]
    kats.write("kats.yaml", "".join(blocks) + ASSUME)
    answer = kats("backtest", "--lang", "en", "--out", "traded")
    assert answer.code == 0, answer.err
    log = (kats.folder / "traded" / "decisions.jsonl").read_text(encoding="utf-8")
    quantities = [int(n) for n in re.findall(r'"type":"order",.*?"quantity":(\d+)', log)]
    assert quantities
    assert all(quantity % 50 == 0 for quantity in quantities)


def test_an_archive_that_is_no_archive_is_named_with_its_line(kats: Any, site: Path) -> None:
    """The example's own SourceError: file, line, value, exit code 2."""
    kats.write("prices.csv", "date,symbol,open,high,low,close,volume,value\n2026-03-04,005930,1,1,1,nan,1,1\n")
    kats.write("kats.yaml", section("kats_register_data_sources").yaml)
    answer = kats("backtest")
    assert answer.code == 2
    assert "prices.csv:2" in answer.err
    assert "nan" in answer.err
