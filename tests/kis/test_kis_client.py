"""What the client makes of the broker's answers, whatever they are: what is repeated, what is unknown, what people read."""

from __future__ import annotations

import asyncio
import itertools
import logging
import random
import time
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest

from kats_core.kis.auth import Authority
from kats_core.kis.client import MOST_PAGES, Accepted, Client, NotSent, Outcome, Refused, Unknown, open_client
from kats_core.kis.errors import (
    AccountError,
    BusyError,
    ClosedError,
    CredentialsError,
    KisError,
    MaintenanceError,
    NotSentError,
    PagingError,
    RefusedError,
    UnreachableError,
    UnreadableError,
    WithdrawnError,
    WrongEnvironmentError,
)
from kats_core.kis.limiter import Lane, Limiter
from kats_core.kis.pacer import Pacer
from kats_core.kis.transport import Transport
from kats_core.kis.wire.account import AskBalance
from kats_core.kis.wire.codes import BY_CODE, ReplyClass
from kats_core.kis.wire.endpoints import BALANCE, BUY, OPEN_ORDERS, PRICE
from kats_core.kis.wire.orders import Account, OrderAck, PlaceOrder
from kats_core.kis.wire.quotes import AskPrice
from kats_core.kis.wire.rest import Reply, Request
from kats_core.market.phases import BoardOrder
from kats_core.model.kinds import Side
from kats_core.model.time import SECOND

QUOTE, ORDER, ACCOUNT = PRICE.path, BUY.path, BALANCE.path
PRICED = {"rt_cd": "0", "msg_cd": "MCA00000", "msg1": "정상처리 되었습니다.", "output": {"stck_prpr": "71500"}}
TAKEN = {
    "rt_cd": "0",
    "msg_cd": "APBK0013",
    "msg1": "주문 전송 완료 되었습니다.",
    "output": {"KRX_FWDG_ORD_ORGNO": "00950", "ODNO": "0000085100", "ORD_TMD": "094414"},
}
ASK = Request(PRICE, {"FID_COND_MRKT_DIV_CODE": "J", "FID_INPUT_ISCD": "005930"})
HOLDER = Account(number="81382087", product="01")
BUYING = PlaceOrder(
    account=HOLDER, side=Side.BUY, symbol="005930", quantity=10, price=71_500, division=BoardOrder.LIMIT
)
HOLDINGS = Request(BALANCE, {"CANO": "81382087", "CTX_AREA_FK100": "", "CTX_AREA_NK100": ""})


def says(code: str, message: str = "", result: str = "1") -> dict[str, str]:
    return {"rt_cd": result, "msg_cd": code, "msg1": message}


def run(broker: Any, scenario: Callable[[Client], Awaitable[None]], **changes: Any) -> None:
    """Let a client with no pace of its own talk to the broker."""

    async def whole() -> None:
        async with broker:
            keys = broker.keys(**changes)
            async with Transport(keys.rest_url, answer_s=broker.patience_s) as transport:
                authority = Authority(keys, broker.home, transport, clock=broker.clock, sleep=broker.sleep)
                pacer = Pacer(Limiter(10_000, ceiling=20_000), clock=itertools.count(0, SECOND).__next__)
                await scenario(Client(keys, transport, authority, pacer, sleep=broker.sleep))

    asyncio.run(whole())


def sent(broker: Any, *steps: Any, lane: Lane = Lane.ENTRY, **changes: Any) -> Outcome[OrderAck]:
    """Return what becomes of an order that is answered so."""
    found: list[Outcome[OrderAck]] = []

    async def scenario(client: Client) -> None:
        broker.on(ORDER, *steps)
        found.append(await client.order(BUYING, lane=lane))

    run(broker, scenario, **changes)
    return found[0]


def asked(broker: Any, *steps: Any, **changes: Any) -> Reply:
    """Return the reply to a question that is answered so."""
    found: list[Reply] = []

    async def scenario(client: Client) -> None:
        broker.on(QUOTE, *steps)
        found.append(await client.read(ASK))

    run(broker, scenario, **changes)
    return found[0]


