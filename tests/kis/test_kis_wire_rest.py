"""Envelope, pages, endpoints and codes of the REST services."""

from __future__ import annotations

import csv
import datetime as dt
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kats_core.kis.wire import auth, endpoints
from kats_core.kis.wire.blocks import Block, Named
from kats_core.kis.wire.codes import AMBIGUOUS, BY_CODE, Action, ReplyClass, class_of, classify
from kats_core.kis.wire.endpoints import ENDPOINTS, Endpoint, endpoint_of
from kats_core.kis.wire.errors import WireError
from kats_core.kis.wire.rest import Answer, Ask, Out, Reply, read_reply, write_reply
from kats_core.kis.wire.values import CODE
from kats_core.model.time import KST

SHARED = Path(__file__).parents[2].parent / "shared"
NOTES = SHARED / "kis"
REPLIES = SHARED / "data" / "rest_responses"
needs_notes = pytest.mark.skipif(not NOTES.is_dir(), reason="no protocol notes beside the house")
needs_replies = pytest.mark.skipif(not REPLIES.is_dir(), reason="no recorded market beside the house")


class Row(Block, frozen=True):
    """A row."""

    symbol: Annotated[str, Named("pdno", CODE)]
    quantity: Annotated[int | None, Named("hldg_qty")]
    change: Annotated[int | None, Named("vrss", signed_by="sign")] = None


class Rows(Answer, frozen=True):
    """Rows and a total."""

    rows: Annotated[tuple[Row, ...], Out("output1", ("output",))]
    total: Annotated[Row | None, Out("output2")]


class AskRows(Ask[Rows], frozen=True):
    """A question with pages."""

    ENDPOINT: ClassVar[Endpoint] = endpoints.BALANCE
    FIXED: ClassVar[dict[str, str]] = {"UNPR_DVSN": "01"}

    symbol: Annotated[str, Named("PDNO", CODE)]
    since: Annotated[dt.date | None, Named("SINCE")] = None


def reply(body: Any, status: int = 200, **headers: str) -> Reply:
    """Return a reply with a body."""
    return read_reply(json.dumps(body).encode(), headers, status)


def done(**blocks: Any) -> dict[str, Any]:
    """Return a body of success."""
    return {"rt_cd": "0", "msg_cd": "MCA00000", "msg1": "정상처리 되었습니다.          ", **blocks}


class TestEnvelope:
    def test_a_reply_says_code_and_message(self) -> None:
        found = reply(done(output={}), tr_cont="D")
        assert (found.result, found.code, found.message) == ("0", "MCA00000", "정상처리 되었습니다.")
        assert (found.is_done, found.goes_on) == (True, False)

    @pytest.mark.parametrize("status", [200, 500])
    def test_a_refusal_is_a_reply_whatever_the_status(self, status: int) -> None:
        """Quirk B6: HTTP 500 does not mean that the server is down."""
        found = reply({"rt_cd": "1", "msg_cd": "EGW00201", "msg1": "초당 거래건수를 초과하였습니다."}, status)
        assert (found.is_done, found.code, class_of(found)) == (False, "EGW00201", ReplyClass.RATE)

    def test_the_token_service_has_an_envelope_of_its_own(self) -> None:
        """Quirk A1: error_code and error_description."""
        found = reply(
            {"error_code": "EGW00133", "error_description": "접근토큰 발급 잠시 후 다시 시도하세요(1분당 1회)"}, 403
        )
        assert (found.is_done, class_of(found)) == (False, ReplyClass.TOKEN_WAIT)

    @pytest.mark.parametrize(
        "body", [b"", b"<html>", b"[]", b"null", b"\xff\xfe", b'{"rt_cd": {}}', b'{"rt_cd": ["0"]}']
    )
    def test_what_is_no_envelope_is_our_own_error(self, body: bytes) -> None:
        """Quirk B7: outages answer with anything."""
        with pytest.raises(WireError):
            read_reply(body, {}, 502)

    @given(st.binary(max_size=200) | st.recursive(st.none() | st.text() | st.integers() | st.floats(allow_nan=False), lambda v: st.lists(v, max_size=3) | st.dictionaries(st.sampled_from(["rt_cd", "msg_cd", "output1", "output2", "pdno", "hldg_qty"]) | st.text(max_size=4), v, max_size=4), max_leaves=12).map(lambda v: json.dumps(v).encode()))  # fmt: skip
    def test_any_body_raises_our_own_error_or_is_read(self, body: bytes) -> None:
        try:
            found = read_reply(body)
            class_of(found)
            Rows.read(found)
        except WireError:
            return
        assert found.is_done

    def test_an_error_hides_the_token(self) -> None:
        with pytest.raises(WireError) as caught:
            auth.read_token(reply({"access_token": "SECRET", "access_token_token_expired": "soon"}))
        assert "SECRET" not in str(caught.value)


