"""Every typed question and answer: written, read back, and held against the broker's own lists of names."""

from __future__ import annotations

import calendar
import contextlib
import csv
import datetime as dt
import json
import re
import types
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from kats_core.kis.wire import account, finance, info, orders, quotes, values
from kats_core.kis.wire.account import AskOrderable
from kats_core.kis.wire.blocks import Block, Named
from kats_core.kis.wire.endpoints import ENDPOINTS, Endpoint
from kats_core.kis.wire.errors import WireError
from kats_core.kis.wire.orders import Account, Change, ChangeOrder, PlaceOrder, amend, cancel
from kats_core.kis.wire.rest import Answer, Ask, Out, Reply, read_reply, write_reply
from kats_core.kis.wire.venues import Venue
from kats_core.market.phases import BoardOrder
from kats_core.model.kinds import Side

SHARED = Path(__file__).parents[2].parent / "shared"
NOTES = SHARED / "kis"
REPLIES = SHARED / "data" / "rest_responses"
needs_notes = pytest.mark.skipif(not NOTES.is_dir(), reason="no protocol notes beside the house")
needs_replies = pytest.mark.skipif(not REPLIES.is_dir(), reason="no recorded market beside the house")

MODULES = (orders, account, quotes, info, finance)
ASKS: list[type[Ask[Any]]] = [
    value
    for module in MODULES
    for value in vars(module).values()
    if isinstance(value, type)
    and issubclass(value, Ask)
    and value.__module__ == module.__name__
    and not getattr(value, "__parameters__", ())
]
ANSWERS = list(dict.fromkeys(ask.answers() for ask in ASKS))
ACCOUNT = Account(number="12345678")

texts = st.text("가나다AB12 -", max_size=10).map(str.strip)
decimals = st.integers(-(10**13), 10**13).map(lambda number: Decimal(number).scaleb(-4))
clocks = st.times().map(lambda clock: clock.replace(microsecond=0))
BY_KIND: dict[values.Kind[Any], st.SearchStrategy[Any]] = {
    values.CODE: st.text("0123456789ABQ", min_size=1, max_size=7),
    values.ORDER_NUMBER: st.integers(1, 10**10 - 1).map(lambda number: f"{number:010}"),
    values.PRICE: st.integers(1, 10**9),
    values.QUANTITY: st.integers(0, 10**12),
    values.THOUSANDS: st.integers(-(10**9), 10**9).map(lambda number: number * 1_000),
    values.MILLIONS: st.integers(-(10**9), 10**9).map(lambda number: number * 1_000_000),
    values.MONTH: st.dates(dt.date(1990, 1, 1), dt.date(2100, 1, 1)).map(
        lambda day: day.replace(day=calendar.monthrange(day.year, day.month)[1])
    ),
    values.LATER_CLOCK: clocks.filter(lambda clock: clock != dt.time(0)),
    values.DECIMAL_HUNDRED_MILLIONS: st.integers(-(10**9), 10**9).map(lambda number: Decimal(number) * 1_000_000),
    values.HUNDRED_MILLIONS: st.integers(-(10**9), 10**9).map(lambda number: number * 100_000_000),
}
BY_TYPE: dict[Any, st.SearchStrategy[Any]] = {
    int: st.integers(-(10**15), 10**15),
    Decimal: decimals,
    dt.date: st.dates(dt.date(1990, 1, 1), dt.date(2100, 1, 1)),
    dt.time: clocks,
    bool: st.booleans(),
    str: texts,
}


def any_field(hint: Any, named: Named) -> st.SearchStrategy[Any]:
    """Return what draws values of a field."""
    if named.count:
        return st.tuples(*[any_field(get_args(hint)[0], Named(named.name, named.kind))] * named.count)
    if get_origin(hint) in (Union, types.UnionType):
        return st.none() | any_field(next(arg for arg in get_args(hint) if arg is not types.NoneType), named)
    if named.kind is not None and named.kind.words:
        return st.sampled_from(named.kind.words)
    if named.kind in BY_KIND:
        return BY_KIND[named.kind]
    return BY_TYPE[hint]


def any_block(cls: type[Block]) -> st.SearchStrategy[Any]:
    """Return what draws blocks of a class."""
    drawn: dict[str, st.SearchStrategy[Any]] = {}
    for name, hint in get_type_hints(cls, include_extras=True).items():
        if isinstance(hint, type) and issubclass(hint, Block):
            drawn[name] = any_block(hint)
        elif get_origin(hint) is Annotated:
            drawn[name] = any_field(*get_args(hint))
        elif hint is Side:
            drawn[name] = st.sampled_from(Side)
    return st.builds(cls, **drawn)


