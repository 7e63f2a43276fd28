"""Registrations, acks, PINGPONG and frames: what is written is read back, what is cut off is refused."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kats_core.kis.wire import layouts
from kats_core.kis.wire.cipher import CipherKeys
from kats_core.kis.wire.errors import WireError
from kats_core.kis.wire.layouts import LAYOUTS, Profile, layout_of
from kats_core.kis.wire.stream import Ack, Frame, Ping, Registration, read_registration, register, split, unregister

SHARED = Path(__file__).parents[2].parent / "shared"
FIELDS = SHARED / "kis" / "ws_fields"
FRAMES = SHARED / "data" / "kis_ws"
recorded = [pytest.mark.realdata, pytest.mark.skipif(not FRAMES.is_dir(), reason="no recorded market beside the house")]

KEYS = CipherKeys("abcdefghijklmnopabcdefghijklmnop", "0123456789abcdef")
FILL = (
    "user01^1234567801^0000085100^^02^0^00^0^005930^0000000010^000071900^094415^0^2^2^00950^000000010^홍길동^000000000"
    "^1^Y^^10^^삼성전자^000071900"
)
SEALED_FILL = (
    "1|H0STCNI0|001|5CdAcaYFr7U+3ZaowCNT/E8fFSlIbNWaQfer6lNu6+PowfluL7aQQpk1Q2zeCgPltzn7sVwL4SIYxRywSPz7mJukmC+9nvHXCyL1g"
    "SQCQ2LdODXMG+Ba9sCjmG4GHcXV/qtih2Nxyf4L0LKeulLaVhnkOP7Ko4pLSdP0b8VywcO6ABPW0MxbrTVvz8DMsJLfvktS0mt38Zhcm7jTiWD3UQ=="
)
SEALED_ACCEPTANCE = (
    "1|H0STCNI0|001|5CdAcaYFr7U+3ZaowCNT/E8fFSlIbNWaQfer6lNu6+PowfluL7aQQpk1Q2zeCgPltzn7sVwL4SIYxRywSPz7mHIKDBwNwn2EfOhvF"
    "N/SOsbqhOO8/PilhGT032WuPZOkkFl6FsajsCoV5GUaqC9P5edW9NjE8nquix6oOzoH/PRu6yoYnjuFIEEgPAPTvVGPDQjku42YWZFGWO8+S85K4g=="
)

words = st.text(
    st.characters(min_codepoint=33, max_codepoint=0xD7A3, exclude_categories=("Cs", "Zs", "Zl", "Zp", "Cc"))
)


def frame_of(width: int, count: int, stream: str = layouts.KRX_TRADES, told: str | None = None) -> str:
    """Return a frame whose fields say where they stand."""
    fields = [f"{i % width:06}" if i % width else "005930" for i in range(width * count)]
    return f"0|{stream}|{told or f'{count:03}'}|{'^'.join(fields)}"


def records(text: str) -> list[list[str]]:
    """Return the records of a frame's text."""
    frame = split(text)
    assert isinstance(frame, Frame)
    return frame.records()