class TestAnswers:
    def test_rows_and_totals(self) -> None:
        found = Rows.read(reply(done(output1=[{"pdno": "005930", "hldg_qty": "0000000010"}], output2={"PDNO": "T"})))
        assert found == Rows(rows=(Row(symbol="005930", quantity=10),), total=Row(symbol="T", quantity=None))

    @pytest.mark.parametrize("empty", [[], [{}], [{"pdno": "", "hldg_qty": " "}], None, ""])
    def test_no_rows_in_all_the_ways_they_come(self, empty: Any) -> None:
        """Spec: `kis/rest_quotes.md`, a range without data; quirk E14."""
        assert Rows.read(reply(done(output1=empty))) == Rows(rows=(), total=None)

    def test_an_object_may_come_as_a_list_of_one(self) -> None:
        """Quirk D9."""
        assert Rows.read(reply(done(output1=[], output2=[{"pdno": "T"}]))).total == Row(symbol="T", quantity=None)

    def test_a_block_under_its_other_name(self) -> None:
        """Quirk D7."""
        assert len(Rows.read(reply(done(Output={"pdno": "T"}))).rows) == 1

    @pytest.mark.parametrize(("number", "sign", "change"), [("300", "5", -300), ("-300", "5", -300), ("300", "2", 300)])
    def test_a_change_has_its_sign(self, number: str, sign: str, change: int) -> None:
        """Quirk E1."""
        (row,) = Rows.read(reply(done(output1=[{"pdno": "T", "vrss": number, "sign": sign}]))).rows
        assert row.change == change

    def test_numbers_may_be_numbers(self) -> None:
        (row,) = Rows.read(reply(done(output1=[{"pdno": "T", "hldg_qty": 10}]))).rows
        assert row.quantity == 10

    @pytest.mark.parametrize(
        ("row", "why"),
        [
            ({"pdno": "T", "hldg_qty": "ten"}, "output1.hldg_qty"),
            ({"pdno": "", "hldg_qty": "1"}, "output1.pdno"),
            ({"pdno": []}, "no text"),
        ],
    )
    def test_a_field_that_cannot_be_read_is_named(self, row: dict[str, Any], why: str) -> None:
        with pytest.raises(WireError, match=re.escape(why)):
            Rows.read(reply(done(output1=[row])))

    def test_a_refusal_is_no_answer(self) -> None:
        with pytest.raises(WireError, match="APBK0919"):
            Rows.read(reply({"rt_cd": "7", "msg_cd": "APBK0919", "msg1": "장운영일자가 주문일과 상이합니다"}))

    def test_what_is_written_is_read_back(self) -> None:
        answer = Rows(
            rows=(Row(symbol="A", quantity=None, change=-3), Row(symbol="B", quantity=2, change=0)), total=None
        )
        body = write_reply("KIOK0510", "조회가 완료되었습니다", answer.write(), ctx_area_fk100="x")
        found = read_reply(body)
        assert Rows.read(found) == answer
        assert (found.message, found.top("CTX_AREA_FK100")) == ("조회가 완료되었습니다", "x")