def any_answer(cls: type[Answer]) -> st.SearchStrategy[Any]:
    """Return what draws answers of a class."""
    drawn: dict[str, st.SearchStrategy[Any]] = {}
    for name, hint in get_type_hints(cls, include_extras=True).items():
        inner, out = get_args(hint)
        assert isinstance(out, Out)
        block = get_args(inner)[0] if get_args(inner) else inner
        drawn[name] = (
            st.lists(any_block(block), max_size=3).map(tuple) if get_origin(inner) is tuple else any_block(block)
        )
    return st.builds(cls, **drawn)


placed = st.builds(
    lambda division, price, trigger, **rest: PlaceOrder(
        division=division,
        price=price if division in orders.PRICED else 0,
        trigger=trigger if division is BoardOrder.STOP_LIMIT else None,
        **rest,
    ),
    account=any_block(Account),
    side=st.sampled_from(Side),
    symbol=BY_KIND[values.CODE],
    division=st.sampled_from(BoardOrder),
    quantity=st.integers(1, 10**9),
    price=st.integers(1, 10**9),
    trigger=st.integers(1, 10**9),
    venue=st.sampled_from(Venue),
)
changed = st.builds(
    amend,
    any_block(Account),
    texts,
    BY_KIND[values.ORDER_NUMBER],
    price=st.integers(1, 10**9),
    quantity=st.integers(0, 10**9),
) | st.builds(cancel, any_block(Account), texts, BY_KIND[values.ORDER_NUMBER], quantity=st.integers(0, 10**9))
OWN: dict[type[Ask[Any]], st.SearchStrategy[Any]] = {PlaceOrder: placed, ChangeOrder: changed}


@pytest.mark.parametrize("cls", ASKS, ids=lambda cls: cls.__name__)
@given(st.data())
@settings(max_examples=4, suppress_health_check=[HealthCheck.too_slow])
def test_what_a_client_asks_is_what_a_server_reads(cls: type[Ask[Any]], data: st.DataObject) -> None:
    asked = data.draw(OWN[cls] if cls in OWN else any_block(cls))
    request = asked.request()
    assert request.endpoint in ENDPOINTS
    assert all(isinstance(text, str) for text in request.params.values())
    beside = {
        name: getattr(asked, name) for name in ("side", "is_old") if hasattr(asked, name) and name not in asked.write()
    }
    received = json.loads(request.body() or json.dumps(request.params))
    assert cls.of(received, **beside) == asked


@pytest.mark.parametrize("cls", ANSWERS, ids=lambda cls: cls.__name__)
@given(st.data())
@settings(max_examples=4, suppress_health_check=[HealthCheck.too_slow])
def test_what_a_server_answers_is_what_a_client_reads(cls: type[Answer], data: st.DataObject) -> None:
    answer = data.draw(any_answer(cls))
    written = answer.write()
    blocks = [block for value in written.values() for block in (value if isinstance(value, list) else [value])]
    assume(all(any(text for text in block.values()) for block in blocks))
    assert cls.read(read_reply(write_reply("MCA00000", "정상처리 되었습니다.", written))) == answer


@pytest.mark.parametrize("cls", ANSWERS, ids=lambda cls: cls.__name__)
@given(st.data())
@settings(max_examples=5, suppress_health_check=[HealthCheck.too_slow])
def test_a_damaged_answer_raises_our_own_error_or_is_read(cls: type[Answer], data: st.DataObject) -> None:
    written = data.draw(any_answer(cls)).write()
    for _ in range(data.draw(st.integers(1, 3))):
        name = data.draw(st.sampled_from(sorted(written)))
        value = written[name]
        junk = data.draw(st.none() | st.text(max_size=5) | st.integers() | st.lists(st.text(max_size=2), max_size=2))
        if isinstance(value, dict) and value and data.draw(st.booleans()):
            written[name] = value | {data.draw(st.sampled_from(sorted(value))): junk}
        elif isinstance(value, list) and value and isinstance(value[0], dict) and value[0]:
            written[name] = [value[0] | {data.draw(st.sampled_from(sorted(value[0]))): junk}, *value[1:]]
        else:
            written[name] = junk
    with contextlib.suppress(WireError):
        cls.read(read_reply(write_reply("MCA00000", "", written)))


