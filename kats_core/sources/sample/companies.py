"""Invent sixty companies. No such company exists; the exchange has never issued a code that begins with 99."""

from __future__ import annotations

from dataclasses import dataclass

from kats_core.model.instrument import Instrument
from kats_core.model.kinds import Market

SECTORS = (
    "전기·전자",
    "운송장비·부품",
    "화학",
    "제약",
    "기계·장비",
    "금융",
    "유통",
    "IT 서비스",
    "음식료·담배",
    "건설",
)

# Largest first: name, market, sector, anchor price in won, market cap at that price in billion won.
_COMPANIES = """
한빛전자          KOSPI  전기·전자      68000 240000
새벽반도체        KOSPI  전기·전자     185000 120000
온누리자동차      KOSPI  운송장비·부품  212000  46000
푸른솔바이오      KOSDAQ 제약          348000  38000
해오름금융지주    KOSPI  금융           54000  27000
미르배터리        KOSPI  화학          276000  24000
가온중공업        KOSPI  기계·장비      96000  18500
별하소프트        KOSPI  IT 서비스     164000  16800
다솜생명          KOSPI  금융           83000  14200
한결화학          KOSPI  화학          129000  12600
늘봄제약          KOSDAQ 제약          187000  11400
마루물산          KOSPI  유통          141000  10200
새벽중공업        KOSPI  기계·장비      41200   9400
도담식품          KOSPI  음식료·담배   258000   8100
하늬모빌리티      KOSPI  운송장비·부품   37500   7600
이든디스플레이    KOSPI  전기·전자      23400   7100
라온게임즈        KOSDAQ IT 서비스      88000   6600
가람건설          KOSPI  건설           33800   5900
누리홈쇼핑        KOSDAQ 유통           72000   5400
소담화장품        KOSPI  화학          112000   5100
은하부품          KOSDAQ 전기·전자      46500   4700
바다로해운        KOSPI  운송장비·부품   18900   4500
참빛증권          KOSPI  금융           14300   4200
아름드리리테일    KOSPI  유통           61500   3900
나래로보틱스      KOSDAQ 기계·장비     134000   3700
단비바이오        KOSDAQ 제약           57600   3500
두레제과          KOSPI  음식료·담배    97000   3300
튼튼메디칼        KOSDAQ 제약           42300   3100
한길토건          KOSPI  건설           21700   2900
서리풀테크        KOSDAQ 전기·전자      31900   2750
맑은에너지        KOSPI  화학           16800   2600
초롱네트웍스      KOSDAQ IT 서비스      24800   2450
길벗오토          KOSDAQ 운송장비·부품   12700   2300
온새미로소재      KOSDAQ 화학           53400   2200
별빛엔터          KOSDAQ IT 서비스      77000   2100
고운캐피탈        KOSPI  금융            9350   2000
두루산업기계      KOSDAQ 기계·장비      28600   1900
해솔제약          KOSDAQ 제약           19400   1800
미리내칩스        KOSDAQ 전기·전자      64500   1720
옹달샘음료        KOSPI  음식료·담배    38200   1640
구름클라우드      KOSDAQ IT 서비스      15600   1560
다온센서          KOSDAQ 전기·전자      11300   1480
벼리정밀          KOSDAQ 기계·장비       8740   1400
솔찬케미칼        KOSDAQ 화학           13900   1330
늘푸른개발        KOSPI  건설            7260   1260
모아마트          KOSPI  유통           10800   1200
하람유전체        KOSDAQ 제약           34700   1140
제이든모터스      KOSDAQ 운송장비·부품    6420   1090
윤슬광학          KOSDAQ 전기·전자      22100   1040
참나무수산        KOSDAQ 음식료·담배     8910   1000
바름저축지주      KOSDAQ 금융            7680    960
여울인터랙티브    KOSDAQ IT 서비스      17300    920
차돌건업          KOSDAQ 건설            5840    880
포근의료기        KOSDAQ 제약           26900    850
새롬전장          KOSDAQ 운송장비·부품    9920    820
빛고을솔라        KOSDAQ 전기·전자       6730    790
아침이슬푸드      KOSDAQ 음식료·담배    14800    760
큰솔기공          KOSDAQ 기계·장비       5260    730
가득유통          KOSDAQ 유통            6180    700
물결소재          KOSDAQ 화학            4870    680
"""


@dataclass(frozen=True, slots=True)
class Company:
    """A company as it is listed, and the price around which it moves for years."""

    instrument: Instrument
    sector: int
    anchor: int
    shares: int


def companies() -> tuple[Company, ...]:
    """Return all companies, largest first; so ordered their codes rise too."""
    return tuple(_company(number, line) for number, line in enumerate(_COMPANIES.strip().splitlines()))


def _company(number: int, line: str) -> Company:
    name, market, *sector_words, anchor, billions = line.split()
    sector = " ".join(sector_words)
    shares = int(billions) * 1_000_000_000 // int(anchor)
    instrument = Instrument(
        symbol=f"99{number + 1:03d}0",
        name=name,
        market=Market[market],
        sector=sector,
        listed_shares=shares,
    )
    return Company(instrument, SECTORS.index(sector), int(anchor), shares)