def test_a_question_carries_what_the_broker_wants(broker: Any) -> None:
    """The headers of `kis/README.md` section 3.1, parameters in the query."""
    assert asked(broker, PRICED).block("output") == {"stck_prpr": "71500"}
    (call,) = broker.asked_of(QUOTE)
    assert (call.method, dict(call.query)) == ("GET", ASK.params)
    assert call.headers["authorization"] == "Bearer token-1"
    assert call.headers["content-type"] == "application/json; charset=utf-8"
    assert (call.headers["tr_id"], call.headers["custtype"], call.headers["tr_cont"]) == ("FHKST01010100", "P", "")
    assert (len(call.headers["appkey"]), len(call.headers["appsecret"])) == (36, 180)


@pytest.mark.parametrize(("env", "tr"), [("prod", "TTTC0012U"), ("vps", "VTTC0012U")])
def test_an_order_carries_its_parameters_in_the_body_and_the_id_of_its_server(broker: Any, env: str, tr: str) -> None:
    """The mock server has ids of its own."""
    outcome = sent(broker, TAKEN, env=env)
    assert isinstance(outcome, Accepted)
    assert outcome.answer.ack.number == "0000085100"
    (call,) = broker.asked_of(ORDER)
    assert (call.method, call.json, call.headers["tr_id"]) == ("POST", BUYING.request().params, tr)
    assert "hashkey" not in call.headers


@pytest.mark.parametrize(
    ("code", "status"), [("EGW00121", 200), ("EGW00122", 401), ("EGW00123", 403), ("EGW00123", 500)]
)
def test_a_token_that_is_not_taken_is_renewed_once_whatever_the_status(broker: Any, code: str, status: int) -> None:
    """The body decides; and a second refusal is the end."""
    expired = broker.says(says(code, "기간이 만료된 token 입니다."), status)

    async def scenario(client: Client) -> None:
        await client.authority.token()
        broker.now += 120 * SECOND
        broker.on(QUOTE, expired, PRICED)
        assert (await client.read(ASK)).is_done
        broker.now += 120 * SECOND
        broker.on(ORDER, expired, TAKEN)
        assert isinstance(await client.order(BUYING, lane=Lane.ENTRY), Accepted)
        broker.now += 120 * SECOND
        broker.on(QUOTE, expired)
        with pytest.raises(CredentialsError, match=code):
            await client.read(ASK)

    run(broker, scenario)
    tokens = [call.headers["authorization"] for call in broker.asked_of(ORDER)]
    assert tokens == ["Bearer token-2", "Bearer token-3"]
    assert len(broker.asked_of(QUOTE)) == 4


def test_an_order_does_not_wait_a_minute_for_a_token(broker: Any) -> None:
    """Its price grows old: it is refused, and nothing of it lives at the broker."""
    outcome = sent(broker, broker.says(says("EGW00123"), 500))
    assert isinstance(outcome, Refused)
    assert outcome.kind is ReplyClass.TOKEN
    assert (len(broker.asked_of(ORDER)), broker.slept) == (1, [])


@pytest.mark.parametrize("word", ["EGW00120", "EGW00126"])
def test_other_errors_with_the_same_words_renew_nothing(broker: Any, word: str) -> None:
    """Whoever matched 만료 or token doubled orders."""
    outcome = sent(broker, broker.says(says(word, "기간이 만료된 token 입니다."), 500))
    assert isinstance(outcome, Refused)
    assert len(broker.asked_of("/oauth2/tokenP")) == 1
    assert len(broker.asked_of(ORDER)) == 1


@pytest.mark.parametrize(("code", "status"), [("EGW00201", 200), ("EGW00201", 500), ("EGW00215", 500)])
def test_too_many_calls_are_sent_again_after_a_while(broker: Any, code: str, status: int) -> None:
    """After 0.2, 0.5 and 1 s; the gateway refused before the order desk, so an order, too."""
    refused = broker.says(says(code, "초당 거래건수를 초과하였습니다."), status)
    assert isinstance(sent(broker, refused, refused, refused, TAKEN), Accepted)
    assert broker.slept == [0.2, 0.5, 1.0]
    broker.slept.clear()
    assert asked(broker, refused, refused, PRICED).is_done
    assert broker.slept == [0.2, 0.5]