class TestControl:
    def test_a_registration_is_the_documented_message(self) -> None:
        """Spec: `kis/ws.md` section 2."""
        assert json.loads(register("KEY", "H0STCNT0", "005930")) == {
            "header": {"approval_key": "KEY", "custtype": "P", "tr_type": "1", "content-type": "utf-8"},
            "body": {"input": {"tr_id": "H0STCNT0", "tr_key": "005930"}},
        }
        assert json.loads(unregister("KEY", "H0STCNT0", "005930"))["header"]["tr_type"] == "2"

    @given(words, words, words, st.booleans())
    def test_what_a_client_asks_is_what_the_server_reads(self, stream: str, key: str, approval: str, off: bool) -> None:
        asked = Registration(stream=stream, key=key, approval_key=approval, is_unregister=off)
        assert read_registration(asked.text()) == asked

    @given(
        words.filter(lambda s: s != "(null)"), words, words.filter(bool), words, st.sampled_from("019"), st.booleans()
    )
    def test_an_ack_comes_back_as_it_was(
        self, stream: str, key: str, code: str, message: str, result: str, y: bool
    ) -> None:
        ack = Ack(stream=stream, key=key, code=code, message=message, result=result, is_encrypted=y, keys=KEYS)
        assert split(ack.text()) == ack

    def test_an_ack_carries_the_keys_of_its_connection(self) -> None:
        """Spec: `kis/ws.md` 3.1; keys come with every ack, and are never shown."""
        ack = split(
            '{"header":{"tr_id":"H0STCNT0","tr_key":"005930","encrypt":"N"},"body":{"rt_cd":"0","msg_cd":"OPSP0000",'
            '"msg1":"SUBSCRIBE SUCCESS","output":{"iv":"0123456789abcdef","key":"abcdefghijklmnopabcdefghijklmnop"}}}'
        )
        assert isinstance(ack, Ack)
        assert (ack.stream, ack.key, ack.is_done, ack.keys) == ("H0STCNT0", "005930", True, KEYS)
        assert "abcdefgh" not in repr(ack)

    @pytest.mark.parametrize(
        ("code", "result", "done"),
        [("OPSP0000", "0", True), ("OPSP0002", "1", True), ("OPSP0003", "1", False), ("OPSP0008", "1", False)],
    )
    def test_a_stream_that_was_registered_before_is_registered(self, code: str, result: str, done: bool) -> None:
        """Quirk F3: the duplicate is refused and the registration stays."""
        assert Ack(stream="H0STCNT0", key="005930", code=code, message="", result=result).is_done is done

    def test_a_refusal_may_not_say_what_it_refuses(self) -> None:
        """Quirks F1, F11: the stream is the word (null)."""
        ack = split(
            '{"header":{"tr_id":"(null)","tr_key":"","encrypt":"N"},'
            '"body":{"rt_cd":"9","msg_cd":"OPSP8996","msg1":"ALREADY IN USE appkey"}}'
        )
        assert isinstance(ack, Ack)
        assert (ack.stream, ack.code, ack.is_done, ack.keys) == ("", "OPSP8996", False, None)

    def test_a_sign_of_life_keeps_its_text(self) -> None:
        text = '{"header":{"tr_id":"PINGPONG","datetime":"20260105093401"}}'
        assert split(text) == Ping(text)
        assert split(Ping.at("20260105093401").text) == Ping(text)

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "{",
            "[]",
            "{}",
            '{"header":{}}',
            '{"header":{"tr_id":"X"},"body":{}}',
            "0|H0STCNT0",
            "2|H0STCNT0|001|a",
            "0|X|a|b",
        ],
    )
    def test_anything_else_is_our_own_error(self, text: str) -> None:
        with pytest.raises(WireError):
            split(text)

    def test_an_error_shows_no_secret(self) -> None:
        secret = '{"header":{"tr_id":"H0STCNI0","approval_key":"KEY"},"body":{"output":{"iv":"short","key":"SECRET"},"msg_cd":"A"}}'
        with pytest.raises(WireError) as caught:
            split(secret)
        assert "SECRET" not in str(caught.value)
        assert "KEY" not in str(caught.value)
        assert caught.value.text == secret

    def test_an_error_shows_no_secret_of_a_text_that_was_cut_off(self) -> None:
        """Neither a key nor an account that stands last, without its closing quote."""
        for cut in ('{"header":{},"body":{"output":{"key":"SECR', '{"output":[{"cano":"81382'):
            with pytest.raises(WireError) as caught:
                split(cut)
            assert "SECR" not in str(caught.value)
            assert "81382" not in str(caught.value)


class TestCipher:
    def test_the_vector_of_the_notes(self) -> None:
        """Spec: `kis/examples.md`, AES test vector."""
        frame = split(SEALED_FILL)
        assert isinstance(frame, Frame)
        assert frame.is_encrypted
        assert frame.opened(KEYS).payload == FILL
        assert Frame.of(layouts.NOTICES, [FILL.split("^")], KEYS).text() == SEALED_FILL

    def test_the_second_payload_of_the_notes(self) -> None:
        frame = split(SEALED_ACCEPTANCE)
        assert isinstance(frame, Frame)
        assert frame.opened(KEYS).payload == FILL.replace("^094415^0^2^2^", "^094414^0^1^1^")

    @given(st.text())
    def test_what_is_sealed_opens(self, plain: str) -> None:
        plain = plain.encode(errors="ignore").decode()
        assert KEYS.decrypt(KEYS.encrypt(plain)) == plain

    def test_the_keys_of_another_connection_do_not_open_it(self) -> None:
        """Quirk F8: an AES key belongs to its connection."""
        frame = split(SEALED_FILL)
        assert isinstance(frame, Frame)
        with pytest.raises(WireError, match="keys of this connection"):
            frame.opened(CipherKeys("x" * 32, "0123456789abcdef"))

    def test_a_sealed_frame_is_not_read(self) -> None:
        with pytest.raises(WireError, match="still encrypted"):
            records(SEALED_FILL)

    @pytest.mark.parametrize("key", ["", "short", "가" * 32])
    def test_keys_of_another_length_are_refused(self, key: str) -> None:
        with pytest.raises(ValueError, match="expected 32"):
            CipherKeys(key, "0123456789abcdef")


