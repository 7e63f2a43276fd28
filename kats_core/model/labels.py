"""Give enums, reason codes and sentences a Korean and an English text.

Three mechanisms, one idea: `Labelled` for the fixed vocabularies of the model, `Code` for the reasons that each
owner (core, a stage, a strategy) defines for itself, `Bilingual` for notes and the messages of errors. Codes are stored as
`owner:CODE`.
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


class Bilingual(str):
    """A sentence in English, as logs and programs take it, that people can also read in Korean.

    It goes wherever a plain string does, and into an error as its message. Values are put into both texts, each in the language
    of the text where it has two; an f-string or `str()` leaves the English one.

    ```python
    raise SourceError(Bilingual("{file}: 봉이 없습니다", "{file}: no bars", file=path))
    ```
    """

    ko: str

    def __new__(cls, ko: str, en: str, **values: object) -> Bilingual:
        sentence = super().__new__(cls, _filled(en, "en", values))
        sentence.ko = _filled(ko, "ko", values)
        return sentence

    def __reduce__(self) -> tuple[type[Bilingual], tuple[str, str]]:
        # Without values a text is taken as it is, so that a copy is not filled in again.
        return Bilingual, (self.ko, str(self))

    def label(self, language: Language) -> str:
        """Return the sentence in one language, as a plain string."""
        return self.ko if language == "ko" else str(self)


def _filled(text: str, language: Language, values: Mapping[str, object]) -> str:
    return text.format(**{name: worded(value, language) for name, value in values.items()}) if values else text


def worded(value: object, language: Language) -> object:
    """Return the text of what has one in each language; everything else, a plain string too, stays what it is."""
    return value.label(language) if isinstance(value, Bilingual | Labelled | Code) else value


def same(text: str, **values: object) -> Bilingual:
    """Return a text that is the same in both languages but for its values."""
    return Bilingual(text, text, **values)


def joined(parts: Iterable[object], separator: str = ", ") -> Bilingual:
    """Return parts one behind the other, in each language."""
    several = list(parts)
    ko, en = (separator.join(str(worded(part, language)) for part in several) for language in _LANGUAGES)
    return Bilingual(ko, en)


def message(error: BaseException) -> str:
    """Return what an error says; where that has two languages they are kept, as `str(error)` does not."""
    said = error.args[0] if error.args else None
    return said if isinstance(said, Bilingual) else str(error)


def plain(value: object) -> str:
    """Return a sentence as encoders take it, which know exact strings only; for their hook for unknown types."""
    if not isinstance(value, str):
        raise TypeError(f"{type(value).__name__} cannot be written")
    return str(value)


_LANGUAGES: tuple[Language, Language] = ("ko", "en")

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
