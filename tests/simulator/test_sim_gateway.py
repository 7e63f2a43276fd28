"""The simulator's gateway: tokens, keys and the pace of calls, with time given in."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kats_core.simulator.gateway import DAY, Answer, Gateway, Pace, hash_of
from kats_core.simulator.keys import ClientKeys, Env, client_keys

PROD, VPS = client_keys(Env.PROD, 1), client_keys(Env.VPS, 1)
START = 1_000_000.0


def a_gateway(**pace: Any) -> Gateway:
    return Gateway((PROD, VPS), Pace(**pace))


def asked(keys: ClientKeys = PROD, **changes: str) -> dict[str, str]:
    return {"grant_type": "client_credentials", "appkey": keys.app_key, "appsecret": keys.app_secret} | changes


def headers(token: str, keys: ClientKeys = PROD, **changes: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}", "appkey": keys.app_key, "appsecret": keys.app_secret} | changes


def token_of(gateway: Gateway, now: float = START, keys: ClientKeys = PROD) -> str:
    return str(gateway.issue_token(now, asked(keys)).body["access_token"])


def code(answer: ClientKeys | Answer) -> str:
    assert isinstance(answer, Answer)
    return str(answer.body.get("msg_cd") or answer.body.get("error_code"))


def test_keys_have_the_lengths_that_strict_clients_insist_on() -> None:
    """36 and 180 characters, an account of eight digits, and the same again from the same seed."""
    for keys in (PROD, VPS):
        assert (len(keys.app_key), len(keys.app_secret), len(keys.account), keys.product) == (36, 180, 8, "01")
        assert keys == client_keys(keys.env, 1)
        assert keys.app_secret not in repr(keys)
    assert PROD.app_key != VPS.app_key


def test_a_second_token_within_a_minute_is_refused_and_within_six_hours_the_same() -> None:
    """403 in the first minute; then the token of before with its old expiry; a new one after six hours."""
    gateway = a_gateway()
    first = gateway.issue_token(START, asked())
    refused = gateway.issue_token(START + 59, asked())
    assert (refused.status, code(refused)) == (403, "EGW00133")
    again = gateway.issue_token(START + 61, asked())
    assert again.body == first.body
    later = gateway.issue_token(START + 6 * 3600 + 1, asked())
    assert later.body["access_token"] != first.body["access_token"]
    assert isinstance(
        gateway.admit(START + 6 * 3600 + 2, headers(str(first.body["access_token"])), is_ledger=False), ClientKeys
    )


def test_the_minute_is_each_app_keys_own() -> None:
    """A client with a real and a mock key gets both tokens at once."""
    gateway = a_gateway()
    assert token_of(gateway) != token_of(gateway, keys=VPS)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (asked(appkey="x"), "EGW00103"),
        (asked(appsecret="x"), "EGW00105"),
        (asked(grant_type=""), "EGW00115"),
        (asked(grant_type="password"), "EGW00116"),
    ],
)
def test_bad_credentials_answer_with_403_and_an_error_code(body: dict[str, str], expected: str) -> None:
    """The token endpoint has its own shape of errors, without rt_cd."""
    answer = a_gateway().issue_token(START, body)
    assert (answer.status, answer.body["error_code"], "rt_cd" in answer.body) == (403, expected, False)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"authorization": "abc"}, "EGW00205"),
        ({"authorization": "Bearer abc"}, "EGW00121"),
        ({"appkey": ""}, "EGW00102"),
        ({"appkey": VPS.app_key}, "EGW00121"),
        ({"appsecret": "abc"}, "EGW00304"),
    ],
)
def test_a_call_that_is_not_allowed_says_why(change: dict[str, str], expected: str) -> None:
    """A token of one environment is none in the other."""
    gateway = a_gateway()
    answer = gateway.admit(START, headers(token_of(gateway)) | change, is_ledger=False)
    assert code(answer) == expected


def test_tokens_expire_and_can_be_taken_back() -> None:
    """Expired is 123, revoked 121; after a revocation the next one is new."""
    gateway = a_gateway()
    token = token_of(gateway)
    assert code(gateway.admit(START + DAY, headers(token), is_ledger=False)) == "EGW00123"
    assert gateway.revoke(asked(token=token)).body["code"] == 200
    assert code(gateway.admit(START, headers(token), is_ledger=False)) == "EGW00121"
    assert token_of(gateway, START + 61) != token


@given(st.lists(st.integers(0, 400), max_size=80))
def test_no_second_ever_has_more_calls_than_the_pace_allows(steps: list[int]) -> None:
    """A sliding second: whatever the course, of those let through no more than 5 lie within one."""
    gateway = a_gateway(prod=5)
    token = token_of(gateway)
    now, admitted = START, []
    for step in steps:
        now += step / 1_000
        if isinstance(gateway.admit(now, headers(token), is_ledger=False), ClientKeys):
            admitted.append(now)
    for begin in admitted:
        assert sum(begin <= one < begin + 1 for one in admitted) <= 5


def test_calls_about_accounts_can_have_a_pace_of_their_own() -> None:
    """EGW00215 is the ledger's refusal, EGW00201 the gateway's."""
    gateway = a_gateway(prod=3, ledger=1)
    token = token_of(gateway)
    answers = [gateway.admit(START, headers(token), is_ledger=is_ledger) for is_ledger in (True, True, False, False)]
    assert [None if isinstance(one, ClientKeys) else code(one) for one in answers] == [
        None,
        "EGW00215",
        None,
        "EGW00201",
    ]


def test_the_stream_key_looks_like_a_uuid_and_names_its_secret_differently() -> None:
    """`secretkey`, not `appsecret`; the key is good for a day."""
    gateway = a_gateway()
    assert code(gateway.approve(START, asked())) == "EGW00105"
    key = str(gateway.approve(START, asked() | {"secretkey": PROD.app_secret}).body["approval_key"])
    assert [len(part) for part in key.split("-")] == [8, 4, 4, 4, 12]
    assert gateway.approved(START + 1, key) is PROD
    assert gateway.approved(START + DAY, key) is None


def test_a_hash_does_not_depend_on_the_order_of_keys() -> None:
    """Clients serialise as they like."""
    assert hash_of({"A": "1", "B": "2"}) == hash_of({"B": "2", "A": "1"}) != hash_of({"A": "1", "B": "3"})