@pytest.mark.parametrize(("lane", "calls"), [(Lane.ENTRY, 4), (Lane.EXIT, 11)])
def test_an_exit_is_tried_longer_than_an_entry(broker: Any, lane: Lane, calls: int) -> None:
    """Three repetitions and ten (`spec/orders.md` section 5)."""
    outcome = sent(broker, broker.says(says("EGW00201"), 500), lane=lane)
    assert isinstance(outcome, Refused)
    assert outcome.kind is ReplyClass.RATE
    assert len(broker.asked_of(ORDER)) == calls


TROUBLES: list[Any] = [
    ("cut", UnreachableError),
    ("silent", UnreachableError),
    ("<html>502 Bad Gateway</html>", UnreadableError),
    ("", UnreadableError),
    ("[1, 2]", UnreadableError),
    (says("EGW00301", "연결 시간이 초과되었습니다. 직전 거래를 반드시 확인하세요."), BusyError),
    (says("EGW00302", "거래시간이 초과되었습니다. 직전 거래를 반드시 확인하세요."), BusyError),
    (says("EGW00001", "일시적 오류가 발생했습니다."), BusyError),
    (says("90020000", "모의투자 서비스가 지연되고 있습니다"), BusyError),
    (says("IGW00009"), BusyError),
    ({"rt_cd": "1", "msg_cd": "", "msg1": ""}, BusyError),
]


def step(broker: Any, trouble: Any) -> Any:
    if trouble == "silent":
        return broker.silenced()
    return broker.cut if trouble == "cut" else broker.says(trouble, 500)


@pytest.mark.parametrize(("trouble", "error"), TROUBLES)
def test_a_question_is_asked_again_when_way_or_broker_fail(broker: Any, trouble: Any, error: type[KisError]) -> None:
    """Twice; then it is told."""
    assert asked(broker, step(broker, trouble), step(broker, trouble), PRICED).is_done
    broker.asked.clear()
    with pytest.raises(error):
        asked(broker, step(broker, trouble))
    assert len(broker.asked_of(QUOTE)) == 3


@pytest.mark.parametrize(("trouble", "error"), TROUBLES)
def test_an_order_whose_answer_is_lost_is_unknown_and_never_repeated(
    broker: Any, trouble: Any, error: type[KisError]
) -> None:
    """Regression 13: no order call is repeated without proof that the first was not accepted."""
    outcome = sent(broker, step(broker, trouble), TAKEN, lane=Lane.EXIT)
    assert isinstance(outcome, Unknown)
    assert isinstance(outcome.error, error)
    assert len(broker.asked_of(ORDER)) == 1


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ({**TAKEN, "output": {}}, 200),
        ({**TAKEN, "output": None}, 200),
        ({}, 200),
        ({"message": "Not Found"}, 404),
        (says("EGW00999", "처음 보는 오류"), 500),
        ("<html>서버 점검 중입니다</html>", 503),
    ],
)
def test_an_order_with_an_answer_that_says_too_little_is_unknown(broker: Any, answer: Any, status: int) -> None:
    """An acceptance without a number, no code, a new code of a failing server, a page for people."""
    assert isinstance(sent(broker, broker.says(answer, status)), Unknown)
    assert len(broker.asked_of(ORDER)) == 1


def test_a_refusal_behind_a_refusal_keeps_the_first_words_when_nothing_more_can_leave(broker: Any) -> None:
    """Too many calls, and then nobody listens any more: the order was refused, it is not unknown."""

    async def scenario(client: Client) -> None:
        async def close_after(request: Any) -> Any:
            await broker.stop_listening()
            from aiohttp import web

            return web.json_response(says("EGW00201"), status=500, headers={"connection": "close"})

        broker.on(ORDER, close_after)
        outcome = await client.order(BUYING, lane=Lane.ENTRY)
        assert isinstance(outcome, Refused)
        assert outcome.kind is ReplyClass.RATE

    run(broker, scenario)


