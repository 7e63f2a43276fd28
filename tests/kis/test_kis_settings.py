"""The environment's KIS_ keys: complete and well-formed where they are needed, told apart by environment, never shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from kats_core.config import ConfigError, read_settings
from kats_core.kis.settings import Keys, keys_of, pool_of
from kats_core.kis.wire.orders import Account

KEY, SECRET = "P" + "k" * 35, "S" + "s" * 179
KEY_2, SECRET_2 = "P" + "q" * 35, "S" + "u" * 179
COMPLETE = {"KIS_APP_KEY": KEY, "KIS_APP_SECRET": SECRET, "KIS_ACCOUNT_NO": "12345678"}


def keys(tmp_path: Path, **changes: str) -> Keys:
    read = read_settings({**COMPLETE, **changes}, tmp_path)
    return keys_of(read.settings, places=read.places, account=True)


def told(tmp_path: Path, **changes: str) -> str:
    with pytest.raises(ConfigError) as refused:
        keys(tmp_path, **changes)
    return str(refused.value)


def test_each_environment_has_its_own_hosts_and_pace(tmp_path: Path) -> None:
    """The real broker on port 9443 with 15 calls a second, the mock server on 29443 with one."""
    real, mock = keys(tmp_path), keys(tmp_path, KIS_ENV="VPS")
    assert (real.rest_url, real.stream_url) == (
        "https://openapi.koreainvestment.com:9443",
        "ws://ops.koreainvestment.com:21000",
    )
    assert (mock.rest_url, mock.stream_url) == (
        "https://openapivts.koreainvestment.com:29443",
        "ws://ops.koreainvestment.com:31000",
    )
    assert (real.calls_per_second, mock.calls_per_second) == (15, 1)
    assert (real.is_mock, mock.is_mock, real.calls_the_broker, mock.calls_the_broker) == (False, True, True, True)
    assert real.account == Account(number="12345678", product="01")


def test_a_simulator_takes_the_place_of_the_hosts(tmp_path: Path) -> None:
    """Only the hosts change."""
    simulated = keys(tmp_path, KIS_REST_URL="http://127.0.0.1:8080/", KIS_WS_URL="ws://127.0.0.1:8081")
    assert (simulated.rest_url, simulated.stream_url) == ("http://127.0.0.1:8080", "ws://127.0.0.1:8081")
    assert not simulated.calls_the_broker


def test_all_that_is_missing_is_told_at_once(tmp_path: Path) -> None:
    """Each line names the key and what to put there."""
    lines = told(tmp_path, KIS_APP_KEY="", KIS_APP_SECRET="", KIS_ACCOUNT_NO="", KIS_ENV="vps").splitlines()
    assert [line.split(": ")[1] for line in lines] == ["KIS_APP_KEY", "KIS_APP_SECRET", "KIS_ACCOUNT_NO"]
    assert "36 characters" in lines[0]
    assert "mock server" in lines[0]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"KIS_APP_KEY": KEY[:-1]}, "KIS_APP_KEY: expected 36 characters, found 35"),
        ({"KIS_APP_SECRET": SECRET + "x"}, "KIS_APP_SECRET: expected 180 characters, found 181"),
        ({"KIS_APP_KEY": "키" * 36}, "KIS_APP_KEY: expected 36 letters"),
        ({"KIS_ACCOUNT_NO": "12345678-01"}, "the 2 behind the hyphen go into KIS_ACCOUNT_PROD_CODE"),
        ({"KIS_ACCOUNT_NO": "1234567"}, "expected 8 digits, found 7"),
        ({"KIS_ACCOUNT_NO": "１２３４５６７８"}, "expected 8 digits"),
        ({"KIS_ACCOUNT_PROD_CODE": "1"}, "KIS_ACCOUNT_PROD_CODE: expected 2 digits"),
        ({"KIS_REST_URL": "openapi.koreainvestment.com"}, "KIS_REST_URL: expected an address like https://host:port"),
        ({"KIS_REST_URL": "https://host:port"}, "KIS_REST_URL: expected an address like"),
        ({"KIS_REST_URL": "http://example.com"}, "the keys travel along"),
        ({"KIS_WS_URL": "https://127.0.0.1"}, "KIS_WS_URL: expected an address like ws://host:port"),
        ({"KIS_REST_URL": "https://openapivts.koreainvestment.com:29443"}, "is the host of KIS_ENV=vps"),
        ({"KIS_WS_URL": "ws://ops.koreainvestment.com:31000"}, "is the host of KIS_ENV=vps"),
    ],
)
def test_what_cannot_be_right_is_refused(tmp_path: Path, changes: dict[str, str], words: str) -> None:
    """A wrong length, an account written whole, a host of the other environment, keys in the open."""
    assert words in told(tmp_path, **changes)


def test_the_file_and_the_line_are_named(tmp_path: Path) -> None:
    """Whoever wrote it in `.env` finds it."""
    (tmp_path / ".env").write_text(f"# ours\nKIS_APP_KEY={KEY}\nKIS_APP_SECRET=short\n", encoding="utf-8")
    read = read_settings({}, tmp_path)
    with pytest.raises(ConfigError, match=r"^\.env:3: KIS_APP_SECRET: expected 180 characters, found 5"):
        keys_of(read.settings, places=read.places)


def test_without_keys_everything_else_works(tmp_path: Path) -> None:
    """Keys of a wrong length trouble nobody who does not call the broker; an account nobody who only reads quotes."""
    assert read_settings({"KIS_APP_KEY": "short"}, tmp_path).settings.kis_env == "prod"
    read = read_settings({"KIS_APP_KEY": KEY, "KIS_APP_SECRET": SECRET}, tmp_path)
    assert keys_of(read.settings).account is None
    with pytest.raises(ConfigError, match="KIS_HTS_ID"):
        keys_of(read.settings, hts_id=True)


def test_the_pace_stays_below_the_brokers_ceiling(tmp_path: Path) -> None:
    """Eighteen a second, as the broker allows."""
    assert keys(tmp_path, KIS_CALLS_PER_SECOND="3").calls_per_second == 3
    with pytest.raises(ConfigError, match="KIS_CALLS_PER_SECOND"):
        read_settings({"KIS_CALLS_PER_SECOND": "19"}, tmp_path)


def test_no_secret_is_ever_shown(tmp_path: Path) -> None:
    """Neither by printing the keys, nor by a complaint, nor by a text of the broker's that holds one."""
    found = keys(tmp_path, KIS_HTS_ID="trader77")
    for text in (
        repr(found),
        str(found),
        f"{found.account}",
        found.redact(f"{KEY} {SECRET} 12345678 token7", "token7"),
    ):
        for secret in (KEY, SECRET, "12345678", "trader77", "token7"):
            assert secret not in text
    assert KEY[:20] not in told(tmp_path, KIS_APP_KEY=KEY + "x")
    settings = read_settings(COMPLETE, tmp_path).settings
    assert "12345678" not in f"{settings!r} {settings} {settings.model_dump()} {settings.model_dump_json()}"