class TestOrders:
    def test_an_order_as_the_notes_have_it(self) -> None:
        """Spec: `kis/rest_orders_account.md`: all values are text, names are in capitals, the id says the side."""
        order = PlaceOrder(
            account=ACCOUNT, side=Side.BUY, symbol="005930", division=BoardOrder.LIMIT, quantity=10, price=71_900
        )
        request = order.request()
        assert (request.tr("prod"), request.tr("vps"), request.endpoint.is_order) == ("TTTC0012U", "VTTC0012U", True)
        assert json.loads(request.body() or b"") == {
            "CANO": "12345678",
            "ACNT_PRDT_CD": "01",
            "PDNO": "005930",
            "ORD_DVSN": "00",
            "ORD_QTY": "10",
            "ORD_UNPR": "71900",
            "CNDT_PRIC": "",
            "EXCG_ID_DVSN_CD": "KRX",
        }

    @pytest.mark.parametrize(
        ("division", "quantity", "price"),
        [
            (BoardOrder.LIMIT, 10, 0),
            (BoardOrder.MARKET, 10, 71_900),
            (BoardOrder.LIMIT, 0, 71_900),
            (BoardOrder.STOP_LIMIT, 1, 1),
        ],
    )
    def test_an_order_that_contradicts_itself_is_not_made(
        self, division: BoardOrder, quantity: int, price: int
    ) -> None:
        with pytest.raises(ValueError, match=r"ORD_|CNDT_"):
            PlaceOrder(
                account=ACCOUNT, side=Side.SELL, symbol="005930", division=division, quantity=quantity, price=price
            )

    def test_all_that_is_left_is_cancelled_without_a_quantity(self) -> None:
        wish = cancel(ACCOUNT, "00950", "0000085100")
        assert (wish.change, wish.quantity, wish.is_whole, wish.price) == (Change.CANCEL, 0, True, 0)
        part = amend(ACCOUNT, "00950", "0000085100", price=71_800, quantity=4)
        assert (part.change, part.quantity, part.is_whole, part.price) == (Change.AMEND, 4, False, 71_800)

    @pytest.mark.parametrize("number", ["51378", "0000051378"])
    def test_a_number_has_its_leading_zeros(self, number: str) -> None:
        """Quirk C7; capitals or not, quirk D7."""
        output = {"KRX_FWDG_ORD_ORGNO": "00950", "odno": number, "ORD_TMD": "110840"}
        found = orders.OrderAck.read(done(output=output))
        assert (found.ack.number, found.ack.branch, found.ack.clock) == ("0000051378", "00950", dt.time(11, 8, 40))

    def test_an_ack_without_a_number_is_none(self) -> None:
        """Then nobody knows whether the order lives: the client treats it as lost."""
        with pytest.raises(WireError, match="ODNO"):
            orders.OrderAck.read(done(output={"KRX_FWDG_ORD_ORGNO": "00950", "ODNO": "", "ORD_TMD": "110840"}))
        with pytest.raises(WireError, match="output"):
            orders.OrderAck.read(done())

    def test_an_account_is_not_shown(self) -> None:
        """Neither by what asks, nor by what is sent, nor by an error."""
        asked = account.AskBalance(account=ACCOUNT)
        with pytest.raises(WireError) as caught:
            AskOrderable.of({**asked.request().params, "ORD_UNPR": "?"})
        for shown in (repr(asked), repr(asked.request()), str(caught.value)):
            assert "123456" not in shown

    def test_a_cancelled_quantity_in_both_spellings(self) -> None:
        """Quirk D7."""
        row = {
            "ord_dt": "20260105",
            "odno": "1",
            "pdno": "005930",
            "sll_buy_dvsn_cd": "02",
            "ord_qty": "10",
            "tot_ccld_qty": "4",
        }
        for spelling in ("cncl_cfrm_qty", "cnc_cfrm_qty"):
            (found,) = orders.Orders.read(done(output1=[row | {spelling: "6"}])).orders
            assert (found.cancelled, found.filled) == (6, 4)


