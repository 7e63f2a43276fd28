"""Give enums and reason codes a Korean and an English text.

Two mechanisms, one idea: `Labelled` for the fixed vocabularies of the model, `Code` for the reasons that each
owner (core, a stage, a strategy) defines for itself. Codes are stored as `owner:CODE`.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from typing import ClassVar, Literal, TypeAlias, TypeVar

Language: TypeAlias = Literal["ko", "en"]


class Labelled(enum.StrEnum):
    """A string enum whose members are declared as `NAME = "VALUE", "한국어", "English"`."""

    ko: str
    en: str

    def __new__(cls, value: str, ko: str, en: str) -> Labelled:
        member = str.__new__(cls, value)
        member._value_ = value
        member.ko = ko
        member.en = en
        return member

    # An enum hashes its name, a string its value. Members must be found in sets by either, as they are equal to both.
    __hash__ = str.__hash__

    def label(self, language: Language) -> str:
        """Return the member's text in one language."""
        return self.ko if language == "ko" else self.en


class Code(enum.Enum):
    """A reason, declared in its owner's enum as `NAME = "한국어", "English"`.

    ```python
    class SizerCode(Code, owner="position-sizer"):
        TOO_SMALL = "최소 주문 금액 미달", "order smaller than the minimum"

    str(SizerCode.TOO_SMALL)   # 'position-sizer:TOO_SMALL'
    ```
    """

    __owner__: ClassVar[str]

    def __init_subclass__(cls, *, owner: str, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        cls.__owner__ = owner

    def __init__(self, ko: str, en: str) -> None:
        self.ko = ko
        self.en = en
        self._text = ""

    def __str__(self) -> str:
        if not self._text:
            self._text = f"{type(self).__owner__}:{self.name}"
        return self._text

    def label(self, language: Language) -> str:
        """Return the reason in one language."""
        return self.ko if language == "ko" else self.en


class CodeBook:
    """Every code that a run can give, by its text."""

    def __init__(self, enums: Iterable[type[Code]]) -> None:
        self._codes = {str(code): code for enum_ in enums for code in enum_}

    def get(self, text: str | None) -> Code | None:
        """Return the code of a text, None where nobody owns it."""
        return None if text is None else self._codes.get(text)

    def __getitem__(self, text: str) -> Code:
        """Return the code of a text; raises ValueError where nobody owns it."""
        code = self._codes.get(text)
        if code is None:
            raise ValueError(f"nothing that is configured has the code {text}")
        return code


C = TypeVar("C", bound=Code)


def member(enum_: type[C], text: str) -> C:
    """Return the code of an owner by its text; raises ValueError where it has none."""
    for code in enum_:
        if str(code) == text:
            return code
    raise ValueError(f"{text} is no {enum_.__name__}")


CodeTexts: TypeAlias = Mapping[str, tuple[str, str]]
"""`owner:CODE` to its (Korean, English) text; stored with a run, so that explaining it imports no plugin."""


def code_texts(enums: Iterable[type[Code]]) -> dict[str, tuple[str, str]]:
    """Return the catalogue of several owners' codes, ordered by name."""
    return {str(code): (code.ko, code.en) for code in sorted((c for e in enums for c in e), key=str)}
