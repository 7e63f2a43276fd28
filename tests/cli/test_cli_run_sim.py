"""`kats run --sim`: a newcomer's day by the broker's own protocol, in one command."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

DAY = "2025-10-14"


@pytest.mark.slow
def test_a_day_through_the_simulator_is_a_day_of_trades(kats: Any) -> None:
    """Orders, fills and a summary; the run is kept and can be asked. It has decided as the same day does when it is recorded."""
    done = kats("run", "--sim", "--day", DAY, "--json")
    assert done.code == 0, done.err
    assert done.json["run"]["kind"] == "sim"
    assert done.json["trades"]
    assert kats("--lang", "en", "explain", "--day", DAY).code == 0
    recorded = kats("run", "--day", DAY, "--json").json
    assert done.json["setups"] == recorded["setups"]
    assert done.json["refusals"] == recorded["refusals"]


def test_what_is_planned_is_shown_before_anything_happens(kats: Any) -> None:
    """`--check` builds everything and opens no port."""
    done = kats("--lang", "en", "run", "--sim", "--check")
    assert done.code == 0, done.err
    assert "simulator" in done.out


@pytest.mark.parametrize("option", [["--days", "3"], ["--continue"], ["--data", "somewhere"]], ids=lambda one: one[0])
def test_options_of_recorded_data_do_not_go_with_it(kats: Any, option: list[str]) -> None:
    """Exit code 2, and the option is named."""
    done = kats("run", "--sim", *option)
    assert done.code == 2
    assert option[0] in done.err


def test_a_day_without_a_session_is_refused(kats: Any) -> None:
    """A Saturday."""
    done = kats("--lang", "en", "run", "--sim", "--day", "2025-09-20")
    assert done.code == 2
    assert "2025-09-20" in done.err


def test_the_brokers_own_desk_takes_no_orders_of_a_recorded_day(kats: Any) -> None:
    """Nobody sends real orders because prices of last year say so."""
    kats.write("kats.yaml", "version: 1\nbroker: {use: kis}\n")
    done = kats("--lang", "en", "run")
    assert done.code == 2
    assert "broker kis" in done.err


LIVE = "version: 1\nmode: live\ndata: {use: kis}\nbroker: {use: kis}\n"
SOME_KEYS = {
    "KIS_APP_KEY": "k" * 36,
    "KIS_APP_SECRET": "s" * 180,
    "KIS_ACCOUNT_NO": "12345678",
    "KIS_HTS_ID": "user01",
}


@pytest.mark.parametrize(
    ("config", "environment", "said"),
    [
        ("version: 1\ndata: {use: kis}\nbroker: {use: kis}\n", SOME_KEYS, "mode: live"),
        (LIVE, SOME_KEYS | {"TRADE_MODE": "PAPER"}, "mode: live"),
        ("version: 1\nmode: live\n", SOME_KEYS, "broker: {use: kis}"),
        (LIVE + "assume: {regime: BULL}\n", SOME_KEYS, "assume"),
        (LIVE, SOME_KEYS, "kats sim"),
        (LIVE, SOME_KEYS | {"KIS_ENV": "vps"}, "kats sim"),
        (LIVE, {}, "KIS_APP_KEY"),
        (LIVE, SOME_KEYS | {"KIS_REST_URL": "http://127.0.0.1:9", "KIS_WS_URL": "ws://127.0.0.1:9"}, "data download"),
    ],
    ids=["paper file", "lowered", "plugins", "assumed", "real", "mock", "no keys", "no history"],
)
def test_real_orders_need_everything_to_agree(kats: Any, config: str, environment: dict[str, str], said: str) -> None:
    """File, environment and command line; and nothing goes to the real broker before orders are reconciled."""
    kats.write("kats.yaml", config)
    kats.environment.update(environment)
    done = kats("--lang", "en", "run", "--live")
    assert done.code == 2, done.out
    assert said in done.err


@pytest.mark.slow
def test_a_session_of_another_process_is_traded_live(kats: Any) -> None:
    """`kats sim` in a process of its own: history is fetched from it, then its last minutes are traded by its clock."""
    with simulator("--day", "2025-07-10", "--at", "15:17", "--speed", "40", "--unlimited") as told:
        client = next(one for one in told["clients"] if one["env"] == "prod")
        kats.environment.update(
            {
                "KIS_APP_KEY": client["app_key"],
                "KIS_APP_SECRET": client["app_secret"],
                "KIS_ACCOUNT_NO": client["account"],
                "KIS_HTS_ID": client["hts_id"],
                "KIS_REST_URL": told["rest_url"],
                "KIS_WS_URL": told["ws_url"],
                "KIS_MASTER_URL": told["master_url"],
            }
        )
        fetched = kats(
            "data",
            "download",
            "--symbols",
            "990010,990420",
            "--from",
            "2025-05-02",
            "--to",
            "2025-07-09",
            "--what",
            "daily",
            "--json",
        )
        assert fetched.code == 0, fetched.err
        assert fetched.json["symbols"]["daily_adjusted"] == 2
        kats.write("kats.yaml", LIVE)
        done = kats("--lang", "en", "run", "--live", "--json")
    assert done.code == 0, done.err
    assert done.json["run"]["kind"] == "live"


@contextmanager
def simulator(*options: str) -> Iterator[Any]:
    """A simulator in a process of its own, and what it says of itself."""
    arguments = [sys.executable, "-m", "kats_core", "sim", *options, "--json"]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 -- this Python
        assert process.stdout is not None
        try:
            decoder, text = json.JSONDecoder(), ""
            while True:
                text += process.stdout.readline()
                try:
                    told, _ = decoder.raw_decode(text)
                except json.JSONDecodeError:
                    continue
                break
            yield told
        finally:
            process.terminate()