class TestAccount:
    def test_money_without_borrowing(self) -> None:
        """Spec: `kis/examples.md`, inquire-psbl-order."""
        output = {
            "ord_psbl_cash": "10000000",
            "ruse_psbl_amt": "0",
            "psbl_qty_calc_unpr": "93300",
            "nrcvb_buy_amt": "9985000",
            "nrcvb_buy_qty": "107",
            "max_buy_amt": "9985000",
            "max_buy_qty": "107",
        }
        found = account.Orderable.read(done(output=output)).orderable
        assert (found.no_margin_amount, found.no_margin_quantity, found.counted_price) == (9_985_000, 107, 93_300)

    def test_asked_for_amounts_alone(self) -> None:
        params = AskOrderable(account=ACCOUNT).request().params
        assert (params["PDNO"], params["ORD_UNPR"], params["ORD_DVSN"]) == ("", "", "01")

    def test_a_holding_without_what_can_be_sold_is_refused(self) -> None:
        row = {"pdno": "005930", "hldg_qty": "10", "ord_psbl_qty": ""}
        with pytest.raises(WireError, match="ord_psbl_qty"):
            account.Balance.read(done(output1=[row]))


def done(**blocks: Any) -> Reply:
    """Return a reply of success."""
    return read_reply(write_reply("MCA00000", "정상처리 되었습니다.", blocks))


def file_of(endpoint: Endpoint) -> str:
    """Return the name of the file that lists an endpoint's reply."""
    parts = endpoint.path.rsplit("/", 2)
    prefix = f"{parts[1]}_" if parts[1] in ("ksdinfo", "finance") else ""
    return (prefix + parts[2]).replace("-", "_")


def endpoints_of(cls: type[Ask[Any]]) -> Iterator[Endpoint]:
    """Yield the services that a question may go to."""
    if "ENDPOINT" in vars(cls):
        yield cls.ENDPOINT
    elif cls is PlaceOrder:
        yield from (endpoint for endpoint in ENDPOINTS if endpoint.path.endswith("order-cash"))
    else:
        yield from (endpoint for endpoint in ENDPOINTS if endpoint.path.endswith("inquire-daily-ccld"))


def parameters() -> dict[str, set[str]]:
    """Return the parameters that the notes list for each path, in capitals."""
    found: dict[str, set[str]] = {}
    path = ""
    for file in ("rest_orders_account.md", "rest_quotes.md", "rest_rank_info_finance.md"):
        for line in (NOTES / file).read_text(encoding="utf-8").splitlines():
            if heading := re.match(r"`(?:GET|POST) ([^`]+)`", line):
                path = heading[1]
                found[path] = set()
            elif path and (row := re.match(r"\| `([^`]+)`", line)):
                found[path].add(row[1].upper())
                if "…" in line.split("|")[1]:
                    found[path] |= {f"{row[1].upper().removesuffix('_1')}_{n}" for n in range(1, 31)}
    return found


@pytest.mark.realdata
@needs_notes
class TestAgainstTheNotes:
    @pytest.mark.parametrize("cls", ASKS, ids=lambda cls: cls.__name__)
    def test_a_question_has_the_parameters_of_the_notes(self, cls: type[Ask[Any]]) -> None:
        """No name that the broker does not know, and none missing that it requires of this service."""
        listed = parameters()
        for endpoint in endpoints_of(cls):
            asked = {name.upper() for name in (*cls.names(), *(endpoint.paging or ()))}
            optional = {"SLL_TYPE", "CNDT_PRIC", "EXCG_ID_DVSN_CD"}
            assert asked <= listed[endpoint.path], endpoint.path
            assert listed[endpoint.path] - asked <= optional, endpoint.path

    @pytest.mark.parametrize("cls", ASKS, ids=lambda cls: cls.__name__)
    def test_an_answer_has_the_blocks_and_fields_of_the_notes(self, cls: type[Ask[Any]]) -> None:
        misspelt = {"cnc_cfrm_qty", "stck_prpr"}
        for endpoint in endpoints_of(cls):
            with (NOTES / "rest_fields" / f"{file_of(endpoint)}.csv").open(encoding="utf-8", newline="") as lines:
                rows = list(csv.DictReader(lines))
            shapes = {row["block"].lower(): row["block_shape"] for row in rows}
            for name, block in cls.answers().blocks().items():
                fields = {row["name"].lower() for row in rows if row["block"].lower() == name}
                assert {field.lower() for field in block.names()} - misspelt <= fields, (endpoint.path, name)
                assert shapes[name], endpoint.path


RECORDED_SAME = {"output": "output1", "output1": "output"}