def test_an_order_that_finds_nobody_has_not_left(broker: Any) -> None:
    """Nothing of it lives at the broker, and that is certain (rule 7 of `spec/orders.md` section 3)."""

    async def scenario(client: Client) -> None:
        await client.authority.token()
        await broker.close()
        outcome = await client.order(BUYING, lane=Lane.ENTRY)
        assert isinstance(outcome, NotSent)
        assert isinstance(outcome.error, NotSentError)
        with pytest.raises(NotSentError, match="no connection can be made"):
            await client.read(ASK)

    run(broker, scenario)


def test_an_order_that_is_taken_back_while_it_waits_does_not_leave(broker: Any) -> None:
    """FI-19: trading is halted between the order gate and the wire. Asked again behind each refusal for the number of calls."""

    async def scenario(client: Client) -> None:
        broker.on(ORDER, says("EGW00201"), TAKEN)
        outcome = await client.order(BUYING, lane=Lane.ENTRY, is_wanted=lambda: False)
        assert isinstance(outcome, NotSent)
        assert isinstance(outcome.error, WithdrawnError)
        assert broker.asked_of(ORDER) == []
        answers = iter([True, False])
        outcome = await client.order(BUYING, lane=Lane.ENTRY, is_wanted=lambda: next(answers))
        assert isinstance(outcome, Refused)
        assert len(broker.asked_of(ORDER)) == 1

    run(broker, scenario)


def test_an_order_whose_token_cannot_be_had_has_not_left(broker: Any) -> None:
    """Even if the token's own request was lost."""

    async def scenario(client: Client) -> None:
        broker.on("/oauth2/tokenP", broker.cut)
        assert isinstance(await client.order(BUYING, lane=Lane.EXIT), NotSent)

    run(broker, scenario)
    assert broker.asked_of(ORDER) == []


def test_every_code_has_its_consequence(broker: Any) -> None:
    """Only refusals of token and rate let an order be sent again, and only trouble leaves it unknown."""
    codes = [code for code, kind in BY_CODE.items() if kind not in (ReplyClass.DONE, ReplyClass.NO_DATA)]
    # Codes that say nothing without a text.
    silent_ones = {"APBK0918", "APBK0919", "40100000"}
    made: dict[str, tuple[Outcome[OrderAck], int]] = {}

    async def scenario(client: Client) -> None:
        await client.authority.token()
        for code in codes:
            broker.now += 120 * SECOND
            broker.asked.clear()
            broker.on(ORDER, broker.says(says(code), 500), broker.says(says(code), 500), TAKEN)
            made[code] = await client.order(BUYING, lane=Lane.ENTRY), len(broker.asked_of(ORDER))

    run(broker, scenario)
    assert len(made) > 100
    for code, (outcome, calls) in made.items():
        kind = BY_CODE[code]
        if kind is ReplyClass.RATE:
            assert isinstance(outcome, Accepted)
            assert calls == 3
            continue
        assert not isinstance(outcome, Accepted)
        if kind.leaves_orders_unknown or code in silent_ones:
            assert isinstance(outcome, Unknown)
        else:
            assert isinstance(outcome, Refused)
            assert outcome.kind is kind
        assert calls == (2 if kind is ReplyClass.TOKEN else 1)
        assert code in outcome.error.label("ko")
        assert code in outcome.error.label("en")


