"""Hold the numbers of screening; they are the block `universe:` of `kats.yaml` (`spec/market.md` section 3)."""

from __future__ import annotations

from typing import Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

RankBy: TypeAlias = Literal["market_cap", "turnover", "auto"]


class ScreenRules(BaseModel):
    """Thresholds of universe, qualification, grades and scores; amounts in won, shares of something as fractions."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rank_by: RankBy = Field(
        default="market_cap", description="auto: by turnover in sessions where a candidate lacks its market cap"
    )
    rank_scope: Literal["ALL", "KOSPI"] = Field(default="ALL", description="ALL ranks both markets together")

    min_market_cap: int = Field(default=500_000_000_000, ge=0, description="Q1; skipped when ranked by turnover")
    min_turnover: int = Field(default=10_000_000_000, ge=0, description="Q2: mean of 20 bars, up to `large_ranks`")
    min_turnover_small: int = Field(default=5_000_000_000, ge=0, description="Q2: the same behind `large_ranks`")
    large_ranks: int = Field(
        default=100, ge=1, description="Q2 and Q4: the ranks that count as large; profile FLOW too"
    )
    min_volume: int = Field(default=1_000_000, ge=0, description="Q3: mean shares of 20 bars, or")
    min_volume_frac: float = Field(default=0.005, ge=0, le=1, description="Q3: those as part of listed shares, or")
    ample_turnover: int = Field(default=50_000_000_000, ge=0, description="Q3: mean won of 20 bars, enough by itself")
    max_spread: float = Field(default=0.003, gt=0, le=0.05, description="Q4: median quoted spread of the last session")
    max_spread_small: float = Field(default=0.005, gt=0, le=0.05, description="Q4: the same behind `large_ranks`")
    listed_bars: int = Field(default=126, ge=1, description="Q5: own daily bars, six months")
    min_price: int = Field(default=1_000, ge=0, description="Q7; skipped on adjusted prices")

    grade_a: int = Field(default=30, ge=1, description="last rank of grade A")
    grade_b: int = Field(default=100, ge=1, description="last rank of grade B")
    grade_c: int = Field(default=200, ge=1, description="last rank of grade C")
    min_fund_turnover: int = Field(default=10_000_000_000, ge=0, description="grade ETF: mean won of 20 bars")

    min_eps_growth: float = Field(default=0.15, ge=0, description="F1: latest quarter on the same a year before")
    min_revenue_growth: float = Field(default=0.10, ge=0, description="F2: the same of revenue")
    sector_leaders: int = Field(default=3, ge=1, description="F5: last rank by market cap or by 20-bar return")
    report_days: int = Field(default=200, ge=90, description="a quarter that ended longer ago is missing")

    canslim_eps_growth: float = Field(default=0.25, ge=0, description="C and A")
    near_high: float = Field(default=0.95, gt=0, le=1, description="N: part of the highest high of 252 bars")
    up_volume: float = Field(default=1.2, ge=0, description="S: shares on rising over shares on falling days")
    leader_strength: float = Field(default=80, ge=0, le=100, description="L: relative strength percentile")
    template_strength: float = Field(default=70, ge=0, le=100, description="trend check 8, the same percentile")

    flow_frac: float = Field(default=0.01, ge=0, le=1, description="net buying of 5 sessions as part of what traded")
    min_trend: int = Field(default=5, ge=0, le=8, description="profile BULL: trend checks passed")
    side_limit: int = Field(default=5, ge=1, le=100, description="new symbols a session, bull and bear side each")
