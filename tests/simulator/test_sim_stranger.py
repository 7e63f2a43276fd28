"""A client of somebody else's making, which knows the protocol and not us: only the host is another one."""

from __future__ import annotations

import asyncio
import base64
import datetime as dt
import functools
import json
from collections.abc import Callable, Coroutine
from typing import Any

import httpx
import websockets
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from kats_core.simulator.server import Simulator, SimulatorConfig, session_start

DAY = dt.date(2026, 11, 27)


def on_loop(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Let a test run on an event loop of its own."""

    @functools.wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        asyncio.run(test(*args, **kwargs))

    return run


def config(**changes: Any) -> SimulatorConfig:
    return SimulatorConfig(start=session_start(DAY, dt.time(10, 0)), speed=0, **changes)


class Stranger:
    """Fifty lines that trade: a token, a header, a socket, a key of its own to open notices with."""

    def __init__(self, host: str, keys: Any) -> None:
        self.keys = keys
        self.http = httpx.AsyncClient(base_url=host, timeout=60)
        self.token = ""

    async def login(self) -> None:
        answer = await self.http.post(
            "/oauth2/tokenP",
            json={
                "grant_type": "client_credentials",
                "appkey": self.keys.app_key,
                "appsecret": self.keys.app_secret,
            },
        )
        self.token = answer.json()["access_token"]

    async def approval(self) -> str:
        answer = await self.http.post(
            "/oauth2/Approval",
            json={
                "grant_type": "client_credentials",
                "appkey": self.keys.app_key,
                "secretkey": self.keys.app_secret,
            },
        )
        return str(answer.json()["approval_key"])

    def headers(self, tr_id: str, tr_cont: str = "") -> dict[str, str]:
        return {
            "content-type": "application/json; charset=utf-8",
            "authorization": f"Bearer {self.token}",
            "appKey": self.keys.app_key,
            "appSecret": self.keys.app_secret,
            "tr_id": tr_id,
            "tr_cont": tr_cont,
            "custtype": "P",
        }

    async def get(self, path: str, tr_id: str, **params: str) -> httpx.Response:
        return await self.http.get(path, params=params, headers=self.headers(tr_id))

    async def post(self, path: str, tr_id: str, **body: str) -> dict[str, Any]:
        account = {"CANO": self.keys.account, "ACNT_PRDT_CD": self.keys.product}
        answer = await self.http.post(path, json=account | body, headers=self.headers(tr_id))
        return dict(answer.json())

    async def buy(self, symbol: str, quantity: int, price: int, tr_id: str = "TTTC0012U") -> dict[str, Any]:
        return await self.post(
            "/uapi/domestic-stock/v1/trading/order-cash",
            tr_id,
            PDNO=symbol,
            ORD_DVSN="00",
            ORD_QTY=str(quantity),
            ORD_UNPR=str(price),
        )

    async def balance(self) -> dict[str, Any]:
        answer = await self.get(
            "/uapi/domestic-stock/v1/trading/inquire-balance",
            "TTTC8434R",
            CANO=self.keys.account,
            ACNT_PRDT_CD=self.keys.product,
            AFHR_FLPR_YN="N",
            OFL_YN="",
            INQR_DVSN="02",
            UNPR_DVSN="01",
            FUND_STTL_ICLD_YN="N",
            FNCG_AMT_AUTO_RDPT_YN="N",
            PRCS_DVSN="00",
            CTX_AREA_FK100="",
            CTX_AREA_NK100="",
        )
        return dict(answer.json())


def opened(payload: str, key: str, iv: str) -> list[str]:
    """Open a notice as the broker's documentation says, without any of our code."""
    decryptor = Cipher(algorithms.AES(key.encode()), modes.CBC(iv.encode())).decryptor()
    padded = decryptor.update(base64.b64decode(payload)) + decryptor.finalize()
    return padded[: -padded[-1]].decode().split("^")


@on_loop
async def test_a_stranger_logs_in_buys_and_reads_the_fill_and_the_balance() -> None:
    """Token, approval key, notices, an order, its acceptance and its fill decrypted, the shares in the balance."""
    async with Simulator(config()) as sim:
        client = Stranger(sim.rest_url, sim.prod)
        await client.login()
        key = await client.approval()
        async with websockets.connect(f"{sim.ws_url}/tryitout") as socket:
            request = {
                "header": {"approval_key": key, "custtype": "P", "tr_type": "1", "content-type": "utf-8"},
                "body": {"input": {"tr_id": "H0STCNI0", "tr_key": sim.prod.hts_id}},
            }
            await socket.send(json.dumps(request))
            ack = json.loads(await socket.recv())
            assert (ack["header"]["encrypt"], ack["body"]["msg_cd"]) == ("Y", "OPSP0000")
            output = ack["body"]["output"]
            quote = (
                await client.get(
                    "/uapi/domestic-stock/v1/quotations/inquire-asking-price-exp-ccn",
                    "FHKST01010200",
                    fid_cond_mrkt_div_code="J",
                    fid_input_iscd="990010",
                )
            ).json()["output1"]
            price, size = int(quote["askp1"]), int(quote["askp_rsqn1"])
            quantity = min(size, 10)
            order = await client.buy("990010", quantity, price)
            assert (order["rt_cd"], order["msg_cd"]) == ("0", "APBK0013")
            number = order["output"]["ODNO"]
            texts = [await asyncio.wait_for(socket.recv(), 60) for _ in range(2)]
            notices = [opened(str(text).split("|", 3)[3], output["key"], output["iv"]) for text in texts]
            assert [(one[2], one[13], one[14], len(one)) for one in notices] == [
                (number, "1", "1", 26),
                (number, "2", "2", 26),
            ]
            assert (int(notices[1][9]), int(notices[1][10]), notices[1][8]) == (quantity, price, "990010")
            balance = await client.balance()
            row = balance["output1"][0]
            assert (row["pdno"], int(row["hldg_qty"]), float(row["pchs_avg_pric"])) == ("990010", quantity, price)
            cash = int(balance["output2"][0]["prvs_rcdl_excc_amt"])
            assert 0 < 100_000_000 - cash - quantity * price < 1_000
        await client.http.aclose()