def test_whatever_happens_an_order_reaches_the_desk_once(broker: Any) -> None:
    """A hundred ways of trouble from a seed: accepted at most once, and never believed refused when it was accepted."""
    random_ = random.Random(8)

    async def scenario(client: Client) -> None:
        from aiohttp import web

        for _ in range(120):
            desk: list[str] = []

            def behaviour(desk: list[str] = desk) -> Callable[[Any], Awaitable[Any]]:
                async def answer(request: Any) -> Any:
                    what = random_.choice(["rate", "rate", "token", "taken", "lost", "html", "refused", "late"])
                    if what in ("taken", "lost", "html", "late"):
                        desk.append(what)
                    if what == "lost":
                        return await broker.cut(request)
                    told: dict[str, Any] = {
                        "rate": says("EGW00201"),
                        "token": says("EGW00123"),
                        "taken": TAKEN,
                        "html": None,
                        "refused": says("APBK0952", "주문가능금액을 초과 했습니다", "7"),
                        "late": says("EGW00302"),
                    }
                    if told[what] is None:
                        return web.Response(status=502, text="<html></html>")
                    return web.json_response(told[what], status=200 if what in ("taken", "refused") else 500)

                return answer

            broker.now += 120 * SECOND
            broker.on(ORDER, behaviour())
            outcome = await client.order(BUYING, lane=random_.choice([Lane.EXIT, Lane.ENTRY]))
            assert len(desk) <= 1
            expected = {"taken": Accepted, "lost": Unknown, "html": Unknown, "late": Unknown}
            assert isinstance(outcome, expected[desk[0]] if desk else Refused)

    run(broker, scenario)


def page(*rows: str, fk: str = "", nk: str = "") -> dict[str, Any]:
    return {
        "rt_cd": "0",
        "msg_cd": "KIOK0500",
        "msg1": "",
        "ctx_area_fk100": fk.ljust(100),
        "ctx_area_nk100": nk.ljust(100),
        "output1": [{"pdno": row} for row in rows],
    }


def paged(broker: Any, *steps: Any) -> list[str]:
    """Return the symbols of all pages."""
    found: list[str] = []

    async def scenario(client: Client) -> None:
        broker.on(ACCOUNT, *steps)
        for reply in await client.pages(HOLDINGS):
            found.extend(str(row["pdno"]) for row in reply.rows("output1"))

    run(broker, scenario)
    return found


@pytest.mark.parametrize("last", ["D", "E", ""])
def test_all_pages_are_read(broker: Any, last: str) -> None:
    """`F` and `M` go on with the keys as they came; `D`, `E` and blank end (`kis/README.md` section 3.4)."""
    steps = [
        broker.says(page("005930", fk="81382087^01^", nk="A"), tr_cont="F"),
        broker.says(page("000660", fk="81382087^01^", nk="B"), tr_cont="M"),
        broker.says(page("035420", fk="81382087^01^", nk="^^"), tr_cont=last),
    ]
    assert paged(broker, *steps) == ["005930", "000660", "035420"]
    calls = broker.asked_of(ACCOUNT)
    assert [call.headers["tr_cont"] for call in calls] == ["", "N", "N"]
    assert [call.query["CTX_AREA_NK100"].strip() for call in calls] == ["", "A", "B"]


def test_pages_without_end_are_an_error(broker: Any) -> None:
    """Blank keys, the same keys, keys that come in circles, or new ones for ever: a part of a balance is worse than none."""

    def endless() -> Any:
        numbers = itertools.count()

        async def answer(request: Any) -> Any:
            from aiohttp import web

            return web.json_response(page("005930", fk="F", nk=str(next(numbers))), headers={"tr_cont": "M"})

        return answer

    more = {"tr_cont": "M"}
    first = broker.says(page("005930", fk="F", nk="A"), **more)
    second = broker.says(page("000660", fk="F", nk="B"), **more)
    for steps in (
        [broker.says(page("005930"), **more)],
        [first, first],
        [first, second, first, second],
        [endless()],
    ):
        with pytest.raises(PagingError) as told:
            paged(broker, *steps)
        assert "쪽" in told.value.label("ko")
    assert len(broker.asked_of(ACCOUNT)) == 1 + 2 + 3 + MOST_PAGES


def test_no_data_is_an_answer(broker: Any) -> None:
    """Of the mock server with result 0, of the real one with 7; typed answers are then None, or no pages."""
    for reply in (
        says("70070000", "모의투자 조회할 내역(자료)이 없습니다", "0"),
        says("KIOK0560", "조회할 자료가 없습니다", "7"),
    ):

        async def scenario(client: Client, reply: Any = reply) -> None:
            broker.on(ACCOUNT, reply)
            assert len(await client.pages(HOLDINGS)) == 1

        run(broker, scenario)


