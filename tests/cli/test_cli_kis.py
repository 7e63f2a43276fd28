"""`kats kis check` walks through everything that a day at the broker needs, against the simulator over real sockets."""

from __future__ import annotations

import asyncio
import datetime as dt
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from kats_core.simulator.faults import Fault, FaultKind
from kats_core.simulator.gateway import Pace
from kats_core.simulator.server import Simulator, SimulatorConfig, session_start

STEPS = ["token", "approval", "clock", "quote", "balance", "calendar", "stream", "notices"]
GREEN = dict.fromkeys(STEPS, "passed")


@contextmanager
def served(**changes: Any) -> Iterator[Simulator]:
    """Let a simulator serve from a thread of its own."""
    settings: dict[str, Any] = {
        "start": session_start(dt.date(2026, 11, 27), dt.time(10)),
        "speed": 0,
        "pace": Pace(prod=None, vps=None, token_every=0.0),
    }
    simulator = Simulator(SimulatorConfig(**settings | changes))
    ready, done = threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        async with simulator:
            ready.set()
            await done.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    try:
        assert ready.wait(60)
        yield simulator
    finally:
        loop.call_soon_threadsafe(done.set)
        thread.join(60)
        loop.close()


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    """Return the broker of this file."""
    with served() as simulator:
        yield simulator


def settings(simulator: Simulator, env: str = "prod", **changes: str) -> dict[str, str]:
    client = simulator.prod if env == "prod" else simulator.vps
    return {
        "KIS_ENV": env,
        "KIS_APP_KEY": client.app_key,
        "KIS_APP_SECRET": client.app_secret,
        "KIS_ACCOUNT_NO": client.account,
        "KIS_HTS_ID": client.hts_id,
        "KIS_REST_URL": simulator.rest_url,
        "KIS_WS_URL": simulator.ws_url,
        "KIS_MASTER_URL": simulator.master_url,
        "KIS_CALLS_PER_SECOND": "18",
        **changes,
    }


def checked(kats: Any, environment: dict[str, str]) -> tuple[int, dict[str, str], str]:
    """Return the exit code, each step's outcome, and all texts."""
    kats.environment.update(environment)
    answer = kats("--lang", "en", "kis", "check", "--json")
    checks = answer.json["checks"]
    assert answer.json["passed"] == (answer.code == 0)
    return answer.code, {one["check"]: one["outcome"] for one in checks}, "\n".join(one["text"] for one in checks)


@pytest.mark.parametrize("env", ["prod", "vps"])
def test_everything_works_on_either_server(kats: Any, simulator: Simulator, env: str) -> None:
    """Token, approval key, a price, a balance, a registration of trades and of notices, the last two proven by answers."""
    code, outcomes, told = checked(kats, settings(simulator, env))
    assert (code, outcomes) == (0, GREEN | ({"calendar": "skipped"} if env == "vps" else {}))
    assert "cash D+2 100,000,000 won" in told


def test_people_see_a_list_at_a_glance(kats: Any, simulator: Simulator) -> None:
    """A mark for each line in their language; neither the account nor a key in full."""
    kats.environment.update(settings(simulator))
    answer = kats("kis", "check")
    assert answer.code == 0
    assert [line[:1] for line in answer.out.splitlines() if line[:1] in "✓✗–"] == ["✓"] * 8
    for words in (
        "접근토큰",
        "실시간 접속키",
        "시계",
        "현재가",
        "잔고",
        "거래일",
        "실시간 시세",
        "체결통보",
        "모두 정상입니다.",
        "시뮬레이터",
    ):
        assert words in answer.out
    for secret in (simulator.prod.account, simulator.prod.app_key, simulator.prod.app_secret):
        assert secret not in answer.out


def test_a_token_of_before_is_used_and_can_be_given_back(kats: Any, simulator: Simulator) -> None:
    """The broker tells the owner of each new one."""
    environment = settings(simulator)
    assert "new" in checked(kats, environment)[2]
    assert "kept from before" in checked(kats, environment)[2]
    assert "given back" in kats("--lang", "en", "kis", "revoke").out
    assert "no access token" in kats("--lang", "en", "kis", "revoke").out


def pooled(simulator: Simulator, **changes: str) -> dict[str, str]:
    other = simulator.clients[2]
    more = {"KIS_APP_KEY_2": other.app_key, "KIS_APP_SECRET_2": other.app_secret}
    return settings(simulator, **more | changes)


