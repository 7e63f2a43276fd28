"""Tokens are cached, shared, renewed in time and asked for at most once a minute; secrets stay where they are needed."""

from __future__ import annotations

import asyncio
import json
import stat
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from pydantic import SecretStr

from kats_core.kis.auth import Authority
from kats_core.kis.errors import (
    CredentialsError,
    KeepingError,
    KisError,
    NotSentError,
    RefusedError,
    TokenWaitError,
    UnreachableError,
    UnreadableError,
)
from kats_core.kis.transport import Transport
from kats_core.model.time import MINUTE, SECOND

HOUR = 60 * MINUTE
TOKEN, REVOKE, APPROVAL, HASH = "/oauth2/tokenP", "/oauth2/revokeP", "/oauth2/Approval", "/uapi/hashkey"
TOO_SOON = {"error_code": "EGW00133", "error_description": "접근토큰 발급 잠시 후 다시 시도하세요(1분당 1회)"}


def run(broker: Any, scenario: Callable[[Authority], Awaitable[None]], **changes: Any) -> None:
    async def whole() -> None:
        async with broker:
            keys = broker.keys(**changes)
            async with Transport(keys.rest_url, answer_s=broker.patience_s) as transport:
                await scenario(authority(broker, transport, **changes))

    asyncio.run(whole())


def authority(broker: Any, transport: Transport, **changes: Any) -> Authority:
    return Authority(broker.keys(**changes), broker.home, transport, clock=broker.clock, sleep=broker.sleep)


def value(token: SecretStr) -> str:
    return token.get_secret_value()


def test_a_token_is_fetched_once_and_used_until_an_hour_before_its_end(broker: Any) -> None:
    """The owner gets a message for each: 24 hours after 09:00 the next one is fetched at 08:00 Korean time."""

    async def scenario(auth: Authority) -> None:
        assert value(await auth.token()) == "token-1"
        broker.now += 23 * HOUR - SECOND
        assert value(await auth.token()) == "token-1"
        broker.now += SECOND
        assert value(await auth.token()) == "token-2"

    run(broker, scenario)
    first = broker.asked_of(TOKEN)[0]
    assert sorted(first.json) == ["appkey", "appsecret", "grant_type"]
    assert "authorization" not in first.headers


def test_many_callers_at_once_fetch_one_token(broker: Any) -> None:
    """At the start everything wants to call."""

    async def scenario(auth: Authority) -> None:
        assert {value(token) for token in await asyncio.gather(*(auth.token() for _ in range(20)))} == {"token-1"}

    run(broker, scenario)
    assert len(broker.asked_of(TOKEN)) == 1


def test_processes_share_the_token_of_a_home(broker: Any) -> None:
    """Two that begin at the same time fetch one; one that comes later fetches none."""

    async def scenario(auth: Authority) -> None:
        async with Transport(broker.url) as transport:
            others = [authority(broker, transport) for _ in range(3)]
            tokens = await asyncio.gather(auth.token(), *(other.token() for other in others))
            assert {value(token) for token in tokens} == {"token-1"}

    run(broker, scenario)
    assert len(broker.asked_of(TOKEN)) == 1


def test_the_file_is_for_this_user_alone_and_tells_nothing_but_the_token(broker: Any) -> None:
    """Mode 0600 in a folder 0700; neither the name nor the text holds a key."""

    async def scenario(auth: Authority) -> None:
        await auth.token()

    run(broker, scenario)
    folder = broker.home / "kis"
    (kept,) = folder.glob("token-prod-*.json")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    keys = broker.keys()
    for secret in (keys.app_key, keys.app_secret):
        assert value(secret) not in kept.name + kept.read_text(encoding="utf-8")
    assert json.loads(kept.read_text(encoding="utf-8"))["expires"] == "2026-01-06T09:00:00+09:00"