def test_an_empty_shell_is_no_price(broker: Any) -> None:
    """Under load the broker answers success and nothing in it (`kis/quirks.md` E14): asked again, then told, never believed."""
    shell = {**PRICED, "output": {"stck_prpr": "", "stck_shrn_iscd": ""}}
    full = {**PRICED, "output": {"stck_prpr": "71500", "stck_shrn_iscd": "005930"}}

    async def scenario(client: Client) -> None:
        broker.on(QUOTE, shell, full)
        found = await client.ask(AskPrice(symbol="005930"))
        assert found is not None
        assert found.quote.price == 71_500
        broker.on(QUOTE, shell)
        with pytest.raises(UnreadableError):
            await client.ask(AskPrice(symbol="005930"))

    run(broker, scenario)
    assert len(broker.asked_of(QUOTE)) == 2 + 3


def test_typed_answers_of_all_pages_come_together(broker: Any) -> None:
    """A balance of two pages; one without holdings still has its cash; and nothing at all."""
    row = {"prdt_name": "", "hldg_qty": "10", "ord_psbl_qty": "10"}

    def balance(symbol: str, **keys: str) -> dict[str, Any]:
        return {**page(**keys), "output1": [{**row, "pdno": symbol}]}

    async def scenario(client: Client) -> None:
        question = AskBalance(account=HOLDER)
        broker.on(ACCOUNT, broker.says(balance("005930", fk="F", nk="N"), tr_cont="M"), balance("000660"))
        pages = await client.ask_all(question)
        assert [holding.symbol for found in pages for holding in found.holdings] == ["005930", "000660"]
        cash = {"dnca_tot_amt": "5", "prvs_rcdl_excc_amt": "3", "tot_evlu_amt": "3"}
        broker.on(ACCOUNT, {**says("70070000", "모의투자 조회할 내역(자료)이 없습니다", "0"), "output2": [cash]})
        (empty,) = await client.ask_all(question)
        assert empty.holdings == ()
        assert empty.cash is not None
        assert empty.cash.settled == 3
        broker.on(ACCOUNT, says("KIOK0560", "조회할 자료가 없습니다", "7"))
        assert await client.ask_all(question) == []
        assert await client.ask(question) is None

    run(broker, scenario)


def test_what_this_server_does_not_have_is_refused_here(broker: Any) -> None:
    """The mock server has no inquiry of open orders: nothing leaves."""

    async def scenario(client: Client) -> None:
        with pytest.raises(WrongEnvironmentError, match="KIS_ENV=vps") as told:
            await client.read(Request(OPEN_ORDERS, {}))
        assert "KIS_ENV=vps" in told.value.label("ko")

    run(broker, scenario, env="vps")
    assert broker.asked == []


@pytest.mark.parametrize(
    ("answer", "status", "error", "ko", "en"),
    [
        (says("EGW02006", "모의투자 TR  이 아닙니다."), 500, WrongEnvironmentError, "이 서버", "on this server"),
        (says("EGW00304", "고객식별키"), 500, CredentialsError, "KIS_APP_SECRET", "belong together"),
        (says("OPSQ2000", "ERROR : INPUT INVALID_CHECK_ACNO", "2"), 200, AccountError, "KIS_ACCOUNT_NO", "account"),
        (says("40910000", "모의투자 주문이 불가한 계좌입니다."), 200, AccountError, "대회", "contest"),
        (says("APBK0918", "장운영시간이 아닙니다.(주문불가)", "7"), 200, ClosedError, "거래 시간이 아닙니다", "closed"),
        (says("40580000", "모의투자 장종료 입니다."), 200, ClosedError, "kats calendar", "kats calendar"),
        ("<html>시스템 점검 중</html>", 503, MaintenanceError, "점검이 끝난 뒤", "at work on its servers"),
        (says("OPSQ2001", "ERROR INVALID INPUT_FILED NOT FOUND(FID_X)", "2"), 200, RefusedError, "FID_X", "FID_X"),
    ],
)
def test_people_read_what_is_wrong_in_their_language(
    broker: Any, answer: Any, status: int, error: type[KisError], ko: str, en: str
) -> None:
    """Maintenance, a closed market, keys, accounts: each with what to do, and asked once."""
    with pytest.raises(error) as told:
        asked(broker, broker.says(answer, status))
    assert ko in told.value.label("ko")
    assert en in told.value.label("en")
    assert len(broker.asked_of(QUOTE)) == 1


