"""A sentence in two languages is a plain English string to programs, and what people read is in their language."""

from __future__ import annotations

import copy
import pickle

import msgspec
import pytest

from kats_core.market.source import SourceError
from kats_core.model.kinds import Scope
from kats_core.model.labels import Bilingual, joined, message, plain, same, worded

NO_BARS = Bilingual("{file}: {day} 봉이 없습니다", "{file}: no bars of {day}", file="a{0}.csv", day=same("{n}", n=3))


def test_it_is_its_english_text() -> None:
    """For logs, comparisons, keys and third parties, who know strings only."""
    assert NO_BARS == "a{0}.csv: no bars of 3"
    assert f"{NO_BARS}!" == "a{0}.csv: no bars of 3!"
    assert list(dict.fromkeys([NO_BARS, "a{0}.csv: no bars of 3"])) == [NO_BARS]


def test_people_read_either_text() -> None:
    """With each value in the language of the text, where it has two."""
    told = Bilingual(
        "{count:,}건 {scope} 제외: {why}", "left out {count:,} {scope}: {why}", count=1200, scope=Scope.RAW, why=NO_BARS
    )
    assert told.label("ko") == "1,200건 원주가 제외: a{0}.csv: 3 봉이 없습니다"
    assert told.label("en") == "left out 1,200 as traded: a{0}.csv: no bars of 3"
    assert worded("plain", "ko") == "plain"
    assert joined([Scope.RAW, "x"], " · ").label("ko") == "원주가 · x"


def test_an_error_keeps_both_texts() -> None:
    """`str` of it is English, for logs; its message has both; a plain one stays as it is."""
    error = SourceError(NO_BARS)
    assert (type(str(error)), str(error)) == (str, str(NO_BARS))
    assert worded(message(error), "ko") == "a{0}.csv: 3 봉이 없습니다"
    assert message(SourceError("no bars")) == "no bars"
    assert message(FileNotFoundError(2, "gone")) == "[Errno 2] gone"


@pytest.mark.parametrize("again", [copy.deepcopy, copy.copy, lambda it: pickle.loads(pickle.dumps(it))])  # noqa: S301
def test_a_copy_has_both_texts(again: object) -> None:
    """Braces that came in with a value are not filled in a second time."""
    assert callable(again)
    found = again(NO_BARS)
    assert (found, found.label("ko")) == (NO_BARS, NO_BARS.label("ko"))


def test_what_is_written_is_english() -> None:
    """An encoder that is told of `plain` takes it for a string, and refuses what it always refused."""
    encoder = msgspec.json.Encoder(enc_hook=plain)
    assert msgspec.json.decode(encoder.encode({"notes": (NO_BARS,)})) == {"notes": [str(NO_BARS)]}
    with pytest.raises(TypeError, match="object cannot be written"):
        encoder.encode(object())