def test_real_and_mock_and_every_key_and_host_have_tokens_of_their_own(broker: Any) -> None:
    """A token of one is worth nothing to the other."""

    async def scenario(auth: Authority) -> None:
        async with Transport(broker.url) as transport:
            await auth.token()
            mock = authority(broker, transport, env="vps")
            other = authority(broker, transport, app_key=SecretStr("Q" * 36))
            assert [value(await one.token()) for one in (mock, other, auth)] == ["token-2", "token-3", "token-1"]

    run(broker, scenario)
    assert len(list((broker.home / "kis").glob("token-*.json"))) == 3


def test_a_token_that_is_not_taken_is_renewed_at_most_once_a_minute(broker: Any) -> None:
    """EGW00121 on a token of this minute: whoever can waits, an order does not."""

    async def scenario(auth: Authority) -> None:
        auth.refuse(await auth.token())
        with pytest.raises(TokenWaitError, match="09:01:00"):
            await auth.token(patience_s=2)
        assert len(broker.asked_of(TOKEN)) == 1
        assert value(await auth.token()) == "token-2"
        assert broker.slept == [60.0]

    run(broker, scenario)


def test_a_token_that_another_process_has_renewed_is_taken_over(broker: Any) -> None:
    """A refusal of the old one asks nobody for a third."""

    async def scenario(auth: Authority) -> None:
        old = await auth.token()
        async with Transport(broker.url) as transport:
            other = authority(broker, transport)
            other.refuse(await other.token())
            broker.now += MINUTE
            assert value(await other.token()) == "token-2"
        auth.refuse(old)
        assert value(await auth.token(patience_s=0)) == "token-2"

    run(broker, scenario)


def test_the_brokers_own_count_of_a_minute_is_waited_for(broker: Any) -> None:
    """EGW00133 although this machine asked for none: another one did."""

    async def scenario(auth: Authority) -> None:
        broker.on(TOKEN, broker.says(TOO_SOON, 403), broker.token_answer("after all"))
        assert value(await auth.token()) == "after all"
        assert broker.slept == [60.0]

    run(broker, scenario)


@pytest.mark.parametrize("trouble", ["says", "cut", "silent", "html"])
def test_while_a_renewal_fails_the_token_serves_to_its_end(broker: Any, trouble: str) -> None:
    """Between 23 and 24 hours, asking again every ten minutes; then it is over."""
    steps = {
        "says": lambda: broker.says(TOO_SOON, 403),
        "cut": lambda: broker.cut,
        "silent": broker.silenced,
        "html": lambda: broker.says("<html>Service Unavailable</html>", 503),
    }
    failing = steps[trouble]()

    async def scenario(auth: Authority) -> None:
        await auth.token()
        broker.now += 23 * HOUR
        broker.on(TOKEN, failing)
        for _ in range(3):
            assert value(await auth.token()) == "token-1"
        assert len(broker.asked_of(TOKEN)) == 2
        broker.now += 10 * MINUTE
        assert value(await auth.token()) == "token-1"
        assert len(broker.asked_of(TOKEN)) == 3
        broker.now += 50 * MINUTE
        with pytest.raises(KisError):
            await auth.token(patience_s=0)

    run(broker, scenario)


def test_an_order_leaves_the_renewal_to_others_while_the_token_is_good(broker: Any) -> None:
    """In the last hour whoever is in a hurry takes the present token, also while another call is renewing it."""

    async def scenario(auth: Authority) -> None:
        await auth.token()
        broker.now += 23 * HOUR
        assert value(await auth.token(patience_s=2)) == "token-1"
        assert len(broker.asked_of(TOKEN)) == 1
        renewing = asyncio.create_task(auth.token())
        await asyncio.sleep(0)
        assert value(await auth.token()) == "token-1"
        assert value(await renewing) == "token-2"
        broker.now += 24 * HOUR
        assert value(await auth.token(patience_s=2)) == "token-3"

    run(broker, scenario)


