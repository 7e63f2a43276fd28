"""`kats run` plays a day from the first look to the summary, with nothing configured."""

from __future__ import annotations

import re
from typing import Any

import pytest

KatsAnswer = tuple[Any, Any]

RAISER = """
from pydantic import BaseModel, ConfigDict

from kats_core.api import StagePlugin, StageTraits, hookimpl


class Params(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Raiser:
    def check(self, proposal, context):
        raise RuntimeError("no more")


@hookimpl
def kats_register_risk_stages():
    return StagePlugin(
        name="acme-raiser",
        summary=("오류", "raises"),
        params=Params,
        traits=StageTraits(),
        codes=(),
        build=lambda params: Raiser(),
    )
"""

WITH_RAISER = """
version: 1
assume: {stars: 4}
risk:
  - use: position-sizer
  - use: acme-raiser
  - use: margin-guard
"""


def test_a_sample_day_is_played_and_summed_up(played: KatsAnswer) -> None:
    """Signals with the verdict of each stage, orders, fills, exits; then the account, the trades, and where to ask why."""
    _, answer = played
    assert answer.code == 0
    assert not answer.err
    assert re.search(r"09:\d\d:\d\d +신호 .*position-sizer ✓ \d+  drawdown-protocol ✓  .*margin-guard ✓", answer.out)
    for word in (
        "KATS · 모의 실행 · 2026-03-24",
        "데이터에서 계산한 값: ",
        "grade, rank, rs, stars.BULL, stars.FLOW",
        "체결",
        "청산",
        "마감 자산",
        "승률",
    ):
        assert word in answer.out
    assert "kats explain --day" in answer.out


def test_a_signal_is_told_before_its_order(played: KatsAnswer) -> None:
    """The reader meets the reason first."""
    _, answer = played
    kinds = re.findall(r"^09:\d\d:\d\d +(신호|주문)", answer.out, re.MULTILINE)
    assert kinds[:2] == ["신호", "주문"]


def test_people_read_their_language(kats: Any, played: KatsAnswer) -> None:
    """Nothing but names and what sources say is in the other one."""
    _, korean = played
    english = kats("run", "--lang", "en")
    assert english.code == 0
    assert all(word in korean.out for word in ("결과", "매매"))
    assert all(word in english.out for word in ("summary", "trades", "win rate"))
    assert not re.search("[가-힣]", re.sub(r"99\d{4} \S+", "", english.out))
    assert "derived: " in english.out
    assert "approximated: " in english.out
    assert "derived: " not in korean.out
    assert "approximated: " not in korean.out


def test_check_builds_everything_and_trades_nothing(kats: Any) -> None:
    """The operator sees what would run; no run is recorded."""
    answer = kats("run", "--check")
    assert answer.code == 0
    assert all(name in answer.out for name in ("volatility-breakout", "position-sizer", "margin-guard", "sample"))
    assert kats("explain").code == 2


def test_several_days_are_one_run_on_one_account(kats: Any) -> None:
    """The second day begins with what the first one left."""
    found = kats("run", "--days", "2", "--json").json
    assert found["sessions"] == ["2026-03-24", "2026-03-25"]
    assert [day["session"] for day in found["equity"]] == found["sessions"]


def test_there_must_be_something_to_go_on_with(kats: Any) -> None:
    """A day that was never begun, or has its end, is no interrupted one; nothing is played and nothing recorded."""
    answer = kats("run", "--continue")
    assert answer.code == 2
    assert "holds no such run" in answer.err
    assert kats("explain").code == 2


def test_another_seed_is_another_market(kats: Any) -> None:
    """And another run."""
    one, other = (kats("run", "--json", "--seed", seed).json["run"] for seed in ("7", "8"))
    assert one["data_hash"] != other["data_hash"]
    assert one["run_id"] != other["run_id"]


STRATEGY_RAISER = """
import datetime as dt

from kats_core.api import (
    Above,
    Category,
    DayOpen,
    Grade,
    Profile,
    Reasons,
    Regime,
    Setups,
    StrategyParams,
    StrategyPlugin,
    StrategyTraits,
    Style,
    hookimpl,
)


class Raiser:
    def arm(self, panel):
        reasons = Reasons(panel)
        return Setups(reasons.cells, reasons.codes, {}, lambda numbers: Above(DayOpen(0)))

    def confirm(self, view, setup):
        raise RuntimeError("no more")


@hookimpl
def kats_register_strategies():
    return StrategyPlugin(
        name="acme-strategy-raiser",
        summary=("오류", "raises"),
        params=StrategyParams,
        traits=StrategyTraits(
            code="SR",
            style=Style.DAY,
            category=Category.BULL,
            profile=Profile.BULL,
            regimes=frozenset(Regime),
            windows=((dt.time(9, 15), dt.time(15, 0)),),
            grades=frozenset(Grade),
            ttl_s=120,
        ),
        codes=(),
        build=lambda params: Raiser(),
    )
"""


def test_a_strategy_that_raises_is_left_out_and_the_day_goes_on(kats: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The others trade as without it; the summary names it and what it raised."""
    kats.install(monkeypatch, "acme-strategy-raiser", "strategies", STRATEGY_RAISER)
    alone = "version: 1\nassume: {stars: 4}\nstrategies:\n  - use: volatility-breakout\n"
    kats.write("kats.yaml", alone)
    without = kats("run", "--json").json["statistics"]
    kats.write("kats.yaml", f"{alone}  - use: acme-strategy-raiser\n")
    answer = kats("run")
    assert answer.code == 0
    assert "그래도 하루는 계속되었습니다" in answer.out
    assert "acme-strategy-raiser" in answer.out
    assert "RuntimeError: no more" in answer.out
    assert kats("run", "--json").json["statistics"] == without


def test_a_stage_that_raises_refuses_and_the_day_goes_on(kats: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The summary says what failed; nothing was bought."""
    kats.install(monkeypatch, "acme-raiser", "risk_stages", RAISER)
    kats.write("kats.yaml", WITH_RAISER)
    answer = kats("run")
    assert answer.code == 0
    assert "acme-raiser ✗" in answer.out
    assert "margin-guard ·" in answer.out
    assert "그래도 하루는 계속되었습니다" in answer.out
    assert "RuntimeError: no more" in answer.out
    assert kats("run", "--json").json["statistics"]["trades"] == 0