class TestPages:
    """Spec: `kis/README.md` 3.4."""

    FIRST = AskRows(symbol="005930").request()

    def test_the_first_call_asks_with_blank_keys(self) -> None:
        assert self.FIRST.params == {
            "UNPR_DVSN": "01",
            "PDNO": "005930",
            "SINCE": "",
            "CTX_AREA_FK100": "",
            "CTX_AREA_NK100": "",
        }
        assert self.FIRST.headers("vps") == {"tr_id": "VTTC8434R", "tr_cont": "", "custtype": "P"}
        assert self.FIRST.body() is None

    @pytest.mark.parametrize("more", ["F", "M"])
    def test_the_next_call_returns_the_keys_unchanged(self, more: str) -> None:
        keys = {"ctx_area_fk100": "81382087^01^   ", "ctx_area_nk100": "7 "}
        following = self.FIRST.next(reply(done(**keys), tr_cont=more))
        assert following is not None
        assert following.tr_cont == "N"
        assert {name: following.params[name.upper()] for name in keys} == keys
        assert following.params["PDNO"] == "005930"

    @pytest.mark.parametrize("last", ["D", "E", ""])
    def test_the_last_page(self, last: str) -> None:
        assert self.FIRST.next(reply(done(ctx_area_fk100="x"), tr_cont=last)) is None

    def test_more_pages_without_new_keys_are_an_error(self) -> None:
        """Quirk D2: else a client loops for ever."""
        more = reply(done(ctx_area_fk100="x", ctx_area_nk100="y "), tr_cont="M")
        following = self.FIRST.next(more)
        assert following is not None
        with pytest.raises(WireError, match="again"):
            following.next(more)
        with pytest.raises(WireError, match="no keys"):
            self.FIRST.next(reply(done(ctx_area_fk100="  ", ctx_area_nk100=""), tr_cont="M"))

    def test_the_header_is_found_in_any_case(self) -> None:
        """Quirk B8."""
        assert reply(done(), Tr_Cont="M").goes_on

    @given(
        st.from_regex(r"[0-9A-Z]{6}", fullmatch=True), st.none() | st.dates(dt.date(1990, 1, 1), dt.date(2100, 1, 1))
    )
    def test_what_a_client_asks_is_what_the_server_reads(self, symbol: str, since: dt.date | None) -> None:
        asked = AskRows(symbol=symbol, since=since)
        assert AskRows.of({name.lower(): text for name, text in asked.request().params.items()}) == asked


class TestTokens:
    def test_an_expiry_is_korean(self) -> None:
        """Quirk A6, regression 22."""
        token = auth.read_token(
            reply({"access_token": "T", "access_token_token_expired": "2026-01-06 08:10:10", "expires_in": 86400})
        )
        assert token == auth.Token("T", dt.datetime(2026, 1, 6, 8, 10, 10, tzinfo=KST))
        assert auth.read_token(reply(token.write())) == token
        assert "T(" not in repr(token).removeprefix("Token(")

    def test_the_secret_of_the_approval_key_has_another_name(self) -> None:
        """Quirk A8."""
        assert json.loads(auth.approval_body("K", "S")) == {
            "grant_type": "client_credentials",
            "appkey": "K",
            "secretkey": "S",
        }
        assert auth.read_approval(reply({"approval_key": "A"})) == "A"

    @pytest.mark.parametrize("code", [200, "200"], ids=["number", "text"])
    def test_a_revocation_says_so_as_number_or_text(self, code: object) -> None:
        assert auth.is_revoked(reply({"code": code, "message": "접근토큰 폐기에 성공하였습니다"}))

    def test_a_hash_comes_beside_the_body(self) -> None:
        assert auth.read_hash(reply({"BODY": {"PDNO": "005930"}, "HASH": "abc"})) == "abc"


def rows_of_the_notes() -> Iterator[tuple[str, str, str, str]]:
    """Yield (path, method, prod, vps) of each row of the table of ids."""
    text = (NOTES / "rest.md").read_text(encoding="utf-8")
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 7 and cells[1] in ("GET", "POST"):
            yield cells[2].strip("`"), cells[1], cells[3], cells[4]