class TestWidths:
    """The width of a record is derived, never assumed (`kis/ws.md` section 4)."""

    @pytest.mark.parametrize("width", [36, 45, 46, 47, 48, 60])
    @pytest.mark.parametrize("count", [1, 2, 4])
    def test_any_width_from_the_prefix_on(self, width: int, count: int) -> None:
        """Regression 20: multi-record frames yield all records, extra fields do not break, missing ones neither."""
        found = records(frame_of(width, count))
        assert [len(record) for record in found] == [width] * count
        assert {record[1] for record in found} == {"000001"}

    @pytest.mark.parametrize(("width", "count", "told"), [(46, 2, "001"), (47, 3, "1"), (46, 4, "003"), (47, 2, "000")])
    def test_a_count_that_is_wrong_gives_way_to_a_known_width(self, width: int, count: int, told: str) -> None:
        assert len(records(frame_of(width, count, told=told))) == count

    @pytest.mark.parametrize("count", [1, 2, 3])
    def test_a_stray_separator_at_the_end(self, count: int) -> None:
        assert len(records(frame_of(47, count) + "^")) == count

    @pytest.mark.parametrize("lost", [1, 10, 20, 30, 46])
    def test_a_frame_that_is_cut_off_is_refused(self, lost: int) -> None:
        cut = "^".join(frame_of(47, 4).split("^")[:-lost])
        with pytest.raises(WireError, match="no 4 records of H0STCNT0"):
            records(cut)

    def test_a_cut_frame_that_seems_to_be_of_the_older_width_is_refused(self) -> None:
        """Two records of 47 that lost two fields are 92, as two of 46: the second does not begin with a symbol."""
        fields = frame_of(47, 2).split("^")
        fields[46] = "2"
        with pytest.raises(WireError):
            records("^".join(fields[:-2]))

    def test_an_unknown_stream(self) -> None:
        with pytest.raises(WireError, match="unknown"):
            records("0|H0XXXXX0|001|a^b")

    @pytest.mark.parametrize(
        ("profile", "widths"),
        [
            (Profile.SAMPLE, (46, 59, 65, 65, 45, 26)),
            (Profile.CURRENT, (47, 63, 62, 66, 46, 26)),
            (Profile.LEGACY, (46, 59, 65, 65, 45, 23)),
        ],
    )
    def test_the_widths_of_the_profiles(self, profile: Profile, widths: tuple[int, ...]) -> None:
        """Spec: `kis/ws.md` section 6, profiles."""
        streams = ("H0STCNT0", "H0STASP0", "H0NXASP0", "H0UNASP0", "H0STANC0", "H0STCNI0")
        assert tuple(len(LAYOUTS[stream].names[profile]) for stream in streams) == widths

    def test_notices_under_their_older_name(self) -> None:
        assert layout_of("K0STCNI0") is LAYOUTS[layouts.NOTICES]


VARIANTS = {
    **{
        f"{s}_202609": (s, Profile.CURRENT)
        for s in ("H0STCNT0", "H0NXCNT0", "H0UNCNT0", "H0STASP0", "H0NXASP0", "H0UNASP0")
    },
    "H0STANC0_202609": ("H0STANC0", Profile.CURRENT),
    "H0STCNI0_legacy23": ("H0STCNI0", Profile.LEGACY),
    "H0UNMKO0_live10": ("H0UNMKO0", Profile.CURRENT),
}


@pytest.mark.realdata
@pytest.mark.skipif(not FIELDS.is_dir(), reason="no protocol notes beside the house")
class TestAgainstTheNotes:
    def test_every_layout_is_that_of_the_notes(self) -> None:
        """Every published layout is here with the same names in the same order, and no stream is without one."""
        checked = set()
        for path in sorted(FIELDS.glob("*.csv")):
            with path.open(encoding="utf-8", newline="") as lines:
                published = tuple(row["name"] for row in csv.DictReader(lines))
            if path.stem == "H0STMKO0_live10":
                assert published == LAYOUTS["H0STMKO0"].names[Profile.CURRENT][:10]
                assert len(published) in LAYOUTS["H0STMKO0"].widths
                continue
            stream, profile = VARIANTS.get(path.stem, (path.stem, Profile.SAMPLE))
            assert LAYOUTS[stream].names[profile] == published, path.name
            checked.add(stream)
        assert checked | {"H0STCNI9"} == set(LAYOUTS)

    def test_control_messages_as_recorded(self) -> None:
        recorded_messages: dict[str, Any] = json.loads((FRAMES / "control_messages.json").read_text(encoding="utf-8"))
        for message in recorded_messages["subscribe_ok"]:
            ack = split(json.dumps(message))
            assert isinstance(ack, Ack)
            assert ack.is_done
            assert ack.keys == KEYS
            assert json.loads(ack.text()) == message
        asked = read_registration(json.dumps(recorded_messages["subscribe_request"]))
        assert json.loads(asked.text()) == recorded_messages["subscribe_request"]
        assert isinstance(split(json.dumps(recorded_messages["pingpong"])), Ping)
