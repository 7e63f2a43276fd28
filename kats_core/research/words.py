"""Hold every text of the report, in Korean and in English, and call reasons and symbols by their names.

The words of the domain (regimes, decisions, ratings) are not here: they belong to their owners (`model.labels`).
"""

from __future__ import annotations

from dataclasses import dataclass

from kats_core.model.kinds import Grade, Regime
from kats_core.model.labels import Code, Labelled, Language
from kats_core.research.metrics import UNKNOWN, By
from kats_core.store.run import Run

NONE = "–"
"""Stands where there is no value."""

_WEEKDAYS = (("월", "Mon"), ("화", "Tue"), ("수", "Wed"), ("목", "Thu"), ("금", "Fri"), ("토", "Sat"), ("일", "Sun"))


@dataclass(frozen=True, slots=True)
class Words:
    """The texts of one run's report in one language."""

    run: Run
    language: Language

    def __call__(self, key: str, **values: object) -> str:
        """Return a text of the page."""
        return TEXTS[key][self._which].format(**values)

    def label(self, thing: Labelled | Code) -> str:
        """Return the label of a word."""
        return thing.label(self.language)

    def reason(self, code: str | None) -> str:
        """Return the text of `owner:CODE`."""
        texts = self.run.codes.get(code or "")
        return (code or "") if texts is None else texts[self._which]

    def named(self, symbol: str) -> str:
        """Return a symbol's name, or the symbol where it has none."""
        return self.run.instruments.get(symbol, symbol)

    def group(self, by: By, name: str) -> str:
        """Return what a group of trades is called."""
        if name == UNKNOWN:
            return self("not_read")
        match by:
            case By.EXIT:
                return self.reason(name)
            case By.WEEKDAY:
                return _WEEKDAYS[int(name)][self._which]
            case By.HOUR:
                return self("hour", hour=name)
            case By.REGIME if name in Regime.__members__:
                return self.label(Regime[name])
            case By.GRADE if name in Grade.__members__:
                return self.label(Grade[name])
            case _:
                return name

    @property
    def months(self) -> list[str]:
        """The short names of the months."""
        return TEXTS["months"][self._which].split()

    @property
    def _which(self) -> int:
        return 0 if self.language == "ko" else 1


