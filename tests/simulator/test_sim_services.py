"""The simulator over HTTP: orders, refusals, pages, the differences of the two environments, lenient inputs."""

from __future__ import annotations

import asyncio
import datetime as dt
import functools
from collections.abc import Callable, Coroutine
from typing import Any

import httpx
import pytest

from kats_core.model.kinds import Side
from kats_core.simulator.gateway import Pace
from kats_core.simulator.keys import ClientKeys
from kats_core.simulator.server import Simulator, SimulatorConfig, session_start

DAY = dt.date(2026, 11, 27)
SYMBOL = "990030"
TRADING = "/uapi/domestic-stock/v1/trading"
QUOTES = "/uapi/domestic-stock/v1/quotations"
NO_LIMITS = Pace(prod=None, vps=None, token_every=0.0)


def on_loop(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Let a test run on an event loop of its own."""

    @functools.wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        asyncio.run(test(*args, **kwargs))

    return run


def simulator(clock: str = "10:00", day: dt.date = DAY, **changes: Any) -> Simulator:
    settings: dict[str, Any] = {
        "start": session_start(DAY, dt.time.fromisoformat(clock)),
        "speed": 0,
        "pace": NO_LIMITS,
    }
    return Simulator(SimulatorConfig(**(settings | changes)))


class Client:
    """A client that sends what it is told to."""

    def __init__(self, sim: Simulator, keys: ClientKeys | None = None) -> None:
        self.sim = sim
        self.keys = keys or sim.prod
        self.http = httpx.AsyncClient(base_url=sim.rest_url, timeout=60)
        self.token = ""

    async def __aenter__(self) -> Client:
        keys = self.keys
        body = {"grant_type": "client_credentials", "appkey": keys.app_key, "appsecret": keys.app_secret}
        self.token = (await self.http.post("/oauth2/tokenP", json=body)).json()["access_token"]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.aclose()

    def headers(self, tr_id: str, **more: str) -> dict[str, str]:
        keys = self.keys
        return {
            "authorization": f"Bearer {self.token}",
            "appkey": keys.app_key,
            "appsecret": keys.app_secret,
            "tr_id": tr_id,
        } | more

    async def get(self, path: str, tr_id: str, tr_cont: str = "", **params: str) -> httpx.Response:
        account = {"CANO": self.keys.account, "ACNT_PRDT_CD": self.keys.product}
        headers = self.headers(tr_id, tr_cont=tr_cont)
        return await self.http.get(path, params=account | params, headers=headers)

    async def order(self, tr_id: str, **body: str) -> dict[str, Any]:
        path = "order-rvsecncl" if "13U" in tr_id or "803U" in tr_id else "order-cash"
        account = {"CANO": self.keys.account, "ACNT_PRDT_CD": self.keys.product}
        reply = await self.http.post(f"{TRADING}/{path}", json=account | body, headers=self.headers(tr_id))
        return dict(reply.json())

    async def buy(self, quantity: int, price: int, symbol: str = SYMBOL, **more: str) -> dict[str, Any]:
        tr_id = "VTTC0012U" if self.keys.is_mock else "TTTC0012U"
        wish = {"PDNO": symbol, "ORD_DVSN": "00" if price else "01", "ORD_QTY": str(quantity), "ORD_UNPR": str(price)}
        return await self.order(tr_id, **(wish | more))

    async def executions(self, **params: str) -> httpx.Response:
        tr_id = "VTTC0081R" if self.keys.is_mock else "TTTC0081R"
        today = {"INQR_STRT_DT": "20261127", "INQR_END_DT": "20261127", "SLL_BUY_DVSN_CD": "00", "CCLD_DVSN": "00"}
        return await self.get(f"{TRADING}/inquire-daily-ccld", tr_id, **(today | params))


def limits(sim: Simulator, symbol: str = SYMBOL) -> tuple[int, int, int]:
    found = sim.market.quotes[symbol].limits
    return found.lower, found.base, found.upper


@on_loop
async def test_headers_are_as_other_peoples_clients_need_them() -> None:
    """tr_id, tr_cont and gt_uid in lower case, the ordinary ones in Title-Case; a page always says whether there is more."""
    async with simulator() as sim, Client(sim) as client:
        reply = await client.get(f"{TRADING}/inquire-balance", "TTTC8434R")
        names = [name.decode() for name, _ in reply.headers.raw]
        assert {"tr_id", "tr_cont", "gt_uid", "Content-Type", "Content-Length", "Date", "Server"} <= set(names)
        assert [name for name in names if name.islower()] == ["tr_id", "tr_cont", "gt_uid"]
        assert (reply.headers["tr_cont"], len(reply.headers["gt_uid"])) == ("D", 32)


@on_loop
async def test_an_order_lives_through_amendment_and_cancellation() -> None:
    """The old number is dead after an amendment; a cancellation has a number of its own; the list says what became of each."""
    async with simulator() as sim, Client(sim) as client:
        lower, _, _ = limits(sim)
        first = (await client.buy(10, lower))["output"]["ODNO"]
        amended = await client.order(
            "TTTC0013U", ORGN_ODNO=first, RVSE_CNCL_DVSN_CD="01", ORD_DVSN="00", ORD_QTY="0", ORD_UNPR=str(lower + 100),
            QTY_ALL_ORD_YN="Y", KRX_FWDG_ORD_ORGNO="",
        )  # fmt: skip
        second = amended["output"]["ODNO"]
        dead = await client.order(
            "TTTC0803U", ORGN_ODNO=first, RVSE_CNCL_DVSN_CD="02", ORD_QTY="10", ORD_UNPR="True", QTY_ALL_ORD_YN="Y"
        )
        assert (dead["rt_cd"], dead["msg_cd"]) == ("7", "APBK0927")
        reply = await client.get(f"{TRADING}/inquire-psbl-rvsecncl", "TTTC0084R", INQR_DVSN_1="0", INQR_DVSN_2="0")
        assert [(one["odno"], one["orgn_odno"], one["psbl_qty"]) for one in reply.json()["output"]] == [
            (second, first, "10")
        ]
        gone = await client.order(
            "TTTC0803U", ORGN_ODNO=second.lstrip("0"), RVSE_CNCL_DVSN_CD="02", ORD_QTY="99", ORD_UNPR="True",
            QTY_ALL_ORD_YN="Y", KRX_FWDG_ORD_ORGNO="91252",
        )  # fmt: skip
        assert gone["rt_cd"] == "0"
        rows = {one["odno"]: one for one in (await client.executions()).json()["output1"]}
        assert [rows[n]["orgn_odno"] for n in (first, second, gone["output"]["ODNO"])] == ["", first, second]
        assert (rows[second]["rmn_qty"], rows[second]["cncl_cfrm_qty"], rows[second]["cncl_yn"]) == ("0", "10", "Y")
        assert sim.account_of(sim.prod).free_cash(sim.market.desk.committed(sim.account_of(sim.prod))) == 100_000_000


@pytest.mark.parametrize(
    ("clock", "body", "real", "mock"),
    [
        ("10:00", {"ORD_UNPR": "91"}, "APBK0506", "40030000"),
        ("10:00", {"PDNO": "123456"}, "APBK0656", "40070000"),
        ("10:00", {"ORD_DVSN": "77"}, "APBK0963", "APBK0963"),
        ("10:00", {"ORD_QTY": "99999999"}, "APBK0952", "40250000"),
        ("10:00", {"SIDE": "sell"}, "APBK0400", "40240000"),
        ("07:30", {}, "APBK0918", "40570000"),
        ("20:30", {}, "APBK0918", "40580000"),
        ("08:45", {"ORD_DVSN": "11"}, "APBK0918", "APBK0963"),
        ("16:30", {"ORD_DVSN": "01"}, "APBK1943", "40580000"),
        ("10:00", {"EXCG_ID_DVSN_CD": "NXT"}, "APBK1269", "APBK1269"),
    ],
)
def test_both_servers_refuse_in_their_own_words(clock: str, body: dict[str, str], real: str, mock: str) -> None:
    """The same mistake has another code on the mock server; nothing of it is left."""

    async def go() -> None:
        async with simulator(clock) as sim:
            for keys, expected in ((sim.prod, real), (sim.vps, mock)):
                async with Client(sim, keys) as client:
                    base = sim.market.quotes[SYMBOL].limits.base
                    wish = {"PDNO": SYMBOL, "ORD_DVSN": "00", "ORD_QTY": "1", "ORD_UNPR": str(base)} | body
                    ids = ("TTTC0011U", "VTTC0011U") if wish.pop("SIDE", "") else ("TTTC0012U", "VTTC0012U")
                    reply = await client.order(ids[keys.is_mock], **wish)
                    assert (reply["msg_cd"], reply["rt_cd"] != "0") == (expected, True), reply
            assert sim.market.desk.tickets == {}

    asyncio.run(go())


@on_loop
async def test_on_a_holiday_orders_are_refused_and_prices_still_answer() -> None:
    """APBK0919 and 40100000; the balance is there."""
    async with simulator() as sim:
        sim.step_to(sim.at("10:00", dt.date(2026, 11, 28)))
        for keys, expected in ((sim.prod, "APBK0919"), (sim.vps, "40100000")):
            async with Client(sim, keys) as client:
                assert (await client.buy(1, 1_000))["msg_cd"] == expected
                tr_id = "VTTC8434R" if keys.is_mock else "TTTC8434R"
                assert (await client.get(f"{TRADING}/inquire-balance", tr_id)).json()["rt_cd"] == "0"


@on_loop
async def test_what_the_mock_server_does_not_have_it_says() -> None:
    """EGW02006 with two blanks to an id of the real one, OPSQ0002 to an invented one, and a mock id is unknown to the real one."""
    async with simulator() as sim:
        async with Client(sim, sim.vps) as mock:
            reply = await mock.get(f"{TRADING}/inquire-psbl-rvsecncl", "TTTC0084R")
            assert (reply.status_code, reply.json()["msg_cd"], "TR  이" in reply.json()["msg1"]) == (
                500,
                "EGW02006",
                True,
            )
            assert (await mock.get(f"{TRADING}/inquire-psbl-rvsecncl", "VTTC0084R")).json()["msg_cd"] == "OPSQ0002"
            assert (await mock.get(f"{QUOTES}/volume-rank", "FHPST01710000")).json()["msg_cd"] == "EGW02006"
            price = await mock.get(f"{QUOTES}/inquire-price", "FHKST01010100", FID_INPUT_ISCD=SYMBOL)
            assert int(price.json()["output"]["stck_prpr"]) > 0
        async with Client(sim) as real:
            assert (await real.get(f"{TRADING}/inquire-balance", "VTTC8434R")).json()["msg_cd"] == "OPSQ0002"


@on_loop
async def test_inputs_are_read_as_leniently_as_the_broker_reads_them() -> None:
    """Doubled slashes, names in lower case, another path for an id, old ids, appKey: all are known from clients in use."""
    async with simulator() as sim, Client(sim) as client:
        reply = await client.http.get(
            f"/{QUOTES}/inquire-price",
            params={"fid_cond_mrkt_div_code": "J", "fid_input_iscd": SYMBOL},
            headers=client.headers("FHKST01010100"),
        )
        assert reply.json()["output"]["stck_shrn_iscd"] == SYMBOL
        other = await client.get(f"{TRADING}/inquire-daily-ccld", "TTTC8908R", PDNO=SYMBOL, ORD_DVSN="01")
        assert int(other.json()["output"]["nrcvb_buy_qty"]) > 0
        old = await client.order("TTTC0802U", PDNO=SYMBOL, ORD_DVSN="01", ORD_QTY="1", ORD_UNPR="0")
        assert old["msg_cd"] == "APBK0013"
        assert (await client.get(f"{QUOTES}/inquire-price", "FHKST01010100")).json()["msg_cd"] == "OPSQ2001"
        assert (await client.get(f"{TRADING}/inquire-balance", "TTTC8434R", CANO="12345678")).json()[
            "msg_cd"
        ] == "OPSQ2000"
        bad = await client.http.post(f"{TRADING}/order-cash", content=b"[1]", headers=client.headers("TTTC0012U"))
        assert bad.json()["msg_cd"] == "EGW00202"


@on_loop
async def test_a_hash_key_is_optional_but_must_fit() -> None:
    """The hash of the same body passes, that of another is refused."""
    async with simulator() as sim, Client(sim) as client:
        keys = client.keys
        body = {
            "CANO": keys.account,
            "ACNT_PRDT_CD": keys.product,
            "PDNO": SYMBOL,
            "ORD_DVSN": "01",
            "ORD_QTY": "1",
            "ORD_UNPR": "0",
        }
        found = (await client.http.post("/uapi/hashkey", json=body, headers=client.headers(""))).json()
        assert found["BODY"] == body
        for change, expected in (({}, "APBK0013"), ({"ORD_QTY": "2"}, "EGW00131")):
            reply = await client.http.post(
                f"{TRADING}/order-cash", json=body | change, headers=client.headers("TTTC0012U", hashkey=found["HASH"])
            )
            assert reply.json()["msg_cd"] == expected


@on_loop
async def test_lists_come_in_pages_and_end() -> None:
    """Fifteen executions a page on the mock server: three pages, every order once, then D."""
    async with simulator() as sim, Client(sim, sim.vps) as client:
        lower, _, _ = limits(sim)
        numbers = [(await client.buy(1, lower))["output"]["ODNO"] for _ in range(40)]
        assert numbers[0] == "1001"
        reply = await client.executions()
        rows, pages = list(reply.json()["output1"]), 1
        while reply.headers["tr_cont"] in ("F", "M"):
            body = reply.json()
            keys = {"CTX_AREA_FK100": body["ctx_area_fk100"], "CTX_AREA_NK100": body["ctx_area_nk100"].strip()}
            today = {"INQR_STRT_DT": "20261127", "INQR_END_DT": "20261127", "SLL_BUY_DVSN_CD": "00", "CCLD_DVSN": "00"}
            reply = await client.get(f"{TRADING}/inquire-daily-ccld", "VTTC0081R", tr_cont="N", **today, **keys)
            rows += reply.json()["output1"]
            pages += 1
        assert (pages, reply.headers["tr_cont"]) == (3, "D")
        assert [one["odno"] for one in rows] == [f"{int(number):010}" for number in reversed(numbers)]


@on_loop
async def test_cash_says_on_which_day_it_is_there_and_what_can_be_spent() -> None:
    """A purchase lowers D+2 at once, D+1 not at all; the amount without debt follows D+2, market orders count the upper limit."""
    async with simulator(cash=10_000_000) as sim, Client(sim) as client:
        _, base, upper = limits(sim)
        before = (await client.get(f"{TRADING}/inquire-psbl-order", "TTTC8908R", PDNO=SYMBOL, ORD_DVSN="01")).json()[
            "output"
        ]
        assert (int(before["psbl_qty_calc_unpr"]), int(before["nrcvb_buy_qty"])) == (upper, 9_998_594 // upper)
        limit = (
            await client.get(
                f"{TRADING}/inquire-psbl-order", "TTTC8908R", PDNO=SYMBOL, ORD_DVSN="00", ORD_UNPR=str(base)
            )
        ).json()["output"]
        assert int(limit["nrcvb_buy_qty"]) > int(before["nrcvb_buy_qty"])
        assert int(before["max_buy_amt"]) > int(before["nrcvb_buy_amt"])
        await client.buy(20, 0)
        sums = (await client.get(f"{TRADING}/inquire-balance", "TTTC8434R")).json()["output2"][0]
        spent = int(sums["thdt_buy_amt"]) + int(sums["thdt_tlex_amt"])
        assert (int(sums["dnca_tot_amt"]), int(sums["nxdy_excc_amt"])) == (10_000_000, 10_000_000)
        assert int(sums["prvs_rcdl_excc_amt"]) == 10_000_000 - spent
        sim.step_to(sim.at("08:00", dt.date(2026, 12, 1)))
        sums = (await client.get(f"{TRADING}/inquire-balance", "TTTC8434R")).json()["output2"][0]
        assert int(sums["dnca_tot_amt"]) == 10_000_000 - spent


@on_loop
async def test_charts_show_nothing_of_the_future_and_end_where_the_broker_ends() -> None:
    """A hundred days, thirty minutes, newest first; today's bar is what has traded; minutes before the first repeat it."""
    async with simulator() as sim, Client(sim) as client:
        chart = (
            await client.get(
                f"{QUOTES}/inquire-daily-itemchartprice", "FHKST03010100", FID_INPUT_ISCD=SYMBOL, FID_PERIOD_DIV_CODE="D",
                FID_INPUT_DATE_1="20200101", FID_INPUT_DATE_2="20271231", FID_ORG_ADJ_PRC="0",
            )
        ).json()["output2"]  # fmt: skip
        quote = sim.market.quote(SYMBOL)
        assert quote is not None
        assert len(chart) == 100
        assert [one["stck_bsop_date"] for one in chart] == sorted(
            (one["stck_bsop_date"] for one in chart), reverse=True
        )
        today = chart[0]
        assert (int(today["stck_clpr"]), int(today["acml_vol"]), today["stck_bsop_date"]) == (
            quote.last,
            quote.volume,
            "20261127",
        )
        assert int(chart[1]["stck_clpr"]) == quote.limits.base
        minutes = (
            await client.get(
                f"{QUOTES}/inquire-time-itemchartprice",
                "FHKST03010200",
                FID_INPUT_ISCD=SYMBOL,
                FID_INPUT_HOUR_1="235959",
            )
        ).json()["output2"]
        assert len(minutes) == 30
        assert all(one["stck_cntg_hour"] <= "100000" for one in minutes)
        early = (
            await client.get(
                f"{QUOTES}/inquire-time-itemchartprice",
                "FHKST03010200",
                FID_INPUT_ISCD=SYMBOL,
                FID_INPUT_HOUR_1="080000",
            )
        ).json()["output2"]
        assert [one["stck_cntg_hour"] for one in early] == ["090000"]
        past = (
            await client.get(
                f"{QUOTES}/inquire-time-dailychartprice", "FHKST03010230", FID_INPUT_ISCD=SYMBOL, FID_INPUT_HOUR_1="153000",
                FID_INPUT_DATE_1="20261126", FID_PW_DATA_INCU_YN="N",
            )
        ).json()["output2"]  # fmt: skip
        assert (len(past), past[0]["stck_cntg_hour"], past[0]["stck_bsop_date"]) == (120, "153000", "20261126")


@on_loop
async def test_rankings_rank() -> None:
    """Thirty at most, best first, of the board asked for."""
    async with simulator() as sim, Client(sim) as client:
        rows = (
            await client.get("/uapi/domestic-stock/v1/ranking/fluctuation", "FHPST01700000", fid_input_iscd="1001")
        ).json()["output"]
        rates = [float(one["prdy_ctrt"]) for one in rows]
        assert len(rates) == 30
        assert rates == sorted(rates, reverse=True)
        boards = {sim.market.quotes[one["stck_shrn_iscd"]].instrument.market.value for one in rows}
        assert boards == {"KOSDAQ"}
        caps = (await client.get("/uapi/domestic-stock/v1/ranking/market-cap", "FHPST01740000")).json()["output"]
        assert [int(one["data_rank"]) for one in caps] == list(range(1, 31))
        assert int(caps[0]["stck_avls"]) > int(caps[-1]["stck_avls"])


@on_loop
async def test_the_pace_of_calls_is_each_keys_own() -> None:
    """The second call of a second is refused to the mock key with 500 EGW00201; the real key goes on."""
    async with simulator(pace=Pace(prod=18, vps=1)) as sim, Client(sim, sim.vps) as mock, Client(sim) as real:
        ask = {"FID_INPUT_ISCD": SYMBOL}
        replies = [await mock.get(f"{QUOTES}/inquire-price", "FHKST01010100", **ask) for _ in range(2)]
        assert [one.status_code for one in replies] == [200, 500]
        assert replies[1].json()["msg_cd"] == "EGW00201"
        assert (await real.get(f"{QUOTES}/inquire-price", "FHKST01010100", **ask)).status_code == 200


@on_loop
async def test_unfilled_orders_end_with_the_session_and_their_cash_is_free_again() -> None:
    """After 15:30 nothing of the morning's order is left."""
    async with simulator() as sim, Client(sim) as client:
        lower, _, _ = limits(sim)
        await client.buy(10, lower)
        account = sim.account_of(sim.prod)
        assert account.free_cash(sim.market.desk.committed(account)) < 100_000_000
        sim.step_to(sim.at("15:31"))
        assert sim.market.desk.open_tickets() == []
        assert account.free_cash(()) == 100_000_000
        row = (await client.executions()).json()["output1"][0]
        assert (row["rmn_qty"], row["tot_ccld_qty"]) == ("0", "0")


@on_loop
async def test_an_order_in_the_opening_auction_is_filled_at_its_price() -> None:
    """Who offers the upper limit before the open pays the auction's price."""
    async with simulator("08:50") as sim, Client(sim) as client:
        _, _, upper = limits(sim)
        ack = await client.buy(10, upper)
        assert ack["rt_cd"] == "0"
        sim.step_to(sim.at("09:00"))
        row = (await client.executions()).json()["output1"][0]
        assert (row["tot_ccld_qty"], int(row["avg_prvs"])) == ("10", sim.market.quotes[SYMBOL].open)


@on_loop
async def test_a_sale_pays_fee_and_tax_and_shows_its_profit() -> None:
    """0.0140527 % commission and 0.20 % tax on KOSPI in 2026, cut to won; realised profit by stock has the real costs."""
    async with simulator(holdings={SYMBOL: (50, 90_000)}) as sim, Client(sim) as client:
        await client.order("TTTC0011U", PDNO=SYMBOL, ORD_DVSN="01", ORD_QTY="50", ORD_UNPR="0")
        account = sim.account_of(sim.prod)
        amount = sum(one.amount for one in account.booked if one.side is Side.SELL)
        row = (
            await client.get(
                f"{TRADING}/inquire-period-trade-profit", "TTTC8715R", INQR_STRT_DT="20261101", INQR_END_DT="20261130"
            )
        ).json()["output1"][0]
        assert (int(row["sll_amt"]), int(row["fee"]), int(row["tl_tax"])) == (
            amount,
            amount * 1_405_27 // 10**9,
            amount * 20 // 10_000,
        )
        assert int(row["rlzt_pfls"]) == amount - 50 * 90_000 - int(row["fee"]) - int(row["tl_tax"])
        held = (await client.get(f"{TRADING}/inquire-balance", "TTTC8434R")).json()["output1"]
        assert [(one["pdno"], one["hldg_qty"]) for one in held] == [(SYMBOL, "0")]
