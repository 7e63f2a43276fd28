"""What the simulator sends, against the lists of the broker's fields, without a line of our own codec."""

from __future__ import annotations

import asyncio
import csv
import datetime as dt
import functools
import io
import json
import zipfile
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import websockets

from kats_core.simulator.gateway import Pace
from kats_core.simulator.server import Simulator, SimulatorConfig, session_start
from kats_core.simulator.texts import Widths

pytestmark = pytest.mark.realdata

LISTS = Path(__file__).resolve().parents[3] / "shared" / "kis"
DAY = dt.date(2026, 11, 27)
SYMBOL = "990030"
NO_LIMITS = Pace(prod=None, vps=None, token_every=0.0)

if not LISTS.is_dir():
    pytest.skip("the broker's lists of fields are not here", allow_module_level=True)


connect = functools.partial(websockets.connect, max_queue=None)
"""A socket that reads on while nobody takes what it has read."""


def on_loop(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Let a test run on an event loop of its own."""

    @functools.wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        asyncio.run(test(*args, **kwargs))

    return run


def listed(folder: str, name: str) -> list[dict[str, str]]:
    with (LISTS / folder / f"{name}.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def calls() -> Iterator[tuple[str, str, str, str]]:
    """Yield (field list, method, path, transaction id) from the broker's pages."""
    import re

    for page in ("rest_orders_account.md", "rest_quotes.md", "rest_rank_info_finance.md"):
        for section in (LISTS / page).read_text(encoding="utf-8").split("\n### ")[1:]:
            head = re.search(r"`(GET|POST) (/uapi/\S+)` — prod `([^`]*)`", section)
            fields = re.search(r"rest_fields/(\w+)\.csv", section)
            if head and fields:
                ids = re.findall(r"[A-Z]{3,5}[0-9A-Z]{6,9}", head[3])
                yield fields[1], head[1], head[2], ids[0]


CALLS = list(calls())
HANDLED_BY_ORDERS = {"order_cash", "order_rvsecncl", "order_credit", "order_resv", "order_resv_rvsecncl"}


def config(**changes: Any) -> SimulatorConfig:
    settings: dict[str, Any] = {
        "start": session_start(DAY, dt.time(10, 0)),
        "speed": 0,
        "pace": NO_LIMITS,
        "holdings": {SYMBOL: (50, 100_000)},
    }
    return SimulatorConfig(**(settings | changes))


async def a_client(sim: Simulator) -> tuple[httpx.AsyncClient, dict[str, str]]:
    http = httpx.AsyncClient(base_url=sim.rest_url, timeout=20)
    keys = sim.prod
    body = {"grant_type": "client_credentials", "appkey": keys.app_key, "appsecret": keys.app_secret}
    token = (await http.post("/oauth2/tokenP", json=body)).json()["access_token"]
    headers = {
        "authorization": f"Bearer {token}",
        "appkey": keys.app_key,
        "appsecret": keys.app_secret,
        "custtype": "P",
        "content-type": "application/json; charset=utf-8",
    }
    return http, headers


def parameters(sim: Simulator) -> dict[str, str]:
    """One set for all services: none of them minds parameters of others."""
    return {
        "CANO": sim.prod.account,
        "ACNT_PRDT_CD": sim.prod.product,
        "PDNO": SYMBOL,
        "FID_COND_MRKT_DIV_CODE": "J",
        "FID_INPUT_ISCD": SYMBOL,
        "FID_INPUT_ISCD_1": SYMBOL,
        "FID_PERIOD_DIV_CODE": "D",
        "FID_INPUT_HOUR_1": "",
        "ORD_DVSN": "01",
        "INQR_DVSN": "00",
        "MKSC_SHRN_ISCD": SYMBOL,
    }


@on_loop
async def test_every_reply_has_the_documented_fields_in_their_order() -> None:
    """Each service of the broker's pages answers with the blocks, the shapes and the fields that its list names."""
    assert len(CALLS) > 60
    async with Simulator(config()) as sim:
        http, headers = await a_client(sim)
        order = {"PDNO": SYMBOL, "ORD_DVSN": "01", "ORD_QTY": "1", "ORD_UNPR": "0"}
        for tr_id in ("TTTC0012U", "TTTC0011U"):
            reply = await http.post(
                "/uapi/domestic-stock/v1/trading/order-cash",
                json=parameters(sim) | order,
                headers=headers | {"tr_id": tr_id},
            )
            assert reply.json()["rt_cd"] == "0", reply.text
        resting = {
            "PDNO": SYMBOL,
            "ORD_DVSN": "00",
            "ORD_QTY": "1",
            "ORD_UNPR": str(sim.market.quotes[SYMBOL].limits.lower),
        }
        await http.post(
            "/uapi/domestic-stock/v1/trading/order-cash",
            json=parameters(sim) | resting,
            headers=headers | {"tr_id": "TTTC0012U"},
        )
        empty = []
        for name, method, path, tr_id in CALLS:
            if name in HANDLED_BY_ORDERS:
                continue
            index = {"FID_INPUT_ISCD": "0001"} if "index" in name else {}
            reply = await http.request(method, path, params=parameters(sim) | index, headers=headers | {"tr_id": tr_id})
            body = reply.json()
            assert (reply.status_code, body["rt_cd"]) == (200, "0"), (name, body)
            empty += check_reply(name, body)
        await http.aclose()
    assert "inquire_price" not in empty
    assert set(empty) <= EMPTY, set(empty) - EMPTY


EMPTY = {
    "order_resv_ccnl", "period_rights", "foreign_institution_total", "investor_trade_by_stock_daily",
    "investor_trend_estimate", "program_trade_by_stock", "finance_ratio_ranking", "dividend_rate_ranking",
    "credit_by_company", "daily_credit_balance", "news_title", "ksdinfo_dividend", "ksdinfo_rev_split", "ksdinfo_bonus_issue",
    "ksdinfo_paidin_capin", "ksdinfo_cap_dcrs", "ksdinfo_merger_split", "finance_balance_sheet", "finance_profit_ratio",
    "finance_stability_ratio", "finance_other_major_ratios", "estimate_perform",
    "inquire_vi_status",
}  # fmt: skip
"""Services of which this market has no rows: they answer with an empty list in the right shape."""


def check_reply(name: str, body: dict[str, Any]) -> list[str]:
    """Hold a reply to its list; return the name where a list of rows is empty."""
    blocks: dict[str, tuple[str, list[str]]] = {}
    for row in listed("rest_fields", name):
        if row["block"] == "(top)":
            assert row["name"] in body, (name, row["name"])
            continue
        blocks.setdefault(row["block"], (row["block_shape"], []))[1].append(row["name"])
    is_empty = []
    for block, (shape, names) in blocks.items():
        found = body[block]
        if shape.startswith("object"):
            rows = [found]
        else:
            assert isinstance(found, list), (name, block)
            rows = found
            is_empty += [] if rows else [name]
        for row in rows:
            assert list(row) == names, (name, block, set(names) ^ set(row))
            assert all(isinstance(value, str) for value in row.values()), (name, row)
    return is_empty


def wanted(stream: str, widths: Widths) -> list[str]:
    """Return the broker's names of a record's fields under these widths."""
    is_current = widths.trade == 47
    name = stream
    if stream in ("H0STCNT0", "H0STASP0", "H0STANC0") and is_current:
        name = f"{stream}_202609"
    if stream == "H0STCNI0" and widths.notice == 23:
        name = "H0STCNI0_legacy23"
    return [row["name"] for row in listed("ws_fields", name)]


async def registered(sim: Simulator, socket: Any, http: httpx.AsyncClient, *wishes: tuple[str, str]) -> dict[str, Any]:
    body = {"grant_type": "client_credentials", "appkey": sim.prod.app_key, "secretkey": sim.prod.app_secret}
    key = (await http.post("/oauth2/Approval", json=body)).json()["approval_key"]
    output: dict[str, Any] = {}
    for stream, tr_key in wishes:
        header = {"approval_key": key, "custtype": "P", "tr_type": "1", "content-type": "utf-8"}
        await socket.send(json.dumps({"header": header, "body": {"input": {"tr_id": stream, "tr_key": tr_key}}}))
    while len([True for _ in output]) < len(wishes):
        text = await asyncio.wait_for(socket.recv(), 60)
        if text.startswith("{"):
            message = json.loads(text)
            assert message["body"]["rt_cd"] == "0", text
            output[message["header"]["tr_id"]] = message["body"]["output"]
    return output


def opened(payload: str, key: str, iv: str) -> str:
    import base64

    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    decryptor = Cipher(algorithms.AES(key.encode()), modes.CBC(iv.encode())).decryptor()
    padded = decryptor.update(base64.b64decode(payload)) + decryptor.finalize()
    return padded[: -padded[-1]].decode()


async def drained(sim: Simulator, socket: Any) -> list[str]:
    """Return what has been sent by now; the answer to a ping comes behind it."""
    texts = []
    await sim.flushed()
    await (await socket.ping())
    while True:
        try:
            texts.append(await asyncio.wait_for(socket.recv(), 0.01))
        except TimeoutError:
            return texts


@pytest.mark.parametrize("text", ["47/63/26", "46/59/26", "46/59/23"])
def test_every_record_is_as_wide_as_its_profile_and_its_fields_stand_where_they_should(text: str) -> None:
    """Trades, books, expected prices, market status, an index and notices, from before the open into the session."""

    async def go() -> None:
        widths = Widths.parse(text)
        async with Simulator(config(start=session_start(DAY, dt.time(8, 55)), widths=widths)) as sim:
            http, headers = await a_client(sim)
            async with connect(sim.ws_url) as socket:
                streams = ("H0STCNT0", "H0STASP0", "H0STANC0", "H0STMKO0")
                keys = await registered(
                    sim,
                    socket,
                    http,
                    *((one, SYMBOL) for one in streams),
                    ("H0UPCNT0", "0001"),
                    ("H0STCNI0", sim.prod.hts_id),
                )
                sim.step_to(sim.at("09:02"))
                await http.post(
                    "/uapi/domestic-stock/v1/trading/order-cash",
                    json=parameters(sim) | {"PDNO": SYMBOL, "ORD_DVSN": "01", "ORD_QTY": "2", "ORD_UNPR": "0"},
                    headers=headers | {"tr_id": "TTTC0012U"},
                )
                seen: dict[str, list[dict[str, str]]] = {}
                for frame in await drained(sim, socket):
                    flag, stream, count, payload = frame.split("|", 3)
                    if flag == "1":
                        payload = opened(payload, keys[stream]["key"], keys[stream]["iv"])
                    names = wanted(stream, widths)
                    fields = payload.split("^")
                    assert len(fields) == len(names) * int(count), (stream, len(fields), len(names), count)
                    for start in range(0, len(fields), len(names)):
                        seen.setdefault(stream, []).append(
                            dict(zip(names, fields[start : start + len(names)], strict=True))
                        )
            await http.aclose()
        assert set(seen) == {*streams, "H0UPCNT0", "H0STCNI0"}
        check_trades(seen["H0STCNT0"])
        check_books(seen["H0STASP0"])
        assert {one["CNTG_YN"] for one in seen["H0STCNI0"]} == {"1", "2"}
        assert {one["STCK_SHRN_ISCD"] for one in seen["H0STCNI0"]} == {SYMBOL}
        assert "112" in {one["MKOP_CLS_CODE"] for one in seen["H0STMKO0"]}
        assert all(float(one["PRPR_NMIX"]) > 100 for one in seen["H0UPCNT0"])
        assert {one["HOUR_CLS_CODE"] for one in seen["H0STANC0"]} == {"B"}

    asyncio.run(go())


def check_trades(trades: list[dict[str, str]]) -> None:
    """Volume and value add up, prices are inside the day's range, the first one is the auction's."""
    volume = value = 0
    assert trades[0]["CCLD_DVSN"] == "3"
    for one in trades:
        volume += int(one["CNTG_VOL"])
        value += int(one["CNTG_VOL"]) * int(one["STCK_PRPR"])
        assert (int(one["ACML_VOL"]), int(one["ACML_TR_PBMN"])) == (volume, value)
        assert int(one["STCK_LWPR"]) <= int(one["STCK_PRPR"]) <= int(one["STCK_HGPR"])
        assert one["NEW_MKOP_CLS_CODE"][0] in "1234"
        assert len(one["OPRC_HOUR"]) == len(one["HGPR_HOUR"]) == len(one["LWPR_HOUR"]) == 6
        assert one["BSOP_DATE"] == "20261127"
        assert one["PRDY_VRSS_SIGN"] in "12345"
        assert one["STCK_OPRC"] == trades[0]["STCK_PRPR"]


def check_books(books: list[dict[str, str]]) -> None:
    """Asks rise, bids fall, nothing crosses; totals are sums; before the open an expected price is shown."""
    for one in books:
        asks = [int(one[f"ASKP{n}"]) for n in range(1, 11) if int(one[f"ASKP{n}"])]
        bids = [int(one[f"BIDP{n}"]) for n in range(1, 11) if int(one[f"BIDP{n}"])]
        assert asks == sorted(set(asks))
        assert bids == sorted(set(bids), reverse=True)
        assert not asks or not bids or bids[0] < asks[0]
        assert int(one["TOTAL_ASKP_RSQN"]) == sum(int(one[f"ASKP_RSQN{n}"]) for n in range(1, 11))
    assert any(one["HOUR_CLS_CODE"] == "B" and int(one["ANTC_CNPR"]) for one in books)
    assert any(one["HOUR_CLS_CODE"] == "0" and int(one["ASKP10"]) and int(one["BIDP10"]) for one in books)


@on_loop
async def test_master_files_are_cut_as_their_lists_say() -> None:
    """Every line has the width of its layout, cut by bytes of cp949; codes, names and base prices are those of the market."""
    async with Simulator(config()) as sim, httpx.AsyncClient() as http:
        found = {}
        for name, width in (("kospi_code", 288), ("kosdaq_code", 282)):
            reply = await http.get(f"{sim.master_url}/{name}.mst.zip")
            content = zipfile.ZipFile(io.BytesIO(reply.content)).read(f"{name}.mst")
            fields = listed("mst_fields", name)
            for line in content.split(b"\n")[:-1]:
                assert len(line) == width
                row = {
                    one["name"]: line[int(one["byte_offset"]) : int(one["byte_offset"]) + int(one["bytes"])]
                    .decode("cp949")
                    .strip()
                    for one in fields
                }
                found[row["mksc_shrn_iscd"]] = row
        assert len(found) == 61
        quote = sim.market.quotes[SYMBOL]
        row = found[SYMBOL]
        assert (row["hts_kor_isnm"], int(row["stck_sdpr"])) == (quote.instrument.name, quote.limits.base)
        assert row["scrt_grp_cls_code"] == "ST"
        assert int(row["marg_rate"]) in (20, 30, 40, 50, 60, 100)
        assert (await http.get(f"{sim.master_url}/other.mst.zip")).status_code == 404
