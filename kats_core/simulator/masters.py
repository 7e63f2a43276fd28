"""Write the master files that the broker offers for download each morning: fixed widths, cp949, zipped."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable

from kats_core.market._master_layouts import INDEX, KONEX, KOSDAQ, KOSPI
from kats_core.model.instrument import Instrument
from kats_core.model.kinds import Market as Board
from kats_core.simulator.info import GROUPS, standard_code
from kats_core.simulator.market import Market

_LAYOUTS = {Board.KOSPI: KOSPI, Board.KOSDAQ: KOSDAQ, Board.KONEX: KONEX}
_FILES = {"kospi_code.mst": Board.KOSPI, "kosdaq_code.mst": Board.KOSDAQ, "konex_code.mst": Board.KONEX}
_INDICES = (("0", "0001", "종합"), ("1", "1001", "KOSDAQ 종합"), ("2", "2001", "KOSPI200"))
_TEXT = frozenset({"mksc_shrn_iscd", "stnd_iscd", "hts_kor_isnm", "scrt_grp_cls_code", "stck_lstn_date", "base_date"})
_HUNDRED_MILLION = 100_000_000
_THOUSAND = 1_000


def master_file(market: Market, name: str) -> bytes | None:
    """Return the content of a file, None where there is none of that name."""
    member = name.removesuffix(".zip")
    if member == "idxcode.mst":
        lines = [_index_line(*one) for one in _INDICES]
    elif member in _FILES:
        board = _FILES[member]
        lines = [_line(market, one) for one in market.instruments() if one.market is board]
    else:
        return None
    content = b"".join(line + b"\n" for line in lines)
    return _zipped(member, content) if name.endswith(".zip") else content


def _zipped(member: str, content: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(member), content)
    return target.getvalue()


def _line(market: Market, one: Instrument) -> bytes:
    quote = market.quotes.get(one.symbol)
    base = quote.limits.base if quote is not None else 0
    shares = one.listed_shares or 0
    margin = market.desk.margins.get(one.symbol)
    values: dict[str, str | int] = {
        "mksc_shrn_iscd": one.symbol,
        "stnd_iscd": standard_code(one.symbol),
        "hts_kor_isnm": one.name,
        "scrt_grp_cls_code": GROUPS[one.kind],
        "stck_sdpr": base,
        "frml_mrkt_deal_qty_unit": one.lot_size,
        "ovtm_mrkt_deal_qty_unit": one.lot_size,
        "marg_rate": int((1 if margin is None else margin) * 100),
        "prdy_vol": 0 if quote is None else quote.volume_before,
        "stck_fcam": 0,
        "stck_lstn_date": "" if one.listed is None else one.listed.strftime("%Y%m%d"),
        "lstn_stcn": shares // _THOUSAND,
        "stac_month": 12,
        "mrkt_alrm_cls_code": "00",
        "prdy_avls_scal": shares * base // _HUNDRED_MILLION,
    }
    return b"".join(_fields(_LAYOUTS[one.market], values))


def _fields(layout: str, values: dict[str, str | int]) -> Iterable[bytes]:
    for part in layout.split():
        name, width_text = part.split(":")
        width = int(width_text)
        value = values.get(name, "N" if width == 1 and name.endswith("_yn") else "")
        if isinstance(value, int):
            yield str(value).zfill(width).encode()
        elif name in _TEXT:
            yield value.encode("cp949")[:width].ljust(width)
        else:
            yield (value or "0" * width).encode()[:width].rjust(width, b"0")


def _index_line(division: str, code: str, name: str) -> bytes:
    widths = [int(part.split(":")[1]) for part in INDEX.split()]
    texts = (division.encode(), code.encode(), name.encode("cp949"))
    return b"".join(text.ljust(width) for text, width in zip(texts, widths, strict=True))
