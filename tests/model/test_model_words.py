"""Every word and every reason has its Korean and its English text; times convert without loss."""

from __future__ import annotations

import datetime as dt
import importlib
import pkgutil
import re
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

import kats_core
from kats_core.model import ids, time
from kats_core.model.codes import CoreCode
from kats_core.model.labels import Code, Labelled, code_texts
from kats_core.model.masking import masked

PURE = ("model", "market", "strategy", "risk", "exits", "orders", "engine")
for module in pkgutil.walk_packages(kats_core.__path__, "kats_core."):
    if module.name.split(".")[1] in PURE:
        importlib.import_module(module.name)

VOCABULARIES = sorted(
    (kind for kind in Labelled.__subclasses__() if kind.__module__.startswith("kats_core.")),
    key=lambda kind: f"{kind.__module__}.{kind.__name__}",
)
HANGUL = re.compile("[가-힣]")


@pytest.mark.parametrize("vocabulary", VOCABULARIES, ids=lambda kind: kind.__name__)
def test_every_word_has_a_text_of_its_own_in_both_languages(vocabulary: type[Labelled]) -> None:
    """Not empty, and no two words of one vocabulary share a text."""
    for texts in ([word.ko for word in vocabulary], [word.en for word in vocabulary]):
        assert all(text.strip() == text and text for text in texts)
        assert len(set(texts)) == len(texts)
    assert [word.label("ko") for word in vocabulary] == [word.ko for word in vocabulary]
    assert [word.label("en") for word in vocabulary] == [word.en for word in vocabulary]


@pytest.mark.parametrize("vocabulary", VOCABULARIES, ids=lambda kind: kind.__name__)
def test_a_word_is_its_value(vocabulary: type[Labelled]) -> None:
    """A word equals its text, is found by it, and stands for it in sets and dictionaries."""
    for word in vocabulary:
        assert word == word.value
        assert vocabulary.__members__[word.name] is word
        assert hash(word) == hash(str(word.value))


def test_every_reason_of_the_core_has_a_text_of_its_own_in_both_languages() -> None:
    """Korean in Hangul, English without; both unique."""
    codes = list(CoreCode)
    assert len({code.ko for code in codes}) == len({code.en for code in codes}) == len(codes)
    for code in codes:
        assert HANGUL.search(code.ko)
        assert code.en
        assert not HANGUL.search(code.en)
        assert code.label("ko") == code.ko
        assert code.label("en") == code.en


def test_the_catalogue_of_codes_is_stored_under_their_owners() -> None:
    """`owner:CODE` to its texts, ordered, also for owners that use the same word."""

    class Mine(Code, owner="mine"):
        CHASE = "추격", "my chase"

    texts = code_texts([CoreCode, Mine])
    assert list(texts) == sorted(texts)
    assert texts["mine:CHASE"] == ("추격", "my chase")
    assert texts["core:CHASE"] == (CoreCode.CHASE.ko, CoreCode.CHASE.en)


MOMENTS = st.datetimes(dt.datetime(1990, 1, 1), dt.datetime(2100, 1, 1))  # noqa: DTZ001  # the zone is added below


@given(MOMENTS)
def test_an_instant_comes_back_from_the_korean_clock(moment: dt.datetime) -> None:
    """Nanoseconds to KST and back, to the microsecond."""
    aware = moment.replace(tzinfo=time.KST)
    instant = time.from_datetime(aware)
    assert time.to_datetime(instant) == aware
    assert time.from_datetime(aware.astimezone(dt.UTC)) == instant
    assert time.at(time.session_date(instant), time.clock(instant)) == instant


def test_korea_is_nine_hours_ahead_all_year() -> None:
    """09:00 in Seoul is midnight UTC, in summer as in winter."""
    for session in (dt.date(2026, 1, 5), dt.date(2026, 7, 6)):
        utc = dt.datetime.combine(session, dt.time(0), tzinfo=dt.UTC)
        assert time.at(session, dt.time(9)) == int(utc.timestamp()) * time.SECOND


def test_the_session_changes_at_korean_midnight() -> None:
    """23:59:59.999999999 belongs to the day before."""
    midnight = time.midnight(dt.date(2026, 3, 5))
    assert time.session_date(midnight) == dt.date(2026, 3, 5)
    assert time.session_date(midnight - 1) == dt.date(2026, 3, 4)
    assert time.clock(midnight) == dt.time(0)
    assert time.clock(midnight - 1) == dt.time(23, 59, 59, 999_999)


def test_before_1970_the_clock_is_right_as_well() -> None:
    """Floor, not truncation."""
    assert time.to_datetime(-1).replace(microsecond=0) == dt.datetime(1970, 1, 1, 8, 59, 59, tzinfo=time.KST)


def test_a_naive_moment_is_a_programming_error() -> None:
    """Every time in KATS is aware."""
    with pytest.raises(ValueError, match="naive"):
        time.from_datetime(dt.datetime(2026, 3, 4, 9))  # noqa: DTZ001


def test_ids_follow_from_what_they_name() -> None:
    """uuid5: the same identity gives the same id, any other part another one."""
    run = ids.run_id("backtest", "config", "data", dt.date(2026, 1, 2), dt.date(2026, 3, 4), 0)
    assert run == ids.run_id("backtest", "config", "data", dt.date(2026, 1, 2), dt.date(2026, 3, 4), 0)
    assert run != ids.run_id("backtest", "config", "data", dt.date(2026, 1, 2), dt.date(2026, 3, 4), 1)
    key = uuid.UUID(run)
    one = ids.signal_id(key, dt.date(2026, 3, 4), "vb", "005930", 0, 1)
    others = {
        ids.signal_id(key, dt.date(2026, 3, 5), "vb", "005930", 0, 1),
        ids.signal_id(key, dt.date(2026, 3, 4), "vb2", "005930", 0, 1),
        ids.signal_id(key, dt.date(2026, 3, 4), "vb", "000660", 0, 1),
        ids.signal_id(key, dt.date(2026, 3, 4), "vb", "005930", 1, 1),
        ids.signal_id(key, dt.date(2026, 3, 4), "vb", "005930", 0, 2),
        ids.order_id(key, 1),
        ids.order_id(key, 2),
    }
    assert len(others | {one}) == 8


@given(st.text(alphabet="0123456789-", max_size=14))
def test_a_masked_number_shows_its_end_and_no_more_than_half(number: str) -> None:
    """Four signs at the most, so that the owner of two accounts knows which."""
    shown = masked(number)
    assert len(shown) == len(number)
    assert 2 * shown.count("*") >= len(number)
    assert len(number) - shown.count("*") <= 4
    assert number.endswith(shown.lstrip("*"))
    assert masked("81382087") == "****2087"
