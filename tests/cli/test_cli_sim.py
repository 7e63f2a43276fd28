"""`kats sim` as a process: it says where it is, serves until it is asked to stop, and refuses what it cannot do."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from kats_core.cli.app import run as run_line


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Return what a command line that is bad input says."""
    assert run_line(["sim", "--lang", "en", *arguments]) == 2
    return capsys.readouterr().err


def announced(process: subprocess.Popen[str]) -> dict[str, Any]:
    """Return what the process prints, once it is whole."""
    text = ""
    while process.stdout is not None:
        line = process.stdout.readline()
        text += line
        try:
            return dict(json.loads(text))
        except json.JSONDecodeError:
            assert line, text
    raise AssertionError("the process has no output")


@pytest.mark.slow
def test_it_serves_as_a_process_until_it_is_stopped() -> None:
    """Addresses and keys as JSON on one page, several of each environment where that is asked for; a token by them; Ctrl-C ends it with 0."""
    command = [
        sys.executable,
        "-m",
        "kats_core",
        "sim",
        "--speed",
        "0",
        "--day",
        "2026-11-27",
        "--at",
        "10:00",
        "--keys",
        "2",
        "--json",
    ]
    environment = os.environ | {"COLUMNS": "400"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:  # noqa: S603 (our own line)
        known = announced(process)
        assert [client["env"] for client in known["clients"]] == ["prod", "vps"] * 2
        assert len({client["account"] for client in known["clients"]}) == 4
        client = known["clients"][0]
        assert (len(client["app_key"]), len(client["app_secret"])) == (36, 180)
        body = {"grant_type": "client_credentials", "appkey": client["app_key"], "appsecret": client["app_secret"]}
        answer = httpx.post(f"{known['rest_url']}/oauth2/tokenP", json=body)
        assert answer.json()["token_type"] == "Bearer"
        assert httpx.get(known["control_url"]).json()["time"] == "2026-11-27T10:00:00+09:00"
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 0


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("--widths", "45/59/26"), "45"),
        (("--widths", "wide"), "47/63/26"),
        (("--at", "noon"), "09:30"),
        (("--day", "2026-11-28"), "2026-11-28"),
        (("--script", "nowhere.json"), "nowhere.json"),
        (("--faults", "nowhere.json"), "nowhere.json"),
        (("--data", "nowhere"), "nowhere"),
    ],
)
def test_bad_input_is_told_before_a_port_is_opened(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], named: str
) -> None:
    """Exit code 2, and the message names what is wrong or what would be right."""
    assert named in refused(capsys, *arguments)


def test_a_script_and_faults_name_what_cannot_be_read(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """The file and the word in it."""
    script, faults = tmp_path / "script.json", tmp_path / "faults.json"
    script.write_text('[{"do": "jump"}]', encoding="utf-8")
    faults.write_text('[{"kind": "flood"}]', encoding="utf-8")
    assert "jump" in refused(capsys, "--script", str(script))
    assert "flood" in refused(capsys, "--faults", str(faults))