def test_an_order_may_be_hashed_first(broker: Any) -> None:
    """Where the operator says so; if the hash cannot be had, the order has not left."""
    broker.on("/uapi/hashkey", {"HASH": "8b84068222a4"})
    assert isinstance(sent(broker, TAKEN, hashes_orders=True), Accepted)
    (call,) = broker.asked_of(ORDER)
    assert call.headers["hashkey"] == "8b84068222a4"
    broker.on("/uapi/hashkey", broker.cut)
    assert isinstance(sent(broker, TAKEN, hashes_orders=True), NotSent)
    assert len(broker.asked_of(ORDER)) == 1


def test_an_exit_overtakes_what_waits(broker: Any) -> None:
    """Over real sockets: of twelve calls at once the cancel leaves second, although it came last."""
    broker.now = time.time_ns()

    async def scenario() -> None:
        async with broker, open_client(broker.keys(), broker.home) as client:
            await client.authority.token()
            broker.on(QUOTE, PRICED)
            broker.on(ORDER, TAKEN)
            selling = msgspec.structs.replace(BUYING, side=Side.SELL)
            await asyncio.gather(
                *(client.read(ASK, lane=Lane.HISTORY) for _ in range(11)), client.order(selling, lane=Lane.EXIT)
            )

    asyncio.run(scenario())
    calls = [call.path for call in broker.asked if call.path in (QUOTE, ORDER)]
    assert calls.index(ORDER) == 1


def test_whoever_gives_up_waiting_takes_no_turn(broker: Any) -> None:
    """A cancelled call leaves nothing behind in the queue."""
    broker.now = time.time_ns()

    async def scenario() -> None:
        async with broker, open_client(broker.keys(calls_per_second=1.0), broker.home) as client:
            broker.on(QUOTE, PRICED)
            await client.read(ASK)
            waiting = asyncio.create_task(client.read(ASK))
            await asyncio.sleep(0)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            assert (await client.read(ASK)).is_done

    asyncio.run(scenario())
    assert len(broker.asked_of(QUOTE)) == 2


def test_no_secret_is_left_anywhere_by_a_faulty_day(broker: Any, caplog: pytest.LogCaptureFixture) -> None:
    """Neither in a log at its finest, nor in an error, nor in what is printed of any object; even when it is sent back."""
    keys = broker.keys()
    secrets = [keys.app_key.get_secret_value(), keys.app_secret.get_secret_value(), "token-1", "81382087"]
    echo = says("EGW00101", " ".join(secrets))
    seen: list[str] = []

    async def scenario(client: Client) -> None:
        for trouble in (
            echo,
            "cut",
            " ".join(secrets),
            says("EGW00123", " ".join(secrets)),
            {"rt_cd": " ".join(secrets)},
        ):
            broker.on(QUOTE, step(broker, trouble))
            broker.on(ACCOUNT, step(broker, trouble))
            broker.on(ORDER, step(broker, trouble))
            with pytest.raises(KisError) as told:
                await client.read(HOLDINGS if trouble == "cut" else ASK)
            outcome = await client.order(BUYING, lane=Lane.ENTRY)
            chain = [told.value, told.value.__context__, told.value.__cause__]
            seen.extend(f"{error} {error!r} {vars(error) if error else ''}" for error in chain)
            seen.extend(
                [told.value.label("ko"), repr(outcome), repr(client), repr(client.keys), repr(client.authority)]
            )

    with caplog.at_level(logging.DEBUG):
        run(broker, scenario)
    written = "\n".join([*seen, caplog.text])
    for secret in secrets:
        assert secret not in written
