"""Check what people read of a plugin: docstrings, its summary, and the texts of its codes in both languages."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from typing import Any

from kats_core.model.labels import Code
from kats_core.plugins import PluginKind
from kats_core.testing.kit.findings import Report
from kats_core.testing.kit.subject import Subject
from kats_core.testing.kit.wording import Sentence

_HANGUL = re.compile(r"[가-힣]")


def texts(subject: Subject, report: Report) -> None:
    """Look at everything that explains the plugin or its decisions."""
    documented = list(_documented(subject))
    for what, text in documented:
        if not text.strip():
            report.fail(Sentence.NO_DOCSTRING, what=what)
    summary = subject.descriptor.summary
    if not (isinstance(summary, tuple) and len(summary) == 2 and _is_bilingual(*summary)):
        report.fail(Sentence.SUMMARY_LANGUAGE, found=summary)
    codes = [code for enum in getattr(subject.descriptor, "codes", ()) for code in enum]
    for code in codes:
        _of_code(code, subject.name, report)
    _twins(codes, report)
    report.saw(Sentence.TEXTS_SEEN, codes=len(codes), docstrings=len(documented))


def _documented(subject: Subject) -> Iterator[tuple[str, str]]:
    """Yield what has to have a docstring of its own, with the docstring."""
    descriptor = subject.descriptor
    yield subject.module, getattr(sys.modules.get(subject.module), "__doc__", None) or ""
    yield descriptor.params.__name__, _own_docstring(descriptor.params)
    for enum in getattr(descriptor, "codes", ()):
        yield enum.__name__, _own_docstring(enum)
    yield "build", descriptor.build.__doc__ or ""
    if subject.kind in (PluginKind.STRATEGY, PluginKind.RISK_STAGE):
        built = type(subject.build())
        yield built.__name__, _own_docstring(built)


def _own_docstring(cls: type) -> str:
    """Return a class's docstring; what a base class or a decorator wrote is not its own."""
    text = cls.__dict__.get("__doc__") or ""
    return "" if text.startswith(f"{cls.__name__}(") else text


def _of_code(code: Code, name: str, report: Report) -> None:
    ko, en = (getattr(code, language, None) for language in ("ko", "en"))
    if not (isinstance(ko, str) and isinstance(en, str) and _is_bilingual(ko, en)):
        report.fail(Sentence.CODE_LANGUAGE, code=code, ko=ko, en=en)
    if type(code).__owner__ != name:
        report.fail(Sentence.CODE_OWNER, code=code, owner=type(code).__owner__, name=name)


def _twins(codes: list[Code], report: Report) -> None:
    seen: dict[Any, Code] = {}
    for code in codes:
        for text in (("ko", code.ko), ("en", code.en)):
            first = seen.setdefault(text, code)
            if first is not code:
                report.fail(Sentence.CODE_TWICE, first=first, second=code, text=text[1])


def _is_bilingual(ko: object, en: object) -> bool:
    return (
        isinstance(ko, str)
        and isinstance(en, str)
        and _HANGUL.search(ko) is not None
        and bool(en.strip())
        and _HANGUL.search(en) is None
    )