def test_a_home_that_cannot_be_written_is_told_and_nobody_is_asked(broker: Any) -> None:
    """Tokens that are not kept would be asked for again and again; one that is good serves to its end."""

    async def scenario(auth: Authority) -> None:
        broker.home.write_text("a file where a folder should be", encoding="utf-8")
        with pytest.raises(KeepingError, match="cannot be kept"):
            await auth.token()
        assert broker.asked == []
        broker.home.unlink()
        await auth.token()
        (broker.home / "kis").rename(broker.home / "elsewhere")
        (broker.home / "kis").write_text("", encoding="utf-8")
        broker.now += 23 * HOUR
        assert value(await auth.token()) == "token-1"
        broker.now += HOUR
        with pytest.raises(KeepingError):
            await auth.token()

    run(broker, scenario)
    assert len(broker.asked_of(TOKEN)) == 1


def test_an_old_token_that_comes_again_is_believed_in_its_end(broker: Any) -> None:
    """Within six hours the broker gives the same token again; `expires_in` still says a day, its end does not."""

    async def scenario(auth: Authority) -> None:
        broker.on(TOKEN, broker.token_answer("old", hours=1.5), broker.token_answer("new"))
        assert value(await auth.token()) == "old"
        broker.now += 29 * MINUTE
        assert value(await auth.token()) == "old"
        broker.now += 2 * MINUTE
        assert value(await auth.token()) == "new"

    run(broker, scenario)


def test_a_minute_that_was_begun_by_a_killed_process_counts(broker: Any) -> None:
    """That a token was asked for is kept before the request leaves."""

    async def scenario(auth: Authority) -> None:
        broker.on(TOKEN, broker.cut, broker.token_answer("second"))
        with pytest.raises(UnreachableError):
            await auth.token()
        with pytest.raises(TokenWaitError):
            await auth.token(patience_s=1)
        broker.now += MINUTE
        assert value(await auth.token()) == "second"

    run(broker, scenario)


def test_a_request_that_never_left_costs_no_minute(broker: Any) -> None:
    """Nobody listens: the next try may follow at once."""

    async def scenario(auth: Authority) -> None:
        async with Transport("http://127.0.0.1:9") as nowhere:
            lost = authority(broker, nowhere)
            for _ in range(2):
                with pytest.raises(NotSentError):
                    await lost.token()
        assert value(await auth.token()) == "token-1"
        assert broker.slept == []

    run(broker, scenario)


@pytest.mark.parametrize("text", ["", "no json", "[]", '{"version": 1}', '{"version": 2, "access_token": "x"}'])
def test_a_broken_file_is_as_good_as_none(broker: Any, text: str) -> None:
    """Half-written by a full disk, or of another version."""

    async def scenario(auth: Authority) -> None:
        await auth.token()
        (kept,) = (broker.home / "kis").glob("token-*.json")
        kept.write_text(text, encoding="utf-8")
        async with Transport(broker.url) as transport:
            assert value(await authority(broker, transport).token()) == "token-2"

    run(broker, scenario)


def test_a_clock_that_was_set_back_keeps_nobody_waiting(broker: Any) -> None:
    """The file says that a token was asked for tomorrow."""

    async def scenario(auth: Authority) -> None:
        auth.refuse(await auth.token())
        broker.now -= 2 * HOUR
        assert value(await auth.token(patience_s=0)) == "token-2"

    run(broker, scenario)


