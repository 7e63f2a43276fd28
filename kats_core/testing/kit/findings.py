"""Hold what a check found: its outcome, and remarks in both languages that say what was found and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kats_core.model.labels import Labelled, Language
from kats_core.testing.kit.wording import Sentence


class CheckOutcome(Labelled):
    """How a check ended."""

    PASSED = "passed", "통과", "passed"
    FAILED = "failed", "실패", "failed"
    SKIPPED = "skipped", "건너뜀", "skipped"


@dataclass(frozen=True, slots=True)
class Remark:
    """A sentence with its values; names, numbers and codes, which are the same in every language."""

    sentence: Sentence
    values: Mapping[str, object] = field(default_factory=dict)

    def text(self, language: Language) -> str:
        """Return the whole sentence."""
        template = self.sentence.ko if language == "ko" else self.sentence.en
        return template.format(**{name: _said(value, language) for name, value in self.values.items()})

    def __str__(self) -> str:
        return self.text("en")

    def as_json(self) -> dict[str, Any]:
        """Return plain values."""
        values = {
            name: value if isinstance(value, (int, float, str)) else str(value) for name, value in self.values.items()
        }
        return {"what": self.sentence.name, "ko": self.text("ko"), "en": self.text("en"), "values": values}


def _said(value: object, language: Language) -> object:
    """Return a value as it stands in a sentence: words in the language, several things behind each other."""
    if isinstance(value, tuple):
        return ", ".join(str(_said(one, language)) for one in value)
    return value.label(language) if isinstance(value, Labelled) else value


@dataclass(slots=True)
class Report:
    """What one check has to say while it looks: failures, hints that fail nothing, and what it looked at."""

    failures: list[Remark] = field(default_factory=list)
    hints: list[Remark] = field(default_factory=list)
    seen: list[Remark] = field(default_factory=list)
    skipped: Remark | None = None

    def fail(self, sentence: Sentence, **values: object) -> None:
        """Note a breach of the contract."""
        self._add(self.failures, sentence, values)

    def hint(self, sentence: Sentence, **values: object) -> None:
        """Note what would be better, or what the check could not reach."""
        self._add(self.hints, sentence, values)

    def saw(self, sentence: Sentence, **values: object) -> None:
        """Note what was looked at, so that a pass can be weighed."""
        self._add(self.seen, sentence, values)

    def skip(self, sentence: Sentence, **values: object) -> None:
        """Note why there is nothing to look at."""
        self.skipped = Remark(sentence, values)

    @property
    def outcome(self) -> CheckOutcome:
        """How the check ended so far."""
        if self.failures:
            return CheckOutcome.FAILED
        return CheckOutcome.PASSED if self.skipped is None else CheckOutcome.SKIPPED

    @staticmethod
    def _add(to: list[Remark], sentence: Sentence, values: Mapping[str, object]) -> None:
        remark = Remark(sentence, values)
        if remark not in to:
            to.append(remark)