class TestEndpoints:
    @pytest.mark.realdata
    @needs_notes
    def test_they_are_those_of_the_notes(self) -> None:
        """Regression 18: order transaction ids are the broker's current ones."""
        called: dict[str, list[Endpoint]] = {}
        for endpoint in ENDPOINTS:
            called.setdefault(endpoint.path, []).append(endpoint)
        for path, method, prod, vps in rows_of_the_notes():
            several = called.pop(path, [])
            if not several:
                continue  # a service that KATS has no use for
            new = [re.sub(r"\([^)]*\)", "", cell) for cell in (prod, vps)]
            ids = [re.findall(r"[A-Z0-9]{9,}", cell) for cell in new]
            old = re.findall(r"[A-Z0-9]{9,}", "".join(re.findall(r"\([^)]*\)", prod + vps)))
            assert {endpoint.method for endpoint in several} == {method}
            assert [endpoint.prod for endpoint in several] == ids[0], path
            assert [endpoint.vps for endpoint in several if endpoint.vps] == ids[1], path
            assert sorted(tr for endpoint in several for tr in endpoint.old) == sorted(old), path
        assert not called

    def test_the_ids_of_orders(self) -> None:
        """Spec: `spec/orders.md` section 2; regressions 18 and 21: the mock host has its own."""
        assert [(e.prod, e.vps) for e in (endpoints.BUY, endpoints.SELL, endpoints.AMEND_OR_CANCEL)] == [
            ("TTTC0012U", "VTTC0012U"),
            ("TTTC0011U", "VTTC0011U"),
            ("TTTC0013U", "VTTC0013U"),
        ]
        assert endpoint_of("TTTC0802U") is endpoints.BUY
        assert endpoint_of("VTTC0801U") is endpoints.SELL

    def test_no_id_calls_two_services(self) -> None:
        ids = [tr for endpoint in ENDPOINTS for tr in endpoint.ids]
        assert len(ids) == len(set(ids))

    def test_orders_reach_the_ledger_and_quotes_do_not(self) -> None:
        assert {e for e in ENDPOINTS if e.is_order} < {e for e in ENDPOINTS if e.is_ledger}
        assert not endpoints.PRICE.is_ledger


