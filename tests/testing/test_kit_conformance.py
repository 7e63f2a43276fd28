"""What core itself brings, and what strangers published, keep to their contracts; our plugins' own tests hold them to theirs."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from kats_core.testing.kit.subject import find
from kats_core.testing.kit.suite import CHECKS, examine

THIRD_PARTY = Path(__file__).parents[1] / "fixtures" / "third_party"

ASK = """
import sys
before = set(sys.modules)
import kats_core.pytest_plugin
print(*sorted(name for name in set(sys.modules) - before if name.partition(".")[0] in sys.argv[1:]))
"""


@pytest.mark.slow
@pytest.mark.kats_plugins("files", "sample", "paper")
def test_what_core_brings_keeps_to_its_contract(kats_check: Callable[[], None]) -> None:
    """By the fixture that authors use."""
    kats_check()


@pytest.mark.parametrize("folder", sorted(THIRD_PARTY.iterdir()), ids=lambda folder: folder.name)
def test_what_strangers_published_keeps_to_its_contract(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They know kats-core from its documentation only."""
    project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    ((group, names),) = project["entry-points"].items()
    ((name, module),) = names.items()
    metadata = tmp_path / f"{module}-1.4.2.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: 1.4.2\nRequires-Dist: {project['dependencies'][0]}\n",
        encoding="utf-8",
    )
    (metadata / "entry_points.txt").write_text(f"[{group}]\n{name} = {module}\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.syspath_prepend(str(tmp_path))
    (subject,) = find(name)
    assert [f"{result.check.name}: {remark}" for result in examine(subject) for remark in result.failures] == []
    for loaded in [loaded for loaded in sys.modules if loaded.partition(".")[0] == module]:
        del sys.modules[loaded]


def test_the_classes_have_a_test_for_each_check() -> None:
    """Whoever inherits misses nothing that `kats check` looks at."""
    from kats_core.testing import contracts

    held = {
        (contract.kind, name)
        for contract in vars(contracts).values()
        if isinstance(contract, type) and issubclass(contract, contracts.PluginContract) and hasattr(contract, "kind")
        for name in _named_in(contract)
    }
    assert held == {(kind, check.name) for check in CHECKS for kind in check.kinds}


def test_the_page_lists_every_check_by_its_title() -> None:
    """And no other."""
    page = (Path(__file__).parents[2] / "docs" / "cli.md").read_text(encoding="utf-8")
    table = page.split("| Check | For |", 1)[1].split("\n\n", 1)[0]
    rows = [line.split("|")[1].strip() for line in table.splitlines()[2:]]
    assert rows == [check.title[1] for check in CHECKS]


@pytest.mark.slow
def test_the_plugin_of_pytest_costs_others_nothing() -> None:
    """Without a test that asks for it, nothing of ours but the plugin itself is imported."""
    done = subprocess.run(  # noqa: S603 - this Python with the lines above
        [sys.executable, "-c", ASK, "kats_core", "numpy", "pydantic", "msgspec", "typer", "rich"],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout.split() == ["kats_core", "kats_core.pytest_plugin"]


def _named_in(contract: type) -> set[str]:
    """Return the checks that the methods of a class hold."""
    methods = [getattr(contract, name) for name in dir(contract) if name.startswith("test_")]
    return {constant for method in methods for constant in method.__code__.co_consts if constant in _NAMES}


_NAMES = {check.name for check in CHECKS}