TEXTS: dict[str, tuple[str, str]] = {
    "title": ("백테스트", "Backtest"),
    "sessions": ("{count:,}거래일", "{count:,} sessions"),
    "run": ("실행", "run"),
    "configuration": ("설정", "configuration"),
    "data": ("데이터", "data"),
    "seed": ("시드", "seed"),
    "capital": ("시작 자산", "starting capital"),
    "version": ("버전", "version"),
    "notes_title": ("이 결과를 읽을 때 알아야 할 것", "What this result rests on"),
    "figures": ("핵심 지표", "Key figures"),
    "return": ("수익률", "return"),
    "profit": ("매매 손익", "profit of trades"),
    "mdd": ("최대 낙폭 (MDD)", "max drawdown"),
    "trades": ("매매", "trades"),
    "trades_unit": ("{count:,}건", "{count:,}"),
    "win_rate": ("승률", "win rate"),
    "wins": ("승 {wins:,} · 패 {losses:,}", "{wins:,} won · {losses:,} lost"),
    "average_r": ("평균 R", "average R"),
    "expectancy": ("매매당 {won}원", "{won} won a trade"),
    "sqn": ("SQN", "SQN"),
    "sqn_needs": ("매매 30건 필요, 현재 {count}건", "needs 30 trades, has {count}"),
    "sqn_equal": ("R이 모두 같음", "all R are equal"),
    "profit_factor": ("수익 팩터 (PF)", "profit factor"),
    "payoff": ("평균 이익/손실 {payoff}", "average win/loss {payoff}"),
    "sharpe": ("샤프 (참고)", "Sharpe (for information)"),
    "sharpe_needs": ("60거래일 필요", "needs 60 days"),
    "exposure": ("평균 투자 비중", "exposure"),
    "time_in_market": ("보유한 날 {share}", "holding on {share} of days"),
    "costs": ("비용", "costs"),
    "cost_share": ("비용 전 이익의 {share}", "{share} of the profit before costs"),
    "streaks": ("최장 {wins}연승 · {losses}연패", "at most {wins} wins · {losses} losses in a row"),
    "execution_detail": (
        "부분 체결 {partial} · 만료 {expired:,} · 정정 {amended:,}",
        "partial {partial} · expired {expired:,} · amended {amended:,}",
    ),
    "slippage": ("평균 슬리피지", "mean slippage"),
    "against": ("{name} {change}", "{name} {change}"),
    "no_benchmark": (
        "데이터에 KOSPI 지수가 없어 비교하지 않았습니다.",
        "The data have no KOSPI index, so there is nothing to compare with.",
    ),
    "equity_title": ("자산과 낙폭", "Equity and drawdown"),
    "equity": ("자산", "equity"),
    "drawdown": ("낙폭", "drawdown"),
    "million": ("백만 원", "million won"),
    "months_title": ("월별 수익률", "Monthly returns"),
    "months": ("1월 2월 3월 4월 5월 6월 7월 8월 9월 10월 11월 12월", "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec"),
    "year": ("연간", "Year"),
    "r_title": ("R 배수 분포", "R multiples"),
    "r_axis": ("R (처음 위험의 배수)", "R (multiples of the initial risk)"),
    "r_undefined": (
        "R을 정할 수 없는 매매 {count:,}건 제외 (손절가 이하 체결)",
        "without {count:,} trades that have no R (filled at or under their stop)",
    ),
    "groups_title": ("무엇이 벌고 무엇이 잃었나", "What earned and what lost"),
    "not_read": ("기록 없음", "not recorded"),
    "hour": ("{hour}시", "{hour}:00"),
    "exposure_title": ("투자 비중", "Exposure over time"),
    "costs_title": ("누적 비용", "Costs over time"),
    "commission": ("수수료", "commission"),
    "tax": ("세금", "tax"),
    "worst_title": ("가장 나쁜 매매", "Worst trades"),
    "best_title": ("가장 좋은 매매", "Best trades"),
    "charts_title": ("매매별 차트", "Charts of trades"),
    "charts_all": ("모든 매매 {count:,}건의 일봉 차트입니다.", "Daily candles of all {count:,} trades."),
    "charts_some": (
        "{all:,}건 가운데 {count:,}건의 차트: 가장 나쁜, 가장 좋은, 최근 매매. 나머지는 trades.csv에. 더 담기: `kats report --charts N`",
        "Charts of {count:,} of {all:,} trades: worst, best, latest. The others are in trades.csv. More: `kats report --charts N`",
    ),
    "no_candles": (
        "이 실행 폴더에는 캔들 데이터가 없어 차트를 그릴 수 없습니다.",
        "This run's folder holds no candles, so there are no charts.",
    ),
    "previous": ("이전", "previous"),
    "next": ("다음", "next"),
    "choose": ("매매 선택", "choose a trade"),
    "sort": ("정렬", "order"),
    "sort_time": ("시간순", "by time"),
    "sort_profit": ("손익순", "by profit"),
    "sort_r": ("R순", "by R"),
    "number": ("번호", "no."),
    "symbol": ("종목", "symbol"),
    "strategy": ("전략", "strategy"),
    "opened": ("진입", "entry"),
    "closed": ("청산", "exit"),
    "quantity": ("수량", "shares"),
    "entry_price": ("매수가", "bought at"),
    "exit_price": ("매도가", "sold at"),
    "net_profit": ("손익", "P&L"),
    "r": ("R", "R"),
    "exit_code": ("청산 이유", "reason of the exit"),
    "regime": ("장세", "regime"),
    "grade": ("등급", "grade"),
    "trigger": ("돌파 기준가", "trigger"),
    "limit": ("지정가", "limit"),
    "stop": ("손절가", "stop"),
    "target": ("목표가", "target"),
    "buy": ("매수", "buy"),
    "sell": ("매도", "sell"),
    "setup": ("셋업", "setup"),
    "fills": ("체결", "fills"),
    "time": ("시각", "time"),
    "price": ("가격", "price"),
    "note": ("주의", "note"),
    "path_dependent": (
        "한 봉 안의 가격 순서를 알 수 없어 결과가 달라질 수 있는 매매",
        "the order of prices within one bar is not known, and the result hangs on it",
    ),
    "refusals_title": ("거절된 신호", "Rejected signals"),
    "refusals_note": (
        "조건이 이어지는 동안 다시 온 신호는 올 때마다 셉니다.",
        "A signal that comes again while its conditions hold counts each time.",
    ),
    "no_refusals": ("거절된 신호가 없습니다.", "No signal was rejected."),
    "stage": ("단계", "stage"),
    "why": ("사유", "reason"),
    "count": ("횟수", "times"),
    "from_to": ("처음 → 마지막", "first → last"),
    "held_title": ("마지막 날 보유 종목", "Held at the end"),
    "average": ("평균가", "average"),
    "last_price": ("현재가", "last"),
    "faults_title": ("오류", "Faults"),
    "who": ("어디서", "where"),
    "no_trades": ("이 기간에는 매매가 없었습니다.", "There were no trades in this period."),
    "effective": ("설정값 {count:,}개", "{count:,} values of the configuration"),
    "made_from": (
        "이 페이지는 네트워크 없이 열립니다. 같은 폴더의 decisions.jsonl, trades.csv, equity.csv, metrics.json에 모든 값이 있습니다.",
        "This page needs no network. All values are in decisions.jsonl, trades.csv, equity.csv and metrics.json beside it.",
    ),
    "paths_title": ("봉 안의 순서: 두 경우의 결과", "Order of prices within bars: both results"),
    "path": ("경로", "path"),
    "bars_played": (
        "일봉 {daily:,}일 · 분봉 {minute:,}일 · 섞어서 {mixed:,}일",
        "{daily:,} sessions on daily bars · {minute:,} on minute bars · {mixed:,} mixed",
    ),
    "stamp_survivors": ("생존 편향 의심", "survivorship bias likely"),
    "stamp_survivors_detail": (
        "{years}년 동안 {symbols:,}종목 가운데 {ended:,}종목만 중간에 끝남",
        "in {years} years only {ended:,} of {symbols:,} symbols end before the data",
    ),
    "stamp_survived": ("상장폐지 종목 포함", "delisted symbols are among the data"),
    "stamp_derived": ("계산한 입력", "derived inputs"),
    "stamp_ticks_detail": ("수정주가", "adjusted prices"),
    "stamp_left_out": ("분봉이 없어 뺀 전략", "left out for want of minute bars"),
    "stamp_assumed": ("가정한 입력", "assumed inputs"),
    "stamp_ticks": ("호가 단위 근사", "approximate ticks"),
    "stamp_scale": ("분봉과 수정주가 일봉의 기준 차이", "minutes off the scale of adjusted daily bars"),
    "stamp_scale_detail": (
        "{count:,}종목일은 일봉으로 재생함",
        "of {count:,} symbols and days the daily bar was played",
    ),
    "stamp_approximated": ("근사한 조건", "approximated"),
    "stamp_path": ("봉 내 순서 불명 {count:,}건", "{count:,} trades hang on the order in a bar"),
    "stamp_undecided": ("봉으로는 이익인지 손실인지 알 수 없음", "the bars cannot tell profit from loss"),
}