def test_further_app_keys_make_a_pool(tmp_path: Path) -> None:
    """The main one first, which alone has the account and its notices; numbers may be left out; an empty one is none."""
    more = {"KIS_APP_KEY_3": KEY_2, "KIS_APP_SECRET_3": SECRET_2, "KIS_APP_KEY_2": "", "KIS_HTS_ID": "trader77"}
    read = read_settings(COMPLETE | more, tmp_path)
    main, other = pool_of(read.settings, places=read.places, account=True)
    assert (main.name, other.name) == ("KIS_APP_KEY", "KIS_APP_KEY_3")
    assert main.account == Account(number="12345678", product="01")
    assert (other.account, other.hts_id) == (None, "")
    assert other.app_key.get_secret_value() == KEY_2
    assert (other.rest_url, other.calls_per_second) == (main.rest_url, main.calls_per_second)
    for secret in (KEY, SECRET, KEY_2, SECRET_2):
        assert secret not in repr((main, other, read))
    assert other.redact(f"{KEY_2} {SECRET_2}") == "*** ***"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"KIS_APP_KEY_2": KEY_2},
            "KIS_APP_KEY_2: is given without the 180 characters that belong to it (did you mean KIS_APP_SECRET_2?)",
        ),
        (
            {"KIS_APP_SECRET_4": SECRET_2},
            "KIS_APP_SECRET_4: is given without the 36 characters that belong to it (did you mean KIS_APP_KEY_4?)",
        ),
        (
            {"KIS_APP_KEY_2": KEY_2[:-1], "KIS_APP_SECRET_2": SECRET_2},
            "KIS_APP_KEY_2: expected 36 characters, found 35",
        ),
        ({"KIS_APP_KEY_2": KEY, "KIS_APP_SECRET_2": SECRET_2}, "KIS_APP_KEY_2: is that of KIS_APP_KEY again"),
        (
            {"KIS_APP_KEY_2": KEY_2, "KIS_SECRET_2": SECRET_2},
            "KIS_SECRET_2: unknown key (did you mean KIS_APP_SECRET_2?)",
        ),
        ({"KIS_APP_KEY2": KEY_2}, "KIS_APP_KEY2: unknown key (did you mean KIS_APP_KEY_2?)"),
        ({"KIS_APP_KEY_6": KEY_2}, "KIS_APP_KEY_6: unknown key (did you mean KIS_APP_KEY_"),
    ],
)
def test_half_a_further_pair_is_refused(tmp_path: Path, changes: dict[str, str], words: str) -> None:
    """The half that is there, and what the other is called; never what is in it."""
    text = told(tmp_path, **changes)
    assert words in text
    for secret in (KEY_2, SECRET_2):
        assert secret not in text


def test_half_a_pair_is_found_in_its_file(tmp_path: Path) -> None:
    """By the line of the half that is there."""
    (tmp_path / ".env").write_text(f"KIS_APP_KEY_2={KEY_2}\n", encoding="utf-8")
    read = read_settings(COMPLETE, tmp_path)
    with pytest.raises(ConfigError, match=r"^\.env:1: KIS_APP_KEY_2: is given without"):
        keys_of(read.settings, places=read.places)
