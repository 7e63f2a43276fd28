"""Serve the broker's REST services on aiohttp, which writes the ordinary headers in Title-Case as clients expect."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import msgspec
from aiohttp import web

from kats_core.simulator import account, charts, info, orders, quotes, rankings  # noqa: F401 (they register their handlers)
from kats_core.simulator.calls import HANDLERS, Call, invalid, quoted, told
from kats_core.simulator.catalogue import Service, service_of
from kats_core.simulator.faults import Fault, FaultKind
from kats_core.simulator.gateway import Answer, error, hash_of
from kats_core.simulator.keys import ClientKeys

if TYPE_CHECKING:
    from kats_core.simulator.server import Simulator

_PAGED = frozenset({"inquire_psbl_rvsecncl", "inquire_daily_ccld", "inquire_balance", "inquire_balance_rlz_pl",
    "inquire_account_balance", "inquire_period_profit", "inquire_period_trade_profit", "chk_holiday", "period_rights",
    "order_resv_ccnl", "ksdinfo_dividend"})  # fmt: skip
_OF_A_STOCK = frozenset({"inquire_price", "inquire_price_2", "inquire_asking_price_exp_ccn", "inquire_ccnl", "inquire_investor",
    "inquire_time_itemconclusion", "inquire_daily_price", "inquire_daily_itemchartprice", "inquire_time_itemchartprice",
    "inquire_time_dailychartprice"})  # fmt: skip
_MARKETS = frozenset({"", "J", "NX", "UN", "W", "U"})
_HTML = "<html><head><title>502 Bad Gateway</title></head><body>Bad Gateway</body></html>"
_NEVER = 3_600.0
_MAINTENANCE = "시스템 점검중입니다. 잠시 후 다시 이용하시기 바랍니다."


class RestServer:
    """The gateway's HTTP face."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self._hanging: set[asyncio.Event] = set()

    def routes(self) -> list[web.RouteDef]:
        """Return the routes; the path of a service is secondary to its transaction id."""
        return [web.route("*", "/{path:.*}", self._handle)]

    def close(self) -> None:
        """Let go of clients that wait for an answer that never comes."""
        for event in self._hanging:
            event.set()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        path = "/" + "/".join(part for part in request.path.split("/") if part)
        headers = {name.lower(): value.strip() for name, value in request.headers.items()}
        sim = self._simulator
        sim.catch_up()
        match path:
            case "/oauth2/tokenP" | "/oauth2/revokeP" | "/oauth2/Approval" | "/uapi/hashkey":
                return await self._oauth(request, path, headers)
        if path.startswith("/common/master/"):
            return self._master(path)
        found = service_of(headers.get("tr_id", ""))
        service = found[0] if found is not None else None
        names = [path, headers.get("tr_id", "")] + ([] if service is None else [service.name])
        fault = sim.faults.of_call(*names)
        early = await self._before(request, fault)
        if early is not None:
            return early
        answer = await self._answer(request, headers, path, found, fault)
        return await self._after(request, headers, answer, fault, service)

    async def _oauth(self, request: web.Request, path: str, headers: Mapping[str, str]) -> web.StreamResponse:
        sim = self._simulator
        fault = sim.faults.of_call(path)
        early = await self._before(request, fault)
        if early is not None:
            return early
        body = await _json(request)
        if body is None:
            return self._reply(error("EGW00202"), headers)
        now = sim.gateway_clock.now()
        match path:
            case "/oauth2/tokenP":
                answer = sim.gateway.issue_token(now, body)
            case "/oauth2/revokeP":
                answer = sim.gateway.revoke(body)
            case "/oauth2/Approval":
                answer = sim.gateway.approve(now, body)
            case _:
                answer = sim.gateway.hash_key(headers, body)
        return await self._after(request, headers, answer, fault, None)

    async def _answer(
        self,
        request: web.Request,
        headers: Mapping[str, str],
        path: str,
        found: tuple[Service, bool] | None,
        fault: Fault | None,
    ) -> Answer:
        sim = self._simulator
        if fault is not None and fault.kind is FaultKind.STALE_TOKEN:
            return error("EGW00123", sim.gateway.status_of_token_errors)
        is_ledger = found is not None and found[0].is_ledger
        keys = sim.gateway.admit(sim.gateway_clock.now(), headers, is_ledger=is_ledger)
        if isinstance(keys, Answer):
            return keys
        if fault is not None and fault.kind is FaultKind.ERROR:
            return error(fault.code, fault.status)
        wrong = _misplaced(found, keys, headers.get("tr_id", ""))
        if wrong is not None or found is None:
            return wrong or error("OPSQ0002", 200)
        given = await self._given(request)
        if given is None:
            return error("EGW00202")
        if "hashkey" in headers and headers["hashkey"] and request.method == "POST":
            body = await _json(request)
            if body is not None and headers["hashkey"] != hash_of(body):
                return error("EGW00131")
        return self._served(found[0], keys, headers, given, fault)

    def _served(
        self,
        service: Service,
        keys: ClientKeys,
        headers: Mapping[str, str],
        given: Mapping[str, str],
        fault: Fault | None,
    ) -> Answer:
        sim = self._simulator
        owned = sim.account_of(keys)
        if service.is_ledger:
            if given.get("CANO", "").strip() != owned.number:
                return invalid("OPSQ2000", "ERROR : INPUT INVALID_CHECK_ACNO")
            if given.get("ACNT_PRDT_CD", "").strip() != owned.product:
                return invalid("APAC0081", "계좌번호 입력 오류입니다", "7")
        call = Call(sim.market, owned, keys, service, headers["tr_id"], given, headers.get("tr_cont", ""), fault)
        if fault is not None and fault.kind is FaultKind.EMPTY:
            return quoted(**service.empty())
        missing = _missing(service, given)
        if missing is not None:
            return missing
        handler = HANDLERS.by_name.get(service.name)
        if handler is not None:
            return handler(call)
        # Of what this market does not know the broker would have rows; it has none, and says so in the right shape.
        return told(call, tr_cont="D", **service.empty()) if service.is_ledger else quoted(**service.empty())

    async def _given(self, request: web.Request) -> dict[str, str] | None:
        """Return the parameters with names in upper case; None for a body that is no JSON object."""
        pairs: dict[str, Any] = dict(parse_qsl(request.query_string, keep_blank_values=True))
        if request.method == "POST":
            body = await _json(request)
            if body is None:
                return None
            pairs |= body
        return {str(name).upper(): "" if value is None else str(value) for name, value in pairs.items()}

    async def _before(self, request: web.Request, fault: Fault | None) -> web.StreamResponse | None:
        """Let go wrong what goes wrong before a call is looked at."""
        if fault is None:
            return None
        match fault.kind:
            case FaultKind.LATENCY:
                await asyncio.sleep(fault.wait)
            case FaultKind.TIMEOUT_BEFORE:
                return await self._hang(request, fault)
            case FaultKind.RESET:
                _reset(request)
                return web.Response()
            case FaultKind.HTML:
                return web.Response(status=502, text=_HTML, content_type="text/html")
            case FaultKind.MAINTENANCE:
                return self._reply(error(fault.code, fault.status, _MAINTENANCE), {})
        return None

    async def _after(
        self,
        request: web.Request,
        headers: Mapping[str, str],
        answer: Answer,
        fault: Fault | None,
        service: Service | None,
    ) -> web.StreamResponse:
        """Let go wrong what goes wrong after a call was carried out."""
        if fault is not None and fault.kind is FaultKind.TIMEOUT_AFTER:
            return await self._hang(request, fault)
        if fault is not None and fault.kind is FaultKind.ERROR_AFTER:
            code = fault.code if fault.code != "EGW00001" else "EGW00302"
            return self._reply(error(code, fault.status), headers)
        if fault is not None and fault.kind is FaultKind.LATE_ANSWER:
            await asyncio.sleep(fault.wait)
        is_paged = service is not None and service.name in _PAGED
        return self._reply(answer, headers, is_paged=is_paged)

    async def _hang(self, request: web.Request, fault: Fault) -> web.StreamResponse:
        """Say nothing for so long, then drop the connection."""
        event = asyncio.Event()
        self._hanging.add(event)
        try:
            async with asyncio.timeout(fault.wait or _NEVER):
                await event.wait()
        except TimeoutError:
            pass
        finally:
            self._hanging.discard(event)
        _reset(request)
        return web.Response()

    def _reply(self, answer: Answer, headers: Mapping[str, str], *, is_paged: bool = False) -> web.Response:
        tr_cont = answer.tr_cont or ("D" if is_paged else "")
        text = headers.get("tr_id", "")
        unique = hashlib.sha256(f"{self._simulator.count_reply()} {text}".encode()).hexdigest()[:32]
        own = {"tr_id": text, "tr_cont": tr_cont, "gt_uid": unique, "Server": "KATS simulator"}
        return web.Response(
            status=answer.status,
            body=msgspec.json.encode(answer.body),
            headers=own,
            content_type="application/json",
            charset="utf-8",
        )

    def _master(self, path: str) -> web.Response:
        content = self._simulator.master(path.rsplit("/", 1)[-1])
        if content is None:
            return web.Response(status=404, text="Not Found")
        return web.Response(body=content, content_type="application/octet-stream")