@pytest.mark.parametrize(
    ("answer", "status", "error", "words"),
    [
        (
            {"error_code": "EGW00103", "error_description": "유효하지 않은 AppKey입니다."},
            403,
            CredentialsError,
            "EGW00103",
        ),
        (
            {"error_code": "EGW00105", "error_description": "유효하지 않은 AppSecret입니다."},
            403,
            CredentialsError,
            "KIS_ENV",
        ),
        ({"error_code": "EGW00111", "error_description": "유효하지 않은 state 입니다."}, 403, RefusedError, "state"),
        ({"rt_cd": "1", "msg_cd": "EGW00304", "msg1": "고객식별키가 유효하지 않습니다."}, 500, CredentialsError, "키"),
        ("<html>maintenance</html>", 200, UnreadableError, "HTTP 200"),
        ({}, 200, UnreadableError, "no access token"),
        ({"access_token": "a\r\nb", "access_token_token_expired": "2026-01-06 09:00:00"}, 200, UnreadableError, "no"),
        ({"access_token": "abc", "access_token_token_expired": "tomorrow"}, 200, UnreadableError, "expired"),
    ],
)
def test_what_is_no_token_is_told(broker: Any, answer: Any, status: int, error: type[KisError], words: str) -> None:
    """By code, in both languages, with what to do."""

    async def scenario(auth: Authority) -> None:
        broker.on(TOKEN, broker.says(answer, status))
        with pytest.raises(error) as refused:
            await auth.token()
        assert words in refused.value.label("ko") + refused.value.label("en")

    run(broker, scenario)


def test_a_token_is_given_back_on_demand(broker: Any) -> None:
    """The next call fetches a new one, when the minute is over."""

    async def scenario(auth: Authority) -> None:
        broker.on(REVOKE, {"code": "200", "message": "접근토큰 폐기에 성공하였습니다"})
        assert not await auth.revoke()
        await auth.token()
        assert await auth.revoke()
        assert broker.asked_of(REVOKE)[0].json["token"] == "token-1"
        assert not await auth.revoke()
        assert value(await auth.token()) == "token-2"
        assert broker.slept == [60.0]
        broker.on(REVOKE, {"code": 403, "message": "no"})
        with pytest.raises(RefusedError):
            await auth.revoke()

    run(broker, scenario)


def test_the_approval_key_is_asked_for_with_the_other_name_of_the_secret(broker: Any) -> None:
    """`secretkey`; kept for a day less an hour, a new one on demand, and no two within a second."""

    async def scenario(auth: Authority) -> None:
        broker.on(APPROVAL, *({"approval_key": f"approval-{n}"} for n in range(1, 4)))
        first, again = await asyncio.gather(auth.approval_key(), auth.approval_key())
        assert (value(first), value(again)) == ("approval-1", "approval-1")
        assert value(await auth.approval_key(is_new=True)) == "approval-2"
        assert broker.slept == [1.0]
        broker.now += 23 * HOUR
        assert value(await auth.approval_key()) == "approval-3"

    run(broker, scenario)
    assert sorted(broker.asked_of(APPROVAL)[0].json) == ["appkey", "grant_type", "secretkey"]


def test_an_order_may_be_hashed(broker: Any) -> None:
    """For brokers' settings that still want it."""

    async def scenario(auth: Authority) -> None:
        broker.on(
            HASH,
            {"BODY": {"PDNO": "005930"}, "HASH": "8b84068222a49302f7ef58226d90403f62e216828f8103465f400de0e7be2f0f"},
        )
        assert (await auth.hash_of(b'{"PDNO":"005930"}')).startswith("8b84")

    run(broker, scenario)
    (asked,) = broker.asked_of(HASH)
    assert asked.body == b'{"PDNO":"005930"}'
    assert len(asked.headers["appsecret"]) == 180


def test_an_error_holds_no_secret_even_when_the_broker_sends_it_back(broker: Any) -> None:
    """Nor anything that holds the request."""
    keys = broker.keys()
    answer = {"error_code": "EGW00103", "error_description": f"{value(keys.app_key)} / {value(keys.app_secret)}?"}

    async def scenario(auth: Authority) -> None:
        for step in (broker.says(answer, 403), broker.cut, broker.says(json.dumps(answer)[:-1], 403)):
            broker.on(TOKEN, step)
            with pytest.raises(KisError) as refused:
                await auth.token(patience_s=0)
            shown = f"{refused.value} {refused.value!r} {refused.value.label('ko')} {vars(refused.value)}"
            assert value(keys.app_key) not in shown
            assert value(keys.app_secret) not in shown
            assert refused.value.__context__ is None
            broker.now += MINUTE

    run(broker, scenario)
