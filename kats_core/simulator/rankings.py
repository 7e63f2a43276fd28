"""Answer the rankings: thirty rows at most, of all stocks or one board, with the filters for price and volume."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kats_core.model.kinds import Side
from kats_core.simulator.calls import Call, answers, hms, of_index, percent, quoted, rate_of, sign, ymd
from kats_core.simulator.gateway import Answer
from kats_core.simulator.history import OwnHistory, own_history
from kats_core.simulator.quote import Quote
from kats_core.simulator.quotes import moves

_MOST = 30
_AVERAGE_OF = 20
_HUNDRED_MILLION = 100_000_000


def _ranked(call: Call, key: Callable[[Quote], Any], *, is_falling: bool = True) -> list[Quote]:
    """Return the stocks that pass the filters, best first."""
    market = call.market
    quotes = [quote for symbol in market.quotes if (quote := market.quote(symbol)) is not None]
    low, high = call.whole("FID_INPUT_PRICE_1"), call.whole("FID_INPUT_PRICE_2")
    volume = call.whole("FID_VOL_CNT")
    chosen = [
        quote
        for quote in of_index(call.text("FID_INPUT_ISCD", "0000"), quotes)
        if quote.last >= low and (not high or quote.last <= high) and quote.volume >= volume
    ]
    return sorted(chosen, key=lambda quote: (key(quote), quote.instrument.symbol), reverse=is_falling)[:_MOST]


def _named(quote: Quote, rank: int, symbol_field: str) -> dict[str, Any]:
    return {
        "hts_kor_isnm": quote.instrument.name,
        symbol_field: quote.instrument.symbol,
        "data_rank": rank,
        **moves(quote),
    }


def _mean(values: tuple[int, ...]) -> int:
    last = values[-_AVERAGE_OF:]
    return sum(last) // len(last) if last else 0


@answers("volume_rank")
def by_volume(call: Call) -> Answer:
    """Rank by volume, its growth, turnover or value."""
    keys: dict[str, Callable[[Quote], Any]] = {
        "0": lambda quote: quote.volume,
        "1": lambda quote: quote.volume / max(quote.volume_before, 1),
        "2": lambda quote: quote.volume / max(quote.instrument.listed_shares or 1, 1),
        "3": lambda quote: quote.value,
        "4": lambda quote: quote.value / max((quote.instrument.listed_shares or 1) * quote.last, 1),
    }
    rows = []
    for rank, quote in enumerate(_ranked(call, keys.get(call.text("FID_BLNG_CLS_CODE", "0"), keys["0"])), start=1):
        history = own_history(call.market, quote.instrument.symbol)
        shares = quote.instrument.listed_shares or 0
        volume, value = _mean(history.volume), _mean(history.value)
        rows.append(
            call.row(
                "output",
                **_named(quote, rank, "mksc_shrn_iscd"),
                prdy_vol=quote.volume_before,
                lstn_stcn=shares,
                avrg_vol=volume,
                n_befr_clpr_vrss_prpr_rate=rate_of(quote.change, quote.limits.base),
                vol_inrt=percent(quote.volume, quote.volume_before),
                vol_tnrt=percent(quote.volume, shares),
                nday_vol_tnrt=percent(volume, shares),
                avrg_tr_pbmn=value,
                tr_pbmn_tnrt=percent(quote.value, shares * quote.last),
                nday_tr_pbmn_tnrt=percent(value, shares * quote.last),
                acml_tr_pbmn=quote.value,
            )
        )
    return quoted(output=rows)


@answers("fluctuation")
def by_change(call: Call) -> Answer:
    """Rank by change: from yesterday's close, or from the open; gainers or losers."""
    code = call.text("FID_RANK_SORT_CLS_CODE", "0")
    by_open = code in ("2", "3")

    def change(quote: Quote) -> float:
        base = (quote.open or quote.limits.base) if by_open else quote.limits.base
        return (quote.last - base) / base

    def reach(quote: Quote) -> float:
        return (quote.high - quote.low) / quote.limits.base

    ranked = _ranked(call, reach if code == "4" else change, is_falling=code not in ("1", "3"))
    rows = []
    for rank, quote in enumerate(ranked, start=1):
        history = own_history(call.market, quote.instrument.symbol)
        up, down = _in_a_row(history, quote)
        opened = quote.open or quote.last
        rows.append(
            call.row(
                "output",
                **_named(quote, rank, "stck_shrn_iscd"),
                stck_hgpr=quote.high,
                hgpr_hour=hms(quote.high_at) or "000000",
                acml_hgpr_date=ymd(call.market.day),
                stck_lwpr=quote.low,
                lwpr_hour=hms(quote.low_at) or "000000",
                acml_lwpr_date=ymd(call.market.day),
                lwpr_vrss_prpr_rate=rate_of(quote.last - quote.low, quote.low),
                dsgt_date_clpr_vrss_prpr_rate=rate_of(quote.change, quote.limits.base),
                cnnt_ascn_dynu=up,
                hgpr_vrss_prpr_rate=rate_of(quote.last - quote.high, quote.high),
                cnnt_down_dynu=down,
                oprc_vrss_prpr_sign=sign(quote.last - opened),
                oprc_vrss_prpr=quote.last - opened,
                oprc_vrss_prpr_rate=rate_of(quote.last - opened, opened),
            )
        )
    return quoted(output=rows)