def test_each_key_of_a_pool_is_tried_under_its_name(kats: Any) -> None:
    """The account and its notices by the main one alone; each has a token of its own, which is given back by its name."""
    with served(keys=2) as simulator:
        kats.environment.update(pooled(simulator))
        answer = kats("--lang", "en", "kis", "check", "--json")
        assert answer.code == 0, answer.out
        checks = [(one["key"], one["check"]) for one in answer.json["checks"]]
        further = ["token", "approval", "clock", "quote", "stream"]
        assert checks == [("KIS_APP_KEY", one) for one in STEPS] + [("KIS_APP_KEY_2", one) for one in further]
        assert len(list((kats.home / "kis").glob("token-*.json"))) == 2
        shown = kats("--lang", "en", "kis", "check").out
        assert [line for line in shown.splitlines() if line.startswith("KIS_APP")] == ["KIS_APP_KEY", "KIS_APP_KEY_2"]
        for client in simulator.clients:
            assert client.app_key not in shown
        assert kats("--lang", "en", "kis", "revoke").out.splitlines() == [
            "KIS_APP_KEY: The access token was given back.",
            "KIS_APP_KEY_2: The access token was given back.",
        ]
        kats.environment.update(pooled(simulator, KIS_APP_SECRET_2="x" * 180))
        failed = kats("--lang", "en", "kis", "check", "--json")
    assert failed.code == 1
    assert {one["key"] for one in failed.json["checks"] if one["outcome"] == "failed"} == {"KIS_APP_KEY_2"}


def test_half_a_pair_of_a_pool_is_bad_input(kats: Any, simulator: Simulator) -> None:
    """Exit code 2 before anything is called."""
    kats.environment.update(settings(simulator, KIS_APP_KEY_2="P" * 36))
    answer = kats("--lang", "en", "kis", "check")
    assert answer.code == 2
    assert "KIS_APP_KEY_2" in answer.err
    assert "did you mean KIS_APP_SECRET_2?" in answer.err
    assert "P" * 36 not in answer.err + answer.out


def test_without_settings_it_says_which_and_exits_with_2(kats: Any) -> None:
    """All of them at once; for programs, too."""
    answer = kats("kis", "check")
    assert answer.code == 2
    for key in ("KIS_APP_KEY", "KIS_APP_SECRET", "KIS_ACCOUNT_NO"):
        assert f"{key}: is missing" in answer.err
    answer = kats("kis", "check", "--json")
    assert answer.code == 2
    assert [problem["key"] for problem in answer.json["problems"]] == [
        "KIS_APP_KEY",
        "KIS_APP_SECRET",
        "KIS_ACCOUNT_NO",
    ]
    assert not kats.home.exists()


def test_a_wrong_secret_is_told_and_what_hangs_on_it_is_skipped(kats: Any, simulator: Simulator) -> None:
    """With what to look at."""
    code, outcomes, told = checked(kats, settings(simulator, KIS_APP_SECRET="x" * 180))
    assert code == 1
    assert outcomes == dict.fromkeys(STEPS, "skipped") | {"token": "failed", "approval": "failed", "clock": "passed"}
    assert "EGW00105" in told
    assert "KIS_APP_SECRET" in told


@pytest.mark.parametrize(
    ("changes", "failed", "words"),
    [
        ({"KIS_HTS_ID": "somebody"}, "notices", "KIS_HTS_ID"),
        ({"KIS_WS_URL": "ws://127.0.0.1:9"}, "stream", "KIS_WS_URL"),
        ({"KIS_ACCOUNT_NO": "99999999"}, "balance", "KIS_ACCOUNT_NO"),
    ],
)
def test_one_failure_is_one_line_with_what_to_do(
    kats: Any, simulator: Simulator, changes: dict[str, str], failed: str, words: str
) -> None:
    """The rest is tried all the same."""
    code, outcomes, told = checked(kats, settings(simulator, **changes))
    assert code == 1
    others = {"notices": "skipped"} if failed == "stream" else {}
    assert outcomes == GREEN | others | {failed: "failed"}
    assert words in told


def test_without_an_hts_id_notices_are_skipped(kats: Any, simulator: Simulator) -> None:
    """That is no failure: whoever only looks at prices needs none."""
    code, outcomes, told = checked(kats, settings(simulator, KIS_HTS_ID=""))
    assert (code, outcomes) == (0, GREEN | {"notices": "skipped"})
    assert "KIS_HTS_ID is not set" in told


def test_nobody_listening_is_told_within_seconds(kats: Any, simulator: Simulator) -> None:
    """A wrong port, no network: nothing of it is taken for wrong keys."""
    code, outcomes, told = checked(kats, settings(simulator, KIS_REST_URL="http://127.0.0.1:9"))
    assert code == 1
    assert outcomes["token"] == outcomes["approval"] == "failed"
    assert "no connection can be made" in told


def test_servers_at_work_are_told_as_such(kats: Any) -> None:
    """The simulator in maintenance: keys and settings are not doubted."""
    with served(faults=(Fault(kind=FaultKind.MAINTENANCE),)) as simulator:
        code, outcomes, told = checked(kats, settings(simulator))
    assert code == 1
    assert outcomes["token"] == "failed"
    assert "The broker is at work on its servers" in told


def test_history_of_what_is_traded_most_today(kats: Any) -> None:
    """Three shares by the broker's own ranking; one way of choosing at a time."""
    with served() as simulator:
        kats.environment.update(settings(simulator))
        span = ("--from", "2026-11-02", "--to", "2026-11-26")
        answer = kats("data", "download", "--active", "3", *span, "--what", "daily", "--json")
        assert answer.code == 0, answer.err
        assert answer.json["symbols"]["daily_adjusted"] == 3
        refused = kats("--lang", "en", "data", "download", "--active", "3", "--top", "3")
        assert refused.code == 2
        assert "--top and --active" in refused.err