@pytest.mark.realdata
@needs_replies
def test_every_recorded_reply_of_a_service_that_we_ask_is_read() -> None:
    """Each as its own answer, with no row lost."""
    by_path = {endpoint.path: cls.answers() for cls in ASKS for endpoint in endpoints_of(cls)}
    seen = set()
    for recorded in json.loads((REPLIES / "kis.json").read_text(encoding="utf-8")):
        body, path = recorded["body"], recorded["path"]
        if path not in by_path:
            continue
        answer = by_path[path].read(
            read_reply(json.dumps(body if "rt_cd" in body else {"rt_cd": "0", "output": body}).encode())
        )
        for name, value in answer.write().items():
            sent = body.get(name, body.get(RECORDED_SAME.get(name, ""), body))
            assert (len(value) if isinstance(value, list) else 1) == (len(sent) if isinstance(sent, list) else 1), path
        seen.add(path)
    assert len(seen) > 8


@pytest.mark.realdata
@needs_replies
def test_every_recorded_reply_has_its_blocks() -> None:
    """Those of services that we do not ask, too: blocks of objects, whatever their names and shapes."""
    for recorded in json.loads((REPLIES / "kis.json").read_text(encoding="utf-8")):
        reply = read_reply(json.dumps(recorded["body"]).encode())
        blocks = {name: value for name, value in reply.values.items() if isinstance(value, list | dict)}
        for name, value in blocks.items():
            assert len(reply.rows(name)) == (len(value) if isinstance(value, list) else 1), recorded["path"]


RECORDED = json.loads((REPLIES / "kis.json").read_text(encoding="utf-8")) if REPLIES.is_dir() else []


@pytest.mark.realdata
@needs_replies
@given(st.data())
@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
def test_a_damaged_recorded_reply_raises_our_own_error_or_is_read(data: st.DataObject) -> None:
    by_path = {endpoint.path: cls.answers() for cls in ASKS for endpoint in endpoints_of(cls)}
    recorded = data.draw(st.sampled_from([each for each in RECORDED if each["path"] in by_path]))
    body = json.dumps(recorded["body"], ensure_ascii=False).encode()
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(body)))
        end = data.draw(st.integers(start, min(len(body), start + 6)))
        junk = st.sampled_from([b"", b'"', b"[", b"]", b"{}", b"null", b"-", b"9" * 30, b",", b"\xff", b"1.5", b"x"])
        body = body[:start] + data.draw(junk) + body[end:]
    with contextlib.suppress(WireError):
        by_path[recorded["path"]].read(read_reply(body))


@pytest.mark.realdata
@needs_notes
def test_the_replies_of_the_notes_are_read() -> None:
    """Spec: `kis/examples.md`: order ack, orders, open orders, balance, orderable amount."""
    text = (NOTES / "examples.md").read_text(encoding="utf-8")
    examples = dict(re.findall(r"## ([^\n(]+?)(?: \(.*?\)| row)?\n```json\n(.*?)\n```", text, re.DOTALL))
    ack = orders.OrderAck.read(read_reply(examples["Order ack"].encode())).ack
    assert (ack.number, ack.branch) == ("0000085100", "00950")
    (row,) = orders.Orders.read(read_reply(examples["inquire-daily-ccld"].encode())).orders
    assert (row.number, row.filled, row.average, row.remaining, row.venue) == (
        ack.number,
        10,
        Decimal(71_900),
        0,
        "KRX",
    )
    open_order = json.loads(examples["inquire-psbl-rvsecncl"])
    (living,) = orders.OpenOrders.read(done(output=[open_order])).orders
    assert (living.number, living.remaining, living.price) == ("0000085101", 5, 70_000)
    balance = account.Balance.read(read_reply(examples["inquire-balance"].encode()))
    assert balance.cash is not None
    assert (balance.holdings[0].sellable, balance.cash.settled, balance.cash.worth) == (10, 9_280_893, 10_001_893)
    assert (
        account.Orderable.read(read_reply(examples["inquire-psbl-order"].encode())).orderable.no_margin_quantity == 107
    )
    quote = quotes.Price.read(read_reply(examples["inquire-price"].encode())).quote
    assert (quote.price, quote.change, quote.market_cap, quote.tick) == (71_500, -300, 429_227_400_000_000, 100)


def test_every_service_has_a_question() -> None:
    asked = {endpoint for cls in ASKS for endpoint in endpoints_of(cls)}
    assert asked == set(ENDPOINTS)