def _in_a_row(history: OwnHistory, quote: Quote) -> tuple[int, int]:
    """Return for how many days in a row a stock has risen and fallen, today included."""
    closes = [*history.close, quote.last]
    up = down = 0
    for before, close in zip(reversed(closes[:-1]), reversed(closes), strict=True):
        if close > before and not down:
            up += 1
        elif close < before and not up:
            down += 1
        else:
            break
    return up, down


def _cap(quote: Quote) -> int:
    return (quote.instrument.listed_shares or 0) * quote.last


@answers("market_cap")
def by_market_cap(call: Call) -> Answer:
    """Rank by market capitalisation."""
    ranked = _ranked(call, _cap)
    whole = sum(_cap(quote) for quote in call.market.quotes.values())
    return quoted(
        output=[
            call.row(
                "output",
                **_named(quote, rank, "mksc_shrn_iscd"),
                lstn_stcn=quote.instrument.listed_shares or 0,
                stck_avls=_cap(quote) // _HUNDRED_MILLION,
                mrkt_whol_avls_rlim=percent(_cap(quote), whole),
            )
            for rank, quote in enumerate(ranked, start=1)
        ]
    )


@answers("volume_power")
def by_strength(call: Call) -> Answer:
    """Rank by bought against sold volume."""
    return quoted(
        output=[
            call.row(
                "output",
                **_named(quote, rank, "stck_shrn_iscd"),
                tday_rltv=f"{quote.strength:.2f}",
                seln_cnqn_smtn=quote.sold,
                shnu_cnqn_smtn=quote.bought,
            )
            for rank, quote in enumerate(_ranked(call, lambda quote: quote.strength), start=1)
        ]
    )


@answers("near_new_highlow")
def near_extremes(call: Call) -> Answer:
    """List the stocks nearest to their highest, or lowest, price of a year."""
    is_high = call.text("FID_PRC_CLS_CODE", "0") == "0"
    ranges: dict[str, tuple[int, int]] = {}
    for symbol in call.market.quotes:
        history = own_history(call.market, symbol)
        quote = call.market.quotes[symbol]
        highs, lows = [*history.high[-250:], quote.high or quote.last], [*history.low[-250:], quote.low or quote.last]
        ranges[symbol] = max(highs), min(lows)

    def nearness(quote: Quote) -> float:
        high, low = ranges[quote.instrument.symbol]
        return quote.last / high if is_high else -quote.last / low

    rows = []
    for quote in _ranked(call, nearness):
        high, low = ranges[quote.instrument.symbol]
        board = call.market.board(quote.instrument.symbol)
        asks = board.displayed(Side.SELL) if board is not None else ()
        bids = board.displayed(Side.BUY) if board is not None else ()
        rows.append(
            call.row(
                "output",
                hts_kor_isnm=quote.instrument.name,
                mksc_shrn_iscd=quote.instrument.symbol,
                **moves(quote),
                askp=asks[0].price if asks else 0,
                askp_rsqn1=asks[0].size if asks else 0,
                bidp=bids[0].price if bids else 0,
                bidp_rsqn1=bids[0].size if bids else 0,
                new_hgpr=high,
                hprc_near_rate=percent(quote.last, high),
                new_lwpr=low,
                lwpr_near_rate=percent(quote.last, low),
                stck_sdpr=quote.limits.base,
            )
        )
    return quoted(output=rows)
