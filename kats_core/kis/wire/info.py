"""Ask for the calendar, and for the dividends of companies."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, ClassVar

from kats_core.kis.wire import endpoints
from kats_core.kis.wire.blocks import Block, Named
from kats_core.kis.wire.endpoints import Endpoint
from kats_core.kis.wire.rest import Answer, Ask, Out
from kats_core.kis.wire.values import CODE


class CalendarDay(Block, frozen=True, kw_only=True):
    """A day of the calendar. `is_session`: the exchange is open, which alone decides about orders."""

    day: Annotated[dt.date, Named("bass_dt")]
    is_session: Annotated[bool, Named("opnd_yn")]
    is_business_day: Annotated[bool | None, Named("bzdy_yn")]
    is_trading_day: Annotated[bool | None, Named("tr_day_yn")]
    is_settlement_day: Annotated[bool | None, Named("sttl_day_yn")]


class CalendarDays(Answer, frozen=True):
    """One page of days in a row."""

    days: Annotated[tuple[CalendarDay, ...], Out("output")]


class AskCalendar(Ask[CalendarDays], frozen=True, kw_only=True):
    """Ask for the days from one on. At most once a day, as the broker wishes; not on the mock server."""

    ENDPOINT: ClassVar[Endpoint] = endpoints.CALENDAR

    start: Annotated[dt.date, Named("BASS_DT")]


class Dividend(Block, frozen=True, kw_only=True):
    """A dividend: won a share in cash, percent in shares."""

    symbol: Annotated[str, Named("sht_cd", CODE)]
    name: Annotated[str, Named("isin_name")]
    record_date: Annotated[dt.date, Named("record_date")]
    kind: Annotated[str, Named("divi_kind")]
    per_share: Annotated[Decimal | None, Named("per_sto_divi_amt")]
    percent_of_face: Annotated[Decimal | None, Named("divi_rate")]
    percent_in_shares: Annotated[Decimal | None, Named("stk_divi_rate")]
    face_value: Annotated[Decimal | None, Named("face_val")]
    paid_on: Annotated[dt.date | None, Named("divi_pay_dt")]
    shares_paid_on: Annotated[dt.date | None, Named("stk_div_pay_dt")]
    share_kind: Annotated[str, Named("stk_kind")]


class Dividends(Answer, frozen=True):
    """One page of dividends."""

    rows: Annotated[tuple[Dividend, ...], Out("output1", ("output",))]


class AskDividends(Ask[Dividends], frozen=True, kw_only=True):
    """Ask which dividends have their record date between two days, of one company or of all."""

    ENDPOINT: ClassVar[Endpoint] = endpoints.DIVIDENDS
    FIXED: ClassVar[Mapping[str, str]] = {"CTS": "", "GB1": "0", "HIGH_GB": ""}

    start: Annotated[dt.date, Named("F_DT")]
    end: Annotated[dt.date, Named("T_DT")]
    symbol: Annotated[str, Named("SHT_CD")] = ""