class TestCodes:
    @pytest.mark.realdata
    @needs_notes
    def test_every_code_of_the_notes_has_a_class(self) -> None:
        with (NOTES / "error_codes.csv").open(encoding="utf-8", newline="") as lines:
            codes = list(csv.DictReader(lines))
        assert len(codes) > 120
        for row in codes:
            found = classify(row["code"], row["korean_text"])
            assert found is not ReplyClass.UNCLASSIFIED, row["code"]
            assert found is BY_CODE.get(row["code"], found), row["code"]
            assert (found is ReplyClass.DONE) == (
                (row["rt_cd"] == "0" and row["code"] != "70070000") or row["code"] == "OPSP0002"
            )
        assert {row["code"] for row in codes} - set(BY_CODE) == {"(code unknown)"}

    @pytest.mark.parametrize(
        ("code", "text", "kind"),
        [
            ("APBK0918", "장운영시간이 아닙니다.(주문불가)", ReplyClass.CLOSED),
            ("APBK0918", "[프리마켓] 시장가 매매 불가 시간", ReplyClass.NO_MARKET),
            ("APBK0918", "거래소 미접수로 정정취소주문이 불가합니다", ReplyClass.EARLY),
            ("APBK0918", "주문가능금액이 부족합니다", ReplyClass.CASH),
            ("APBK0918", "매도가능수량이 부족합니다", ReplyClass.QUANTITY),
            ("APBK0918", "", ReplyClass.UNCLASSIFIED),
            ("APBK0919", "장운영일자가 주문일과 상이합니다", ReplyClass.CLOSED),
            ("APBK0919", "주문가능금액을 초과 했습니다", ReplyClass.CASH),
            ("40100000", "모의투자 영업일이 아닙니다.", ReplyClass.CLOSED),
            ("40100000", "", ReplyClass.UNCLASSIFIED),
            ("APBK0986", "주문가능금액을 초과 했습니다", ReplyClass.CASH),
            ("40030000", "모의투자 주문처리가 안되었습니다(상/하한가 오류)", ReplyClass.PRICE),
            ("APBK1744", "", ReplyClass.ACCOUNT),
            ("APBK9999", "처음 보는 오류", ReplyClass.UNCLASSIFIED),
            ("", "원주문 내역이 없습니다", ReplyClass.NOT_FOUND),
            ("EGW00120", "기간이 만료된 code 입니다.", ReplyClass.INPUT),
            ("EGW00126", "기간이 만료된 session_key 입니다.", ReplyClass.CREDENTIALS),
            ("EGW00123", "아무 말", ReplyClass.TOKEN),
            ("XXX", "서버 점검 중입니다", ReplyClass.MAINTENANCE),
        ],
    )
    def test_the_text_decides_where_codes_contradict(self, code: str, text: str, kind: ReplyClass) -> None:
        """Spec: `spec/orders.md` section 5; quirks A9, C8, C9."""
        assert classify(code, text) is kind

    def test_only_what_the_gateway_refused_may_be_sent_again(self) -> None:
        """Spec: `spec/orders.md` section 5; regression 13."""
        assert {kind for kind in ReplyClass if kind.came_before_the_desk} == {ReplyClass.TOKEN, ReplyClass.RATE}
        assert ReplyClass.SERVER.action is Action.RECONCILE
        assert not any(kind.came_before_the_desk and kind.leaves_orders_unknown for kind in ReplyClass)

    def test_a_failing_server_without_a_code_leaves_everything_unknown(self) -> None:
        assert class_of(reply({"message": "Bad Gateway"}, 502)) is ReplyClass.SERVER
        assert class_of(reply({"message": "?"}, 200)) is ReplyClass.UNCLASSIFIED

    def test_a_refusal_is_never_done(self) -> None:
        assert class_of(reply({"rt_cd": "1", "msg_cd": "MCA00000", "msg1": ""})) is ReplyClass.UNCLASSIFIED
        assert class_of(reply({"rt_cd": "0", "msg_cd": "70070000", "msg1": ""})) is ReplyClass.NO_DATA
        assert class_of(reply({"rt_cd": "0", "msg_cd": "NEW00000", "msg1": ""})) is ReplyClass.DONE

    def test_every_class_says_what_to_do_in_two_languages(self) -> None:
        for kind in ReplyClass:
            assert kind.ko
            assert kind.en
            assert kind.action.ko
        assert set(BY_CODE) >= AMBIGUOUS

    @given(st.text(), st.text())
    def test_any_code_has_a_class(self, code: str, text: str) -> None:
        assert classify(code, text) in ReplyClass


@pytest.mark.realdata
@needs_replies
def test_every_recorded_reply_has_an_envelope() -> None:
    """Two bodies were recorded without one: what they hold is the block itself."""
    bare = []
    for recorded in json.loads((REPLIES / "kis.json").read_text(encoding="utf-8")):
        found = reply(recorded["body"])
        if not found.is_done:
            assert (found.code, found.message) == ("", "")
            bare.append(recorded["path"].rsplit("/", 1)[1])
        else:
            assert class_of(found) is ReplyClass.DONE
    assert bare == ["inquire-price", "inquire-overtime-asking-price"]
    orders = json.loads((REPLIES / "kis_orders_and_errors.json").read_text(encoding="utf-8"))
    kinds = {name: class_of(reply(body)) for name, body in orders.items() if isinstance(body, dict) and "rt_cd" in body}
    assert kinds == {
        "order_cash_ok_document": ReplyClass.DONE,
        "order_cash_ok_paper": ReplyClass.DONE,
        "order_cash_rejected_funds": ReplyClass.CASH,
        "rate_limited_ledger": ReplyClass.RATE,
    }
