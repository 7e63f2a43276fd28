"""`kats config` shows, checks, describes and begins a configuration."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.mark.parametrize("language", ["ko", "en"])
def test_a_new_configuration_does_what_is_done_without_one(kats: Any, language: str) -> None:
    """It has every parameter in a comment, is in order, and gives the run of the same identity."""
    before = kats("run", "--check", "--json").json["run_id"]
    assert kats("config", "init", "--lang", language).code == 0
    assert "#   k: 0.5" in (kats.folder / "kats.yaml").read_text(encoding="utf-8")
    assert kats("config", "check").out == "ok\n"
    assert kats("run", "--check", "--json").json["run_id"] == before


def test_a_file_that_is_there_is_kept(kats: Any) -> None:
    """Unless the person insists."""
    path = kats.write("kats.yaml", "version: 1\n")
    assert kats("config", "init").code == 2
    assert path.read_text(encoding="utf-8") == "version: 1\n"
    assert kats("config", "init", "--force").code == 0
    assert path.read_text(encoding="utf-8") != "version: 1\n"


def test_check_lists_every_problem(kats: Any) -> None:
    """For programs as objects with file and line."""
    kats.write("kats.yaml", "version: 1\nstratgies: []\ncapital: much\n")
    answer = kats("config", "check", "--json")
    assert answer.code == 2
    assert [(problem["line"], problem["nearest"]) for problem in answer.json] == [(2, "strategies"), (3, None)]


def test_show_tells_where_a_value_comes_from(kats: Any) -> None:
    """And never a secret."""
    kats.environment["DB_URL"] = "postgresql://me:hush@localhost/kats"
    kats.write("kats.yaml", "version: 1\nlimits: {max_exposure: 0.5}\n")
    found = {each["key"]: each for each in kats("config", "show", "--json").json}
    assert found["limits.max_exposure"] == {"key": "limits.max_exposure", "value": 0.5, "origin": "kats.yaml:2:24"}
    assert found["strategies[0].params.eps_min"]["origin"] == "default"
    assert found["KATS_HOME"]["origin"] == "environment"
    assert "hush" not in kats("config", "show").out


def test_show_prints_no_account_in_full(kats: Any) -> None:
    """Its last digits, as a bank does, so that the owner of two knows which; and where it was written."""
    kats.environment["KIS_ACCOUNT_NO"] = "81382087"
    answer = kats("config", "show", "--json")
    (found,) = (each for each in answer.json if each["key"] == "KIS_ACCOUNT_NO")
    assert found == {"key": "KIS_ACCOUNT_NO", "value": "****2087", "origin": "environment"}
    for text in (answer.out, kats("config", "show").out):
        assert "81382087" not in text
        assert "****2087" in text


def test_schema_describes_the_parameters_of_installed_plugins(kats: Any) -> None:
    """Editors complete them."""
    schema = kats("config", "schema").json
    assert schema["$schema"].startswith("https://json-schema.org/")
    assert "k" in schema["$defs"]["strategies.volatility-breakout"]["properties"]
