"""Faults of calls, each alone over HTTP; the rules themselves; control, scripts, and time."""

from __future__ import annotations

import asyncio
import datetime as dt
import functools
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kats_core.simulator.control import ControlError, read_actions
from kats_core.simulator.faults import Fault, FaultKind, Faults
from kats_core.simulator.gateway import Pace
from kats_core.simulator.server import Simulator, SimulatorConfig, session_start

DAY = dt.date(2026, 11, 27)
SYMBOL = "990030"
ORDER = "/uapi/domestic-stock/v1/trading/order-cash"
PRICE = "/uapi/domestic-stock/v1/quotations/inquire-price"
EXECUTIONS = "/uapi/domestic-stock/v1/trading/inquire-daily-ccld"


def on_loop(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Let a test run on an event loop of its own."""

    @functools.wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        asyncio.run(test(*args, **kwargs))

    return run


def simulator(*faults: Fault, clock: str = "10:00", **changes: Any) -> Simulator:
    settings: dict[str, Any] = {
        "start": session_start(DAY, dt.time.fromisoformat(clock)),
        "speed": 0,
        "pace": Pace(prod=None, vps=None, token_every=0.0),
        "faults": faults,
    }
    return Simulator(SimulatorConfig(**(settings | changes)))


class Client:
    """A client that buys one share and looks what became of it."""

    def __init__(self, sim: Simulator) -> None:
        self.sim = sim
        self.http = httpx.AsyncClient(base_url=sim.rest_url, timeout=30)
        self.headers: dict[str, str] = {}

    async def __aenter__(self) -> Client:
        keys = self.sim.prod
        body = {"grant_type": "client_credentials", "appkey": keys.app_key, "appsecret": keys.app_secret}
        token = (await self.http.post("/oauth2/tokenP", json=body)).json()["access_token"]
        self.headers = {"authorization": f"Bearer {token}", "appkey": keys.app_key, "appsecret": keys.app_secret}
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.aclose()

    @property
    def account(self) -> dict[str, str]:
        return {"CANO": self.sim.prod.account, "ACNT_PRDT_CD": self.sim.prod.product}

    async def buy(self, quantity: int = 1, timeout: float = 30) -> httpx.Response:
        wish = {"PDNO": SYMBOL, "ORD_DVSN": "01", "ORD_QTY": str(quantity), "ORD_UNPR": "0"}
        headers = self.headers | {"tr_id": "TTTC0012U"}
        return await self.http.post(ORDER, json=self.account | wish, headers=headers, timeout=timeout)

    async def price(self) -> httpx.Response:
        headers = self.headers | {"tr_id": "FHKST01010100"}
        return await self.http.get(PRICE, params={"FID_INPUT_ISCD": SYMBOL}, headers=headers)

    async def executions(self) -> list[dict[str, str]]:
        reply = await self.http.get(EXECUTIONS, params=self.account, headers=self.headers | {"tr_id": "TTTC0081R"})
        return list(reply.json()["output1"])


def ordering(kind: FaultKind, **more: Any) -> Fault:
    return Fault(kind=kind, where="order_cash", times=1, **more)


@pytest.mark.parametrize(
    ("kind", "is_done"),
    [(FaultKind.TIMEOUT_BEFORE, False), (FaultKind.TIMEOUT_AFTER, True), (FaultKind.RESET, False)],
)
def test_an_answer_is_lost_before_or_after_the_order_was_taken(kind: FaultKind, is_done: bool) -> None:
    """The client sees the same; only the list of executions knows."""

    async def go() -> None:
        async with simulator(ordering(kind)) as sim, Client(sim) as client:
            with pytest.raises(httpx.TransportError):
                await client.buy(timeout=0.3)
            assert len(await client.executions()) == is_done
            assert (await client.buy()).json()["rt_cd"] == "0"

    asyncio.run(go())


@pytest.mark.parametrize(
    ("kind", "code", "is_done"), [(FaultKind.ERROR, "EGW00201", False), (FaultKind.ERROR_AFTER, "EGW00302", True)]
)
def test_a_500_may_stand_for_an_order_that_was_taken(kind: FaultKind, code: str, is_done: bool) -> None:
    """An error of the gateway comes instead of the order, or of its answer."""

    async def go() -> None:
        async with simulator(ordering(kind, code=code)) as sim, Client(sim) as client:
            reply = await client.buy()
            assert (reply.status_code, reply.json()["msg_cd"]) == (500, code)
            assert len(await client.executions()) == is_done

    asyncio.run(go())


@on_loop
async def test_pages_instead_of_json_maintenance_and_empty_shells() -> None:
    """A 502 with HTML, a 503 with a code, a success without a price."""
    faults = (
        Fault(kind=FaultKind.HTML, where=PRICE, times=1),
        Fault(kind=FaultKind.MAINTENANCE, where="FHKST01010100", times=1, status=503),
        Fault(kind=FaultKind.EMPTY, where="inquire_price", times=1),
    )
    async with simulator(*faults) as sim, Client(sim) as client:
        page = await client.price()
        assert (page.status_code, page.headers["content-type"].split(";")[0]) == (502, "text/html")
        assert (await client.price()).status_code == 503
        shell = (await client.price()).json()
        assert (shell["rt_cd"], shell["output"]["stck_prpr"]) == ("0", "0")
        assert int((await client.price()).json()["output"]["stck_prpr"]) > 0


@on_loop
async def test_a_stale_token_is_refused_before_the_order_desk() -> None:
    """EGW00123, and nothing was taken; tokens can also be let expire for good."""
    async with simulator(ordering(FaultKind.STALE_TOKEN)) as sim, Client(sim) as client:
        assert (await client.buy()).json()["msg_cd"] == "EGW00123"
        assert await client.executions() == []
        reply = await client.http.post("/sim/act", json={"do": "expire-tokens"})
        assert reply.status_code == 200
        assert (await client.price()).json()["msg_cd"] == "EGW00123"


@on_loop
async def test_the_exchange_refuses_late_or_fills_in_part_on_request() -> None:
    """The ack says nothing of it: `rjct_qty` does, and what is left of the order."""
    faults = (ordering(FaultKind.REFUSED_LATER), Fault(kind=FaultKind.PARTIAL, where="order_cash", times=1, share=0.25))
    async with simulator(*faults) as sim, Client(sim) as client:
        assert (await client.buy()).json()["rt_cd"] == "0"
        assert (await client.buy(8)).json()["rt_cd"] == "0"
        partial, refused = await client.executions()
        assert (refused["rjct_qty"], refused["tot_ccld_qty"]) == ("1", "0")
        assert (partial["tot_ccld_qty"], partial["rmn_qty"]) == ("2", "6")


@on_loop
async def test_an_order_that_travels_can_be_cancelled_only_once_it_has_arrived() -> None:
    """Until then the exchange does not know it; the text says so."""
    async with simulator(order_delay=0.5) as sim, Client(sim) as client:
        number = (await client.buy()).json()["output"]["ODNO"]
        cancel = client.account | {
            "ORGN_ODNO": number,
            "RVSE_CNCL_DVSN_CD": "02",
            "QTY_ALL_ORD_YN": "Y",
            "ORD_QTY": "0",
            "ORD_UNPR": "0",
        }
        path = "/uapi/domestic-stock/v1/trading/order-rvsecncl"
        reply = (await client.http.post(path, json=cancel, headers=client.headers | {"tr_id": "TTTC0013U"})).json()
        assert "거래소 미접수" in reply["msg1"]
        assert (await client.executions())[0]["tot_ccld_qty"] == "0"
        sim.step(1)
        assert (await client.executions())[0]["tot_ccld_qty"] == "1"


@given(st.integers(0, 2**32), st.floats(0.05, 0.95))
def test_chance_follows_from_the_seed(seed: int, rate: float) -> None:
    """The same course of questions meets the same faults, and about as many as the rate says."""
    rule = Fault(kind=FaultKind.DROP, rate=rate)
    courses = []
    for _ in range(2):
        faults = Faults(seed)
        faults.add([rule])
        courses.append([faults.of_message("H0STCNT0") is not None for _ in range(400)])
    assert courses[0] == courses[1]
    assert abs(sum(courses[0]) / 400 - rate) < 0.2


def test_rules_match_by_name_count_and_let_the_first_decide() -> None:
    """`after` lets some pass, `times` ends it; rules of calls and of messages do not meet."""
    faults = Faults()
    faults.add([Fault(kind=FaultKind.ERROR, where="TTTC*", after=1, times=2), Fault(kind=FaultKind.DROP)])
    found = [faults.of_call("TTTC0012U", "order_cash") for _ in range(5)]
    assert [one is not None for one in found] == [False, True, True, False, False]
    assert faults.of_call("FHKST01010100") is None
    assert faults.of_message("H0STCNT0") is not None
    assert [happened for _, happened in faults.listed()] == [2, 1]


@pytest.mark.parametrize("bad", [{"rate": 0.0}, {"share": 1.0}, {"times": 0}])
def test_a_rule_that_makes_no_sense_is_refused(bad: dict[str, Any]) -> None:
    """With the reason."""
    with pytest.raises(ValueError, match=r"expected|at least"):
        Fault(kind=FaultKind.DROP, **bad)


@on_loop
async def test_time_is_steered_from_outside() -> None:
    """By seconds, to a clock, to another day; nonsense is refused with the reason."""
    async with simulator() as sim, httpx.AsyncClient(base_url=sim.rest_url, timeout=60) as http:
        assert (await http.post("/sim/clock", json={"step": 90})).json()["time"] == "2026-11-27T10:01:30+09:00"
        assert (await http.post("/sim/clock", json={"to": "15:40"})).json()["phases"] == ["AFTER_CLOSE_PRICE"]
        assert (await http.post("/sim/clock", json={"to": "2026-11-30T09:00"})).json()["phases"] == ["CONTINUOUS"]
        assert sim.market.day == dt.date(2026, 11, 30)
        assert (await http.post("/sim/clock", json={"to": "soon"})).status_code == 400
        assert (await http.post("/sim/clock", json={"stop": 1})).status_code == 400
        status = (await http.get("/sim")).json()
        assert (status["speed"], status["clients"][0]["account"]) == (0.0, sim.prod.account)


@on_loop
async def test_a_script_moves_the_market_when_it_is_due() -> None:
    """A quiet symbol does only what the script says: a book, a trade, a halt, each at its time."""
    script = read_actions(
        f"""[{{"do": "quiet", "symbol": "{SYMBOL}"}},
             {{"do": "book", "symbol": "{SYMBOL}", "at": "10:00:05", "asks": [[174500, 30]], "bids": [[174400, 40]]}},
             {{"do": "trade", "symbol": "{SYMBOL}", "at": "10:00:10", "price": 174500, "quantity": 12, "side": "BUY"}},
             {{"do": "halt", "symbol": "{SYMBOL}", "at": "10:00:20", "reason": "공시"}}]"""
    )
    async with simulator(script=tuple(script)) as sim, Client(sim) as client:
        sim.step(12)
        quote, board = sim.market.quote(SYMBOL), sim.market.board(SYMBOL)
        assert quote is not None
        assert board is not None
        assert (quote.last, quote.quantity) == (174_500, 12)
        await client.buy(50)
        row = (await client.executions())[0]
        assert (row["tot_ccld_qty"], row["avg_prvs"], row["rmn_qty"]) == ("18", "174500", "32")
        sim.step(10)
        assert (await client.buy()).json()["msg_cd"] == "APBK0066"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('[{"do": "jump"}]', "jump"),
        ('{"do": "halt"}', "symbol"),
        ('{"do": "halt", "symbol": 5}', "symbol"),
        ("[", "truncated"),
    ],
)
def test_a_script_that_cannot_be_read_says_where(text: str, named: str) -> None:
    """The message names the field or the word that is wrong."""
    with pytest.raises(ControlError, match=named):
        read_actions(text)


@on_loop
async def test_actions_reach_accounts_and_faults_too() -> None:
    """Cash, shares and faults over the control port; an unknown symbol is refused."""
    async with simulator() as sim, httpx.AsyncClient(base_url=sim.rest_url, timeout=30) as http:
        actions = [
            {"do": "deposit", "amount": 5},
            {"do": "transfer", "symbol": SYMBOL, "quantity": 3, "price": 90_000, "env": "vps"},
            {"do": "fault", "fault": {"kind": "drop", "where": "ack"}},
        ]
        assert (await http.post("/sim/act", json=actions)).status_code == 200
        assert sim.account_of(sim.prod).cash == 100_000_005
        assert sim.account_of(sim.vps).holdings[SYMBOL].quantity == 3
        listed = (await http.get("/sim/faults")).json()
        assert [(one["kind"], one["happened"]) for one in listed] == [("drop", 0)]
        assert (await http.delete("/sim/faults")).json() == []
        assert (await http.post("/sim/act", json={"do": "halt", "symbol": "123456"})).status_code == 400


@on_loop
async def test_time_runs_by_itself_and_faster_than_the_wall() -> None:
    """At a thousand times the wall's speed minutes pass while a few calls are made."""
    async with simulator(speed=1_000.0) as sim, httpx.AsyncClient(base_url=sim.rest_url, timeout=30) as http:
        first = (await http.get("/sim")).json()["time"]
        later = first
        for _ in range(50):
            later = (await http.get("/sim")).json()["time"]
            if later > first:
                break
        assert later > first


def test_bars_from_files_are_a_market_too(tmp_path: Path) -> None:
    """Minutes and days of a folder: the day's figures are those of the bars, and orders meet a book made of them."""
    from kats_core.sources.files import FilesParams, build

    write_bars(tmp_path)
    source = build(FilesParams(paths=[str(tmp_path)]))

    async def go() -> None:
        async with simulator(clock="09:10", source=source) as sim, Client(sim) as client:
            quote = sim.market.quote("005930")
            assert quote is not None
            assert (quote.open, quote.high, quote.limits.base) == (70_000, 70_400, 69_900)
            wish = {"PDNO": "005930", "ORD_DVSN": "01", "ORD_QTY": "1", "ORD_UNPR": "0"}
            headers = client.headers | {"tr_id": "TTTC0012U"}
            reply = await client.http.post(ORDER, json=client.account | wish, headers=headers)
            assert reply.json()["rt_cd"] == "0"
            assert (await client.executions())[0]["tot_ccld_qty"] == "1"

    asyncio.run(go())


def write_bars(folder: Path) -> None:
    """Write a day before, and half an hour of minutes."""
    days = ["symbol,date,open,high,low,close,volume,value"]
    days += [f"005930,2026-11-{day},69500,70500,69000,69900,1000000,69900000000" for day in (24, 25, 26)]
    (folder / "daily.csv").write_text("\n".join(days) + "\n", encoding="utf-8")
    minutes = ["symbol,datetime,open,high,low,close,volume,value"]
    minutes += [f"005930,2026-11-27 09:{n:02}:00,70000,70400,69900,70200,5000,351000000" for n in range(30)]
    (folder / "minute.csv").write_text("\n".join(minutes) + "\n", encoding="utf-8")
