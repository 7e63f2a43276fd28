"""Plugins that break their contract, each in its own way, are caught with a message that names the cause."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kats_core.testing.kit.findings import CheckOutcome, Remark
from kats_core.testing.kit.subject import Subject, find
from kats_core.testing.kit.suite import BY_NAME, CHECKS, examine, run
from kats_core.testing.kit.wording import Sentence

BREACHES = Path(__file__).parents[1] / "fixtures" / "breaches"

CAUGHT = [
    pytest.param("breach-knows-tomorrow", "look-ahead", Sentence.AHEAD_ARM, "(close)", id="reads tomorrow's close"),
    pytest.param("breach-whole-average", "look-ahead", Sentence.AHEAD_ARM, "(volume)", id="averages over the future"),
    pytest.param("breach-whole-average", "batch", Sentence.BATCH, "at once", id="a row depends on later rows"),
    pytest.param("breach-keeps-panel", "look-ahead-live", Sentence.AHEAD_ASKED, "confirm of", id="keeps the panel"),
    pytest.param("breach-sells-ahead", "look-ahead-live", Sentence.AHEAD_ASKED, "manage of", id="sells ahead"),
    pytest.param("breach-peeks-at-bar", "rehearsal", Sentence.AHEAD_BAR, "daily bar", id="peeks at the day's close"),
    pytest.param("breach-remembers", "determinism", Sentence.NOT_THE_SAME_AGAIN, "ARMED", id="remembers being asked"),
    pytest.param("breach-writes", "no-mutation", Sentence.MUTATED, "breach_writes.py", id="writes into the panel"),
    pytest.param("breach-short-memory", "warm-up", Sentence.WARMUP_FLIP, "(30)", id="needs more bars than it says"),
    pytest.param("breach-divides", "awkward-data", Sentence.ARM_WARNED, "divide", id="divides by nothing"),
    pytest.param("breach-divides", "awkward-data", Sentence.ARM_RAISED, "one session", id="raises on one session"),
    pytest.param("breach-heavy", "light-import", Sentence.HEAVY, "sqlalchemy", id="imports heavily"),
    pytest.param("breach-reaches-out", "purity", Sentence.PURE_IMPORT, "date.today()", id="reads the clock"),
    pytest.param("breach-reaches-out", "purity", Sentence.PURE_IMPORT, ": os;", id="reads files"),
    pytest.param("breach-reaches-out", "purity", Sentence.PURE_ONLY_API, "market.rolling", id="reaches into the core"),
    pytest.param("breach-mute", "texts", Sentence.CODE_LANGUAGE, "breach-mute:NOT_UP", id="a code without Korean"),
    pytest.param("breach-vague", "parameters", Sentence.PARAM_NO_RANGE, "stop", id="a parameter without range"),
    pytest.param("breach-vague", "parameters", Sentence.PARAM_NO_DESCRIPTION, "the stop", id="nor a description"),
    pytest.param("breach-vague", "parameters", Sentence.PARAM_NAN, "stop", id="that accepts NaN"),
    pytest.param("breach-enlarges", "answers", Sentence.STAGE_ENLARGED, "never enlarges", id="enlarges an order"),
    pytest.param("breach-trusts", "fails-closed", Sentence.STAGE_MISSING, "equity missing", id="trusts the unknown"),
    pytest.param("breach-counts", "no-state-in-check", Sentence.STAGE_KEEPS, "changes no state", id="counts in check"),
    pytest.param("breach-forgets", "restart", Sentence.STAGE_LOOSENED, "lost 4 %", id="forgets with a restart"),
    pytest.param("breach-forgets", "restart", Sentence.STAGE_LOAD_LOOSENED, "older", id="loads what is looser"),
    pytest.param("breach-wrong-way", "tighter", Sentence.PARAM_LOOSER, "most", id="a tighter way that is looser"),
]


@pytest.fixture
def breach(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Subject]]:
    """Install one of the breaches for this test and return it as the kit sees it."""
    modules: list[str] = []

    def installed_as(name: str) -> Subject:
        module = name.replace("-", "_")
        source = (BREACHES / f"{module}.py").read_text(encoding="utf-8")
        group = "strategies" if "kats_register_strategies" in source else "risk_stages"
        metadata = tmp_path / f"{module}-0.1.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.1\nRequires-Dist: kats-core>=0.1,<0.2\n", encoding="utf-8"
        )
        (metadata / "entry_points.txt").write_text(f"[kats_core.{group}]\n{name} = {module}\n", encoding="utf-8")
        monkeypatch.syspath_prepend(str(BREACHES))
        monkeypatch.syspath_prepend(str(tmp_path))
        importlib.invalidate_caches()
        modules.append(module)
        (subject,) = find(name)
        return subject

    yield installed_as
    for module in modules:
        sys.modules.pop(module, None)


def found(subject: Subject, check: str) -> tuple[Remark, ...]:
    return run(BY_NAME[check], subject).failures


@pytest.mark.parametrize(("name", "check", "sentence", "cause"), CAUGHT)
def test_a_breach_is_caught_with_its_cause(
    breach: Callable[[str], Subject], name: str, check: str, sentence: Sentence, cause: str
) -> None:
    """The right check fails, with the right sentence, and says where."""
    failures = [remark for remark in found(breach(name), check) if remark.sentence is sentence]
    assert failures, f"{check} found nothing of the kind"
    assert any(cause in remark.text("en") for remark in failures), [remark.text("en") for remark in failures]
    assert all(remark.text("ko") != remark.text("en") for remark in failures)


@pytest.mark.parametrize(
    ("name", "failing"),
    [
        ("breach-mute", {"texts"}),
        ("breach-wrong-way", {"tighter"}),
        ("breach-enlarges", {"answers"}),
        ("breach-keeps-panel", {"look-ahead-live"}),
    ],
)
def test_a_breach_fails_nothing_else(breach: Callable[[str], Subject], name: str, failing: set[str]) -> None:
    """Whoever mends what is named is done."""
    results = list(examine(breach(name)))
    assert {result.check.name for result in results if result.outcome is CheckOutcome.FAILED} == failing


def test_every_sentence_can_be_said() -> None:
    """Each has both languages; names in braces are filled from the same values."""
    assert all(sentence.ko.strip() and sentence.en.strip() for sentence in Sentence)
    assert len({check.name for check in CHECKS}) == len(CHECKS)