def _missing(service: Service, given: Mapping[str, str]) -> Answer | None:
    """Return what the query server says to a quotation without a stock or of an unknown market."""
    if service.name not in _OF_A_STOCK:
        return None
    if not given.get("FID_INPUT_ISCD", "").strip():
        return invalid("OPSQ2001", "ERROR INVALID INPUT_FILED NOT FOUND(FID_INPUT_ISCD)")
    if given.get("FID_COND_MRKT_DIV_CODE", "J").strip().upper() not in _MARKETS:
        return invalid("OPSQ2001", "ERROR : INPUT INVALID_CHECK_MRKT_DIV_CODE")
    return None


def _misplaced(found: tuple[Service, bool] | None, keys: ClientKeys, tr_id: str) -> Answer | None:
    """Return what a server says to a transaction id that is the other one's, or nobody's."""
    if found is None:
        looks_real = tr_id[:1] in ("T", "C") and keys.is_mock
        return error("EGW02006") if looks_real else error("OPSQ0002", 200)
    service, is_of_mock = found
    if not keys.is_mock and is_of_mock:
        return error("OPSQ0002", 200)
    if keys.is_mock and tr_id not in service.vps:
        return error("EGW02006")
    return None


async def _json(request: web.Request) -> dict[str, Any] | None:
    """Return the body, None where it is no JSON object."""
    try:
        body = msgspec.json.decode(await request.read())
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return body if isinstance(body, dict) else None


def _reset(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()
