"""Hold every text that people read on the command line, in Korean and in English, and the language in force.

Texts of reasons and of the domain's words are not here: they belong to their owners (`model.labels`).
"""

from __future__ import annotations

import datetime as dt

from kats_core.model.labels import Code, Labelled, Language, message, worded

_WEEKDAYS = (("월", "Mon"), ("화", "Tue"), ("수", "Wed"), ("목", "Thu"), ("금", "Fri"), ("토", "Sat"), ("일", "Sun"))


class _InForce:
    language: Language = "ko"


def t(key: str, **values: object) -> str:
    """Return a text in the language in force."""
    return TEXTS[key][_which()].format(**values)


def label(thing: Labelled | Code) -> str:
    """Return the label of a word or of a reason in the language in force."""
    return thing.label(_InForce.language)


def say(said: object) -> str:
    """Return a note, or what an error says, in the language in force where it has two; else as it is."""
    return str(worded(message(said) if isinstance(said, BaseException) else said, _InForce.language))


def weekday(day: dt.date) -> str:
    """Return the short name of a weekday."""
    return _WEEKDAYS[day.weekday()][_which()]


def language() -> Language:
    """Return the language in force."""
    return _InForce.language


def speak(chosen: Language) -> None:
    """Put a language in force."""
    _InForce.language = chosen


def _which() -> int:
    return 0 if _InForce.language == "ko" else 1


TEXTS: dict[str, tuple[str, str]] = {
    "help_strategies": (
        "전략 목록: 장세, 시간, 다음 거래일에 준비된 종목, 없으면 그 이유",
        "The strategies: regimes, windows, what they are armed with next, else why nothing",
    ),
    "help_strategies_show": (
        "한 전략의 규칙, 매개변수와 범위, 사유 코드, 최근 결과",
        "One strategy: traits, parameters with ranges, reasons, last results",
    ),
    "help_strategy_name": ("전략 이름(인스턴스), 플러그인 이름 또는 코드(S1)", "Instance, plugin or code (S1)"),
    "no_such_strategy": (
        "{name}: 설정에 없는 전략입니다. 혹시 {near}?",
        "{name}: no strategy of the configuration; did you mean {near}?",
    ),
    "strategies_of": ("{day} 전략", "strategies for {day}"),
    "heading_code": ("코드", "code"),
    "heading_strategy": ("전략", "strategy"),
    "heading_style": ("방식", "style"),
    "heading_regimes": ("장세", "regimes"),
    "heading_windows": ("진입 시간", "windows"),
    "heading_armed": ("준비", "armed"),
    "heading_why_none": ("없는 이유 (최다)", "why none (most frequent)"),
    "heading_grades": ("등급", "grades"),
    "heading_needs": ("필요한 데이터", "needs"),
    "heading_sell_signals": ("즉시 매도 신호", "immediate sell signals"),
    "heading_overlays": ("제외 조건", "overlays"),
    "heading_parameter": ("매개변수", "parameter"),
    "heading_value": ("값", "value"),
    "heading_default": ("기본값", "default"),
    "heading_range": ("범위", "range"),
    "heading_reason": ("이유", "reason"),
    "heading_meaning": ("뜻", "meaning"),
    "needs_daily_bars": ("일봉 {bars}개", "{bars} daily bars"),
    "needs_minute_bars": ("분봉", "minute bars"),
    "no_results_yet": ("아직 실행 기록이 없습니다.", "Nothing was run yet."),
    "no_trades_in_run": ("최근 실행 {run}: 이 전략의 거래 없음", "last run {run}: no trades of this strategy"),
    "last_results": (
        "최근 실행 {run}: 거래 {trades}건 · 승률 {win_rate} · 평균 {average} · 손익 {profit}원",
        "last run {run}: {trades} trades · win rate {win_rate} · average {average} · profit {profit} won",
    ),
    # Help
    "help": (
        "KATS: 한국 주식을 규칙대로 매매합니다. 아무 설정이 없어도 `kats run`이 가상의 하루를 보여 줍니다.",
        "KATS trades Korean stocks by rules. With nothing configured `kats run` plays a day of a sample market.",
    ),
    "help_exit_codes": (
        "종료 코드: 0 정상 · 1 실패 또는 중단 · 2 잘못된 입력.  화면 언어: --lang ko|en 또는 KATS_LANG.",
        "Exit codes: 0 done · 1 failed or stopped · 2 bad input.  Language: --lang ko|en, or KATS_LANG.",
    ),
    "help_version": ("버전을 보여 줍니다.", "Print the version."),
    "help_lang": ("화면 언어. 어디에나 쓸 수 있습니다.", "Language of the screen; may stand anywhere."),
    "help_run": (
        "분봉으로 하루를 모의매매합니다. 설정도 데이터도 없으면 표본 시장의 하루를 재생합니다.",
        "Trade sessions of minute bars on paper; without configuration and data, a day of the sample market.",
    ),
    "help_sim": (
        "증권사 서버를 흉내 냅니다. 이 컴퓨터 안에서 KIS 방식의 REST와 실시간 접속을 열고, 주소와 키를 보여 줍니다.",
        "Play the broker: serve its REST calls and its stream on this machine, and print addresses and keys.",
    ),
    "help_sim_port": ("REST 포트. 0이면 비어 있는 포트", "port of the REST services; 0 takes a free one"),
    "help_sim_ws_port": ("실시간 포트. 0이면 비어 있는 포트", "port of the stream; 0 takes a free one"),
    "help_sim_day": ("거래일. 없으면 오늘 또는 직전 거래일", "session; today's, or the last one, by default"),
    "help_sim_at": (
        "거래소 시계의 시작. --day, --at, --speed가 모두 없으면 실제 시각을 따릅니다",
        "where the exchange's clock begins, 08:50 by default; without --day, --at and --speed it is the wall clock",
    ),
    "help_sim_speed": ("몇 배로 흐르는지. 0이면 /sim/clock으로만", "how fast time runs; 0: only /sim/clock moves it"),
    "help_sim_data": (
        "표본 시장 대신 분봉과 일봉이 든 폴더나 파일",
        "folder or file with minute and daily bars, instead of the sample market",
    ),
    "help_sim_seed": ("표본 시장의 번호", "number of the sample market"),
    "help_sim_script": ("정해진 때에 벌어질 일 (JSON)", "what happens when, as JSON"),
    "help_sim_faults": ("일으킬 장애 (JSON)", "faults, as JSON"),
    "help_sim_fault_seed": ("장애의 우연을 정하는 번호", "number from which the chance of faults follows"),
    "help_sim_widths": (
        "체결/호가/체결통보 필드 수: 46/59/23, 46/59/26, 47/63/26, 또는 date (거래일에 맞게)",
        "fields of trades, books and notices: 46/59/23, 46/59/26, 47/63/26, or date: as on the session",
    ),
    "help_data_download": (
        "증권사에서 이력을 내려받습니다. 중단해도 이어서 받습니다.",
        "Fetch history from the broker; an interrupted download goes on where it was.",
    ),
    "help_download_symbols": ("종목 코드, 쉼표로 구분", "symbols, separated by commas"),
    "help_download_top": ("시가총액 상위 N 종목", "the N largest companies; without it, all that are listed"),
    "help_download_active": (
        "오늘 거래대금 상위 N 종목, 30까지",
        "the N shares that are traded most today by value, at most 30",
    ),
    "download_one_choice": (
        "--symbols, --top, --active 가운데 하나만 쓸 수 있습니다",
        "--symbols, --top and --active choose the symbols: give one of them",
    ),
    "download_nothing_traded": (
        "--active: 오늘은 아직 거래가 없습니다. --top 을 쓰십시오.",
        "--active: nothing was traded yet today; --top names the largest",
    ),
    "help_download_from": ("첫 거래일; 없으면 2년 전", "first session; else two years back"),
    "help_download_to": ("마지막 거래일; 없으면 끝난 마지막 거래일", "last session; else the last one that is over"),
    "help_download_what": (
        "내려받을 것; 여러 번 쓸 수 있음; 분봉만 빼고 모두가 기본",
        "what to fetch, may be given several times; all but minutes without it",
    ),
    "download_resumes": (
        "받은 것은 저장했습니다. 같은 명령으로 이어서 받습니다.",
        "What has come is saved; the same command goes on.",
    ),
    "download_no_span": ("{first} 은(는) {last} 보다 뒤입니다", "{first} is after {last}"),
    "download_done": ("{folder}: {first} ~ {last}", "{folder}: {first} to {last}"),
    "help_run_sim": (
        "내장 모의 증권사를 통해 하루를 실제 소켓과 증권사 프로토콜로 매매합니다.",
        "Trade a day through the built-in simulator: the broker's protocol, real sockets.",
    ),
    "help_run_live": (
        "오늘의 장을 실제 주문으로 매매합니다. kats.yaml 의 mode: live 도 필요합니다.",
        "Trade today's session with orders that reach the broker; needs mode: live in kats.yaml, too.",
    ),
    "live_alone": ("{option} 은(는) {other} 와 함께 쓸 수 없습니다", "{option} does not go with {other}"),
    "live_today": (
        "{day} 의 장은 지금 열리지 않습니다: 오늘은 {session}",
        "the session of {day} is not now: today's is {session}",
    ),
    "live_mode": (
        "--live 에는 kats.yaml 의 mode: live 가 필요하고, TRADE_MODE=PAPER 이면 안 됩니다",
        "--live needs mode: live in kats.yaml, and TRADE_MODE must not be PAPER",
    ),
    "live_plugins": (
        "--live 에는 data: {{use: kis}} 와 broker: {{use: kis}} 가 필요합니다 (지금은 {data}, {broker})",
        "--live needs data: {{use: kis}} and broker: {{use: kis}} (found {data} and {broker})",
    ),
    "live_assume": (
        "--live 에서는 assume 을 쓸 수 없습니다: 실제 돈은 가정 위에서 매매하지 않습니다",
        "--live does not go with assume: real money is not traded on assumptions",
    ),
    "live_too_early": (
        "{first} 전에는 증권사 서버를 부르지 않습니다 (점검 시간): {first} 이후에 시작하세요",
        "no call to the broker before {first}, while it may be at work on its servers: start again then",
    ),
    "live_unfit": (
        "장을 시작할 수 없습니다: {found}",
        "the session cannot begin: {found}",
    ),
    "live_not_yet": (
        "실제 증권사로는 아직 매매하지 않습니다: 대사(주문·체결·잔고 대조)가 생길 때까지 KIS_REST_URL 을 `kats sim` 으로 두세요",
        "no orders to the real broker yet: until orders, fills and positions are reconciled, point KIS_REST_URL at `kats sim`",
    ),
    "help_sim_keys": (
        "환경마다 앱키 수. 한 사용자의 것이고 계좌는 앱키마다 다릅니다.",
        "app keys of each environment: one user's, each with an account of its own",
    ),
    "help_sim_cash": ("계좌의 예수금(원)", "cash of each account, in won"),
    "help_sim_no_margin": ("미수 없는 100% 증거금 계좌", "accounts that pay in full: no buying on margin"),
    "help_sim_unlimited": ("호출 한도와 1분 1토큰 규칙을 끕니다", "no limits on calls, and tokens at once"),
    "sim_ready": (
        "모의 증권사가 열렸습니다 · 거래소 시각 {at} · {speed}배",
        "the simulated broker is open · {at} on the exchange · speed {speed}",
    ),
    "sim_closed": (
        "지금은 장이 열려 있지 않아 주문이 거부됩니다. 열린 장을 보려면 --at 08:50을 붙이십시오.",
        "The exchange is closed now, so orders are refused. For an open one add --at 08:50.",
    ),
    "sim_stop": ("Ctrl-C로 끝냅니다.", "Ctrl-C stops it."),
    "sim_no_clock": ("--at {found!r}: 09:30처럼 적어 주십시오.", "--at {found!r}: expected a clock as in 09:30"),
    "sim_no_port": ("포트를 열 수 없습니다: {why}", "cannot open the port: {why}"),
    "help_backtest": (
        "일봉과 분봉으로 여러 거래일을 시험하고, 성과표와 모든 판단 기록을 남깁니다.",
        "Play daily and minute bars over many sessions; print the figures and keep every decision.",
    ),
    "help_explain": (
        "왜 샀는지, 왜 안 샀는지 보여 줍니다: 신호, 종목, 또는 하루 전체.",
        "Tell why it bought, or why not: a signal, a symbol, or a whole day.",
    ),
    "help_halt": (
        "실행 중인 프로세스의 거래를 멈춥니다: 취소와 운영자의 전량 매도만 나갑니다. 손절도 기다리며 1분마다 알립니다.",
        "Halt the running process: only cancels and the operator's own sales go out. Stops wait too, with an alarm a minute.",
    ),
    "help_entries_only": (
        "매수만 멈추고 손절·익절·청산은 계속합니다.",
        "Stop buying only; stops, targets and exits go on.",
    ),
    "help_flatten": (
        "실행 중인 프로세스의 보유 종목을 시장가로 모두 팔고, 재개할 때까지 사지 않습니다.",
        "Sell everything that the running process holds at the market, and buy nothing until it is resumed.",
    ),
    "help_yes": ("묻지 않고 실행합니다.", "Do not ask again."),
    "help_resume": (
        "멈춤을 풉니다. 낙폭 단계(RED, BLACK)에서는 --cause로 재개를 요청합니다.",
        "Take back a halt. A halt of the drawdown ladder (RED, BLACK) is left with --cause.",
    ),
    "help_reload": (
        "실행 중인 프로세스가 설정을 다시 읽습니다: limits, gate, risk. 더 엄격한 값은 바로, 느슨한 값은 다음 거래일부터.",
        "Let the running process read its configuration again: limits, gate, risk. Tighter at once, looser next session.",
    ),
    "help_risk_group": ("리스크 단계를 보고, 미리 물어봅니다.", "Look at the risk stages, and ask them beforehand."),
    "help_risk_list": (
        "모든 진입을 심사하는 단계를 실행 순서대로: 설정값과 판정 이유.",
        "The stages that judge every entry, in order: parameters and reasons.",
    ),
    "help_risk_check": (
        "이 종목을 지금 사려 하면 각 단계가 뭐라고 할지 물어봅니다. 아무것도 바뀌지 않습니다.",
        "Ask what each stage would say to buying this now. Nothing is changed.",
    ),
    "help_risk_diff": (
        "기록된 실행의 신호를 다른 설정의 단계, 순서, 한도로 다시 심사해 달라지는 판정을 보여 줍니다.",
        "Judge a recorded run's signals by the stages, order and limits of another file; show which decisions change.",
    ),
    "help_risk_value": (
        "리스크 단계마다 거절, 보류, 축소한 신호가 샀더라면 어떻게 되었을지: 단계가 지킨 돈과 놓친 돈.",
        "What the signals that each risk stage refused, deferred or shrunk would have made: what it saved or lost.",
    ),
    "help_against": (
        "비교할 설정 파일. risk와 limits만 쓰입니다.",
        "The file to compare with; only risk and limits count.",
    ),
    "help_all_changes": ("달라지는 판정을 단계마다 모두.", "Every decision that changes, stage by stage."),
    "help_price": ("지정가 (원).", "The limit, in won."),
    "help_stop": ("손절가 (원).", "The stop, in won."),
    "help_qty": ("수량. 없으면 단계가 정합니다.", "Shares; else the sizing stage decides."),
    "help_cause": (
        "낙폭 단계의 원인: MARKET, RULE_VIOLATION, SYSTEM.",
        "Why it came to the drawdown halt: MARKET, RULE_VIOLATION, SYSTEM.",
    ),
    "help_reference": (
        "BLACK에서 재개할 때 제시하는 백테스트 보고서.",
        "The backtest report to show for resuming from BLACK.",
    ),
    "help_instance": ("이 전략만 (설정에서의 이름).", "Only this strategy, by its name in the configuration."),
    "help_symbol": ("이 종목만 (코드 또는 이름).", "Only this symbol, by its code or its name."),
    "help_reason": ("기록에 남길 이유.", "Why; kept with the order."),
    "help_calendar": (
        "한 달의 거래일, 휴장일과 사유, 특별 거래시간, 이벤트를 보여 줍니다.",
        "Show a month of the exchange: sessions, closed days and why, special hours, events.",
    ),
    "help_month": ("볼 달. 없으면 이번 달.", "The month; else this one."),
    "help_events": (
        "미리 알려진 이벤트(만기, FOMC, 금통위, 배당락 등)와 진입에 주는 영향을 보여 줍니다.",
        "List the events that are known beforehand (expiry, FOMC, BOK, ex-dividend ...) and what they mean for entries.",
    ),
    "help_events_from": ("첫날. 없으면 오늘.", "First day; else today."),
    "help_events_to": ("마지막 날. 없으면 첫날부터 60일.", "Last day; else 60 days on."),
    "help_events_symbol": (
        "이 종목에 해당하는 것만: 시장 전체와 그 종목.",
        "Only what concerns this symbol: the market's events and its own.",
    ),
    "help_kis_group": ("한국투자증권(KIS) 접속을 확인합니다.", "Look after the access to the broker KIS."),
    "help_kis_check": (
        "앱키마다 접근토큰, 접속키, 현재가, 잔고, 실시간 등록을 차례로 해 보고, 실패하면 무엇을 할지 알려 줍니다. 주문은 내지 않습니다.",
        "Try token, approval key, quote, balance and stream of each app key, and say what to do on failure. Orders nothing.",
    ),
    "help_kis_revoke": (
        "저장된 접근토큰을 폐기합니다. 다음 호출이 새로 받습니다.",
        "Give the kept access token back; the next call asks for a new one.",
    ),
    "help_kis_symbol": ("확인에 쓸 종목 코드.", "The symbol to try."),
    "kis_server": (
        "{server} (KIS_ENV={env}) · REST {rest} · 실시간 {stream} · 계좌 {account}",
        "{server} (KIS_ENV={env}) · REST {rest} · stream {stream} · account {account}",
    ),
    "kis_real": ("실전투자", "real broker"),
    "kis_mock": ("모의투자", "mock server"),
    "kis_simulator": (
        "증권사 서버가 아니라 시뮬레이터 주소입니다.",
        "These are no hosts of the broker's: a simulator.",
    ),
    "kis_trying": ("{step} 확인 중", "trying the {step}"),
    "kis_passed": ("모두 정상입니다.", "Everything works."),
    "kis_failed": ("{count}가지가 실패했습니다.", "{count} failed."),
    "kis_revoked": ("접근토큰을 폐기했습니다.", "The access token was given back."),
    "kis_nothing_to_revoke": ("폐기할 접근토큰이 없습니다.", "There is no access token to give back."),
    "help_data_group": ("데이터 파일을 살펴봅니다.", "Look at files of data."),
    "help_data_check": (
        "폴더에 무엇이 있고, 어느 파일이 어디에서 쓰이며, 무엇이 잘못됐는지 보여 줍니다. 아무것도 고치지 않습니다.",
        "Say what is in a folder, which file wins where, and what is wrong. Repairs nothing.",
    ),
    "help_data_paths": ("데이터 파일이나 폴더.", "Files or folders of data."),
    "help_strict": ("잘못된 것이 하나라도 있으면 종료 코드 2.", "Exit code 2 when anything is wrong."),
    "help_data_all": ("잘못된 종목을 모두 적습니다.", "List every symbol of every defect."),
    "help_regime": (
        "코스피로 판단한 장세를 기간별 표와 지수 그림으로 보여 줍니다.",
        "Show the state of the market as found from the KOSPI: spells, years, and a plot of the index.",
    ),
    "help_screen": (
        "거래일의 후보 종목과 각 점검 결과, 한 종목이 빠진 이유를 보여 줍니다.",
        "List the candidates of a session with what each check said, or say why a symbol is not among them.",
    ),
    "help_screen_day": (
        "거래일. 전날 종가까지로 고릅니다. 없으면 데이터 다음 거래일, 표본 시장은 볼 만한 날.",
        "The session, screened on the evening before; else the one after the data, or one worth watching of the sample.",
    ),
    "help_screen_symbol": ("이 종목의 모든 점검: 코드나 이름.", "Every check of this symbol: its code or its name."),
    "help_screen_all": ("목록을 끝까지 보여 줍니다.", "Show the lists to their end."),
    "help_plugins": (
        "설치된 플러그인과 설정에서의 위치를 보여 줍니다.",
        "List what is installed and where it stands in the configuration.",
    ),
    "help_plugins_check": (
        "플러그인을 하나씩 불러와 고장 난 것을 찾습니다.",
        "Import every plugin and say which are broken.",
    ),
    "help_check_plugin": (
        "설치된 플러그인이 계약을 지키는지 검사하고, 어긴 것마다 무엇을 고칠지 알려 줍니다.",
        "Hold an installed plugin to its contract, and say of each breach what to change.",
    ),
    "help_check_name": ("플러그인 이름 (kats plugins).", "The plugin's name, as `kats plugins` lists it."),
    "help_check_lookahead": (
        "미래 참조만, 더 많은 날짜에서 자세히 검사합니다.",
        "Look-ahead only, at many more dates.",
    ),
    "help_check_recursive": (
        "이력 길이에 따라 판단이 바뀌는지만 자세히 검사합니다.",
        "Only how much decisions hang on the length of the history.",
    ),
    "help_check_batch": (
        "한 번에 계산한 답이 하루씩 계산한 답과 같은지만 자세히 검사합니다.",
        "Only whether all sessions at once give what each alone gives.",
    ),
    "help_check_config": (
        "기본값 대신 이 설정 파일의 파라미터로 검사합니다.",
        "With the parameters of this configuration in the place of the defaults.",
    ),
    "help_check_data": (
        "표본 시장 대신 쓸 일봉 파일이나 폴더.",
        "File or folder of daily bars in the place of the sample market.",
    ),
    "help_new": (
        "계약을 지키고 바로 매매하는 플러그인을 새 폴더에 써 줍니다. 거기서부터 고치세요.",
        "Write a plugin that keeps its contract and trades, into a new folder; change it from there.",
    ),
    "help_new_kind": ("무엇을: strategy, risk-stage, data-source.", "What: strategy, risk-stage, data-source."),
    "help_new_name": ("kats.yaml에서 쓸 이름. 예: my-breakout", "Its name in kats.yaml, such as my-breakout."),
    "help_new_in": ("이 폴더 아래에 씁니다. 없으면 현재 폴더.", "Write it below this folder; else the working folder."),
    "help_config_group": ("설정을 보고, 검사하고, 시작합니다.", "Look at the configuration, check it, begin one."),
    "help_config_show": (
        "실제로 쓰이는 값과 그 출처를 보여 줍니다.",
        "Print every effective value and where it comes from.",
    ),
    "help_config_check": ("설정을 검사하고 문제를 모두 보여 줍니다.", "Say ok, or list every problem."),
    "help_config_schema": (
        "편집기용 JSON Schema를 출력합니다.",
        "Print the JSON Schema of kats.yaml, for editors.",
    ),
    "help_config_init": ("설명이 달린 kats.yaml을 만듭니다.", "Write a commented kats.yaml."),
    "help_config": (
        "설정 파일. 없으면 현재 폴더의 kats.yaml, 그것도 없으면 기본값.",
        "Configuration file; else kats.yaml in the working folder, else the defaults.",
    ),
    "help_data": (
        "봉 데이터 파일이나 폴더. 여러 번 쓸 수 있습니다.",
        "File or folder of bars; may be given several times.",
    ),
    "help_seed": ("표본 시장의 시드.", "Seed of the sample market."),
    "help_json": ("프로그램이 읽을 JSON으로 출력합니다.", "Print JSON, for programs."),
    "help_day": (
        "첫 거래일. 없으면 표본 시장은 볼 만한 날, 파일은 마지막 날.",
        "First session; else one worth watching of the sample market, or the last one of the files.",
    ),
    "help_days": ("한 계좌로 이어서 재생할 거래일 수.", "Sessions to play, one after the other on one account."),
    "help_speed": (
        "실제 시간의 몇 배로 재생할지. 390이면 하루가 1분, max면 바로 끝까지.",
        "Times faster than real time: 390 plays a day in a minute, max does not wait.",
    ),
    "help_continue": (
        "중단된 같은 실행을, 마지막으로 기록된 거래일의 계좌 그대로 다음 거래일부터 이어서 합니다.",
        "Go on with the same run where it was interrupted: behind its last recorded session, with the account as it was.",
    ),
    "help_check": ("모두 준비만 하고 아무것도 매매하지 않습니다.", "Build everything and trade nothing."),
    "help_from": ("첫 거래일.", "First session."),
    "help_to": ("마지막 거래일.", "Last session."),
    "help_strategy": (
        "이 전략만 씁니다: 설정의 인스턴스 이름이나 설치된 플러그인 이름. 여러 번 쓸 수 있습니다.",
        "Use only this: an instance of the configuration, or an installed plugin; may be given several times.",
    ),
    "help_out": ("결과 폴더. 없으면 KATS_HOME/runs/ID.", "Folder for the result; else KATS_HOME/runs/ID."),
    "help_bars": (
        "재생할 봉: auto(분봉이 있으면 분봉, 없으면 일봉), daily, minute.",
        "Which bars to play: auto (minute bars where the data have them, daily bars otherwise), daily, minute.",
    ),
    "help_one_path": (
        "한 봉 안의 다른 경로로는 다시 실행하지 않습니다.",
        "Do not play it once more on the other way through the bars.",
    ),
    "help_what": ("신호 번호(앞부분도 됨), 종목 코드, 종목명.", "A signal's id or its beginning, a code, or a name."),
    "help_explain_day": (
        "거래일. 값이 없으면 실행의 마지막 날.",
        "Session; without a value the last one of the run.",
    ),
    "help_report": (
        "백테스트 보고서(HTML 한 장)를 결과 폴더만으로 다시 만듭니다.",
        "Make the report of a backtest, one HTML page, anew from its folder alone.",
    ),
    "help_report_run": (
        "백테스트 폴더나 실행 번호. 없으면 마지막 실행.",
        "The folder of a backtest, or a run's id; else the last run.",
    ),
    "help_report_out": ("만들 파일. 없으면 그 폴더의 report.html.", "File to write; else report.html in that folder."),
    "help_charts": ("차트로 담을 매매 수. 기본 500.", "Trades to hold charts of; 500 by default."),
    "help_open": ("만든 보고서를 브라우저로 엽니다.", "Open the page in the browser."),
    "help_compare": (
        "두 백테스트를 나란히 비교합니다: 지표, 다른 설정, 한쪽에만 있는 매매, 다른 결정.",
        "Put two backtests side by side: figures, differing configuration, trades only in one, decisions that differ.",
    ),
    "same": ("같음", "the same"),
    "other": ("다름", "different"),
    "compare_hashes": ("설정 {configuration} · 데이터 {data}", "configuration {configuration} · data {data}"),
    "difference": ("차이 (B − A)", "difference (B − A)"),
    "configuration_differs": ("다른 설정", "differing configuration"),
    "configuration_unknown": (
        "두 실행이 설정값을 함께 저장하지 않아 무엇이 다른지 알 수 없습니다.",
        "The runs did not keep their configuration, so what differs in it is not known.",
    ),
    "no_common_days": ("두 실행에 겹치는 날이 없습니다.", "The runs have no day in common."),
    "only_in_a": ("A에만 있는 매매 {count}건", "trades only in A ({count})"),
    "only_in_b": ("B에만 있는 매매 {count}건", "trades only in B ({count})"),
    "trades_in_both": (
        "둘 다 있는 매매: 같은 결과 {alike}건, 다른 결과 {changed}건",
        "trades in both: {alike} alike, {changed} with another result",
    ),
    "decisions_differ": ("다른 결정 {count:,}건", "decisions that differ ({count:,})"),
    "decisions_alike": (
        "후보 결정: 같음 {alike:,}건, 다름 {otherwise:,}건, 수량만 다름 {shares:,}건",
        "candidates: {alike:,} decided alike, {otherwise:,} otherwise, {shares:,} only with other numbers of shares",
    ),
    "metric_return_frac": ("수익률", "return"),
    "metric_benchmark_frac": ("KOSPI", "KOSPI"),
    "metric_profit": ("매매 손익", "profit of trades"),
    "metric_sqn": ("SQN", "SQN"),
    "metric_payoff": ("평균 이익/손실", "average win/loss"),
    "metric_sharpe": ("샤프", "Sharpe"),
    "metric_time_in_market": ("보유한 날", "days holding"),
    "metric_commission": ("수수료", "commission"),
    "metric_tax": ("세금", "tax"),
    "metric_slippage": ("평균 슬리피지", "mean slippage"),
    "report": ("보고서", "report"),
    "no_folder": (
        "실행 {run}({kind})은 결과 폴더가 없습니다. 보고서는 백테스트에만 있습니다.",
        "run {run} ({kind}) has no folder: only backtests have reports",
    ),
    "help_which_run": ("실행 번호나 백테스트 폴더. 없으면 마지막 실행.", "A run's id or folder; else the last run."),
    "help_all_names": ("대기하지 않은 종목도 모두 적습니다.", "List every symbol that was not armed, too."),
    "help_force": ("있는 파일을 덮어씁니다.", "Overwrite a file that is there."),
    # Messages
    "error": ("오류:", "error:"),
    "no_language": ("--lang {found}: ko 또는 en이어야 합니다", "--lang {found}: expected ko or en"),
    "no_day": (
        "{option} {found}: 날짜가 아닙니다. 2025-09-18처럼 쓰세요",
        "{option} {found}: no day, write it like 2025-09-18",
    ),
    "data_reading": ("데이터를 읽는 중", "reading the data"),
    "data_files": ("파일 {count}개 · {seconds:.1f}초", "{count} files · {seconds:.1f} s"),
    "data_file": ("파일", "file"),
    "data_kind": ("종류", "kind"),
    "data_rows": ("행", "rows"),
    "data_symbols": ("종목", "symbols"),
    "data_span": ("기간", "span"),
    "data_use": ("쓰임", "use"),
    "data_wins": ("{rank}순위, {won}행", "rank {rank}, {won} rows"),
    "data_hidden": (" ({hidden}행은 앞 순위)", " ({hidden} behind another)"),
    "data_bars_used": ("사용", "used"),
    "data_not_joined": ("쓰지 않음: {scope}와 섞지 않음", "not used: never mixed with prices {scope}"),
    "data_not_read": ("읽지 않음", "not read"),
    "data_side": ("보조 표 {tables}", "side table {tables}"),
    "data_table_rank": ("{table} {count}개 중 {rank}순위", "{table} rank {rank} of {count}"),
    "data_row_count": ("{count}행", "{count} rows"),
    "data_symbol_count": ("{count}종목", "{count} symbols"),
    "data_index": ("지수", "indices"),
    "data_listing": ("종목 정보", "what is listed"),
    "data_left_alone": ("건드리지 않는 파일 {count}개:", "{count} files left alone:"),
    "data_more": ("외 {count}개 (--all)", "and {count} more (--all)"),
    "data_longest": ("· 가장 긴 공백 {count}거래일", "· longest gap {count} sessions"),
    "data_of_symbols": ("{symbols}종목 {count}건", "{symbols} symbols, {count} cases"),
    "data_sound": ("잘못된 것이 없습니다", "nothing is wrong"),
    "data_stops": (
        "실행을 거부하게 하는 잘못이 {count}가지 있습니다. 파일을 고치기 전에는 매매하지 않습니다",
        "{count} kinds of defects stop a run: nothing is traded before the files are mended",
    ),
    "data_goes_on": (
        "실행을 막는 잘못은 없습니다. 위에 적힌 봉과 종목만 빠지고, 빈칸은 채우지 않습니다",
        "nothing stops a run: only the bars and symbols above are left out, and no gap is filled",
    ),
    "no_month": (
        "--month {found}: 달이 아닙니다. 2026-11처럼 쓰세요",
        "--month {found}: no month, write it like 2026-11",
    ),
    "not_covered": (
        "{option} {found}: 달력은 {first}부터 {last}까지입니다",
        "{option} {found}: the calendar covers {first} to {last}",
    ),
    "nearest_session": (". 가장 가까운 거래일은 {near}", ", the nearest session is {near}"),
    "no_session": (
        "{option} {day}: 거래일이 아닙니다. 앞뒤 거래일은 {near}",
        "{option} {day}: no session of the exchange, the nearest are {near}",
    ),
    "no_session_between": (
        "--from {first} --to {last}: 그 사이에 거래일이 없습니다. 앞뒤 거래일은 {near}",
        "--from {first} --to {last}: no session of the exchange between them, the nearest are {near}",
    ),
    "no_such_code": (
        "--symbol {symbol}: 종목코드가 아닙니다. {near}처럼 영문자나 숫자 여섯 자리여야 합니다",
        "--symbol {symbol}: no code, expected six letters or digits as in {near}",
    ),
    "no_speed": (
        "--speed {found}: 0보다 큰 수나 max여야 합니다",
        "--speed {found}: expected a number above 0, or max",
    ),
    "wrong_order": ("--from {first}이 --to {last}보다 늦습니다", "--from {first} is after --to {last}"),
    "no_sessions_from": (
        "--from {first}: 지수는 {begin}부터 {end}까지 있습니다",
        "--from {first}: the index is there from {begin} to {end}",
    ),
    "no_run_yet": (
        "{home}에 아직 실행 기록이 없습니다. 먼저 `kats run`을 실행하세요",
        "{home} holds no run yet: start with `kats run`",
    ),
    "no_such_day": (
        "--day {day}: 이 실행은 {first}부터 {last}까지입니다",
        "--day {day}: this run is from {first} to {last}",
    ),
    "nothing_on_day": ("실행 {run}에 {day}의 기록이 없습니다", "run {run} has recorded nothing on {day}"),
    "nothing_found": (
        "{what}: 실행 {run} ({first} ~ {last})에 그런 신호나 종목이 없습니다",
        "{what}: no such signal or symbol in run {run} ({first} to {last})",
    ),
    "no_mapping": ("{path}: 키와 값으로 된 YAML이 아닙니다", "{path}: expected a mapping of keys to values"),
    "no_module": ("모듈 {module} 없음", "there is no module {module}"),
    "file_exists": (
        "{path} 파일이 이미 있습니다. 덮어쓰려면 --force를 쓰세요",
        "{path} is there already: --force overwrites it",
    ),
    "cannot_write": ("{path}에 쓸 수 없습니다: {why}", "{path} cannot be written: {why}"),
    "written": ("{path}을(를) 만들었습니다.", "{path} is written."),
    "preparing": ("시장을 준비하는 중", "preparing the market"),
    "arming": ("전략 준비", "arming"),
    "checked": ("이상 없음. 아무것도 매매하지 않았습니다.", "All is in order; nothing was traded."),
    "stopped": (
        "중단했습니다. 끝까지 간 거래일은 기록되어 있습니다.",
        "Stopped. The sessions that were completed are kept.",
    ),
    "run_incomplete": (
        "실행 {run}은 끝까지 가지 않았습니다(상태: {status}). 마지막 거래일은 일부만 기록되어 있을 수 있습니다.",
        "Run {run} did not reach its end (it is {status}): its last session may be recorded in part.",
    ),
    # What a run is made of
    "live_run": ("{kind} · {days} · 자본 {capital}원", "{kind} · {days} · capital {capital} won"),
    "paper_run": ("모의 {kind} · {days} · 자본 {capital}원", "paper {kind} · {days} · capital {capital} won"),
    "span": ("{first} ~ {last} ({count}거래일)", "{first} to {last} ({count} sessions)"),
    "strategies": ("전략", "strategies"),
    "stages": ("리스크", "risk"),
    "note": ("참고", "note"),
    "derived": ("데이터에서 계산한 값: {values}", "derived: {values}"),
    "assumed": ("가정한 값: {values}", "assumed: {values}"),
    "part": ("구분", "part"),
    "instance": ("이름", "instance"),
    "plugin": ("플러그인", "plugin"),
    "parameters": ("매개변수", "parameters"),
    "data": ("데이터", "data"),
    "broker": ("브로커", "broker"),
    "strategy": ("전략", "strategy"),
    "stage_number": ("리스크 {position}", "risk {position}"),
    # Lines of a day
    "signal": ("신호", "signal"),
    "order": ("주문", "order"),
    "fill": ("체결", "fill"),
    "exit": ("청산", "exit"),
    "fault": ("오류", "fault"),
    "operator": ("운영자", "person"),
    "everything": ("전체", "everything"),
    "since": ("{time}부터", "since {time}"),
    "limit_and_stop": ("지정가 {limit} 손절 {stop}", "limit {limit} stop {stop}"),
    "size": ("{side} {quantity}주", "{side} {quantity}"),
    "at_limit": ("지정가 {price}", "limit {price}"),
    "at_price": ("{price}원", "at {price}"),
    "filled_part": ("체결 {filled}/{quantity}", "filled {filled}/{quantity}"),
    "costs_of_fill": ("비용 {costs}원", "costs {costs}"),
    "profit_and_r": ("{profit}원 (R {r})", "{profit} won (R {r})"),
    "day_end": ("{day} 마감: 자산 {equity}원, 현금 {cash}원", "{day} closed: equity {equity} won, cash {cash} won"),
    # The screen
    "paper": ("모의투자", "paper"),
    "session_of": ("{number}/{count}일째", "session {number} of {count}"),
    "times": ("×{factor}", "×{factor}"),
    "clock": ("시각", "clock"),
    "phase": ("장 상태", "phase"),
    "regular_session": ("정규장", "regular session"),
    "regime": ("장세", "regime"),
    "equity": ("자산", "equity"),
    "profit_today": ("오늘 손익", "P&L today"),
    "cash": ("현금", "cash"),
    "on_order": ("주문 중", "on order"),
    "state": ("상태", "state"),
    "watch_list": ("관심 종목 {count}", "watch list {count}"),
    "symbol": ("종목", "symbol"),
    "level": ("기준가", "level"),
    "last": ("현재가", "last"),
    "distance": ("남은 거리", "to go"),
    "waiting": ("대기", "waiting"),
    "ended": ("종료", "ended"),
    "holding": ("보유", "holding"),
    "ordered": ("주문 중", "on order"),
    "sold": ("청산", "sold"),
    "signals": ("신호 {count}", "signals {count}"),
    "no_signal_yet": ("아직 신호가 없습니다", "no signal yet"),
    "positions": ("보유 {count}", "positions {count}"),
    "no_positions": ("보유 종목이 없습니다", "nothing is held"),
    "average": ("평균가", "average"),
    "stop": ("손절가", "stop"),
    "profit_loss": ("손익", "P&L"),
    "closed_trades": ("오늘 청산 {count} · {profit}", "closed today {count} · {profit}"),
    "and_more": ("외 {count}", "and {count} more"),
    "and_more_listed": ("외 {count:,}건 (--json: 모두)", "and {count:,} more (--json lists all)"),
    "press_to_stop": ("Ctrl+C 중단", "Ctrl+C stops"),
    # The state of the market
    "candidate": ("(후보: {regime} {count}일째)", "(candidate: {regime}, day {count})"),
    "pulse_line": (
        "시장 맥박 {pulse} · 분산일 {count} · 10일 상승/하락 종목 비율 {breadth}",
        "market pulse {pulse} · distribution days {count} · advancing to declining issues of ten sessions {breadth}",
    ),
    "spells_title": ("장세 구간 {count}", "spells: {count}"),
    "years_title": ("연도별 거래일", "sessions by year"),
    "from": ("부터", "from"),
    "to": ("까지", "to"),
    "year": ("연도", "year"),
    "index_change": ("지수 등락", "index"),
    "changes_of_side": ("방향 전환", "changes of side"),
    "side_changes": (
        "방향(상승·보합·하락) 전환 {count}회, 연평균 {rate}회 · 구간 {spells}",
        "changes of side (bull, sideways, bear): {count}, {rate} a year on average · spells: {spells}",
    ),
    "breadth_missing": (
        "{all}거래일 중 {count}일은 상승·하락 종목 수를 몰라 '강한' 장세를 판단하지 않았습니다",
        "breadth is not known on {count} of {all} sessions: no state is called strong there",
    ),
    "closes_missing": (
        "지수 종가가 없는 거래일 {count}일: 이틀째부터 장세 미확인이며 진입하지 않습니다",
        "sessions without a close of the index: {count}; from the second in a row on the market is unknown, nothing is entered",
    ),
    "regime_stated": (
        "이 데이터는 장세를 직접 알려 줍니다. 실행에는 그 값이 쓰이고, 여기 보이는 것은 지수로 판단한 장세입니다",
        "this data source states a regime of its own, by which runs go; what is shown here follows from the index",
    ),
    # Summaries
    "summary_title": ("결과 · {days}", "summary · {days}"),
    "rejected_signals": ("거절된 신호", "rejected signals"),
    "how_often": ("횟수", "times"),
    "from_to": ("처음 → 마지막", "first → last"),
    "backtest_title": ("백테스트 · {days}", "backtest · {days}"),
    "sample_backtest": (
        "기간을 정하지 않아 표본 시장의 {count}거래일을 시험했습니다 (--from, --to)",
        "no period was given: these are {count} sessions of the sample market (--from, --to)",
    ),
    "equity_start": ("시작 자산", "equity at start"),
    "equity_end": ("마감 자산", "equity at end"),
    "trades": ("매매", "trades"),
    "win_rate": ("승률", "win rate"),
    "average_r": ("평균 R", "average R"),
    "costs": ("비용", "costs"),
    "sessions": ("거래일", "sessions"),
    "day": ("날짜", "day"),
    "exposure": ("평균 투자 비중", "exposure"),
    "trades_title": ("매매 {count}건", "trades: {count}"),
    "still_held": (
        "보유 {name} · {quantity}주 · 평균 {average} · 현재 {last} · 손절 {stop}",
        "held {name} · {quantity} shares · average {average} · last {last} · stop {stop}",
    ),
    "no_trades": ("청산한 매매가 없습니다", "no trade was closed"),
    "quantity": ("수량", "shares"),
    "entry": ("진입가", "entry"),
    "exit_reason": ("청산 이유", "exit reason"),
    "held": ("보유 시간", "held"),
    "signals_title": ("신호와 그 결과", "signals and what became of them"),
    "nothing_armed": ("대기한 종목이 없습니다", "nothing was armed"),
    "armed": ("대기", "armed"),
    "fired": ("신호", "signals"),
    "bought": ("매수", "bought"),
    "became": ("결과", "became"),
    "halted": (
        "거래 중단: {scope} · 매수 주문 {cancelled}건 취소",
        "halted: {scope} · entry orders cancelled: {cancelled}",
    ),
    "entries_halted": (
        "매수 중단: {scope} · 매수 주문 {cancelled}건 취소",
        "no more buying: {scope} · entry orders cancelled: {cancelled}",
    ),
    "flattened": (
        "전량 매도: {scope} · {sold}종목 매도, 매수 주문 {cancelled}건 취소",
        "selling all: {scope} · positions: {sold} · entry orders cancelled: {cancelled}",
    ),
    "resumed": ("재개: {scope}", "resumed: {scope}"),
    "rejudged": (
        "신호 {judged:,}건을 {against}의 리스크 단계로 다시 심사",
        "{judged:,} signals judged again by the risk stages of {against}",
    ),
    "rejudged_changed": (
        "신호 {changed:,}건에서 어떤 단계의 판정이 달라집니다. {ends:,}건은 다르게 끝나고, {outcomes:,}건은 주문이 달라집니다",
        "some stage decides otherwise on {changed:,} signals; {ends:,} end otherwise, {outcomes:,} order something else",
    ),
    "rejudged_same": ("달라지는 판정이 없습니다", "no decision changes"),
    "rejudged_ordered": ("주문된 신호 {before:,}건 → {after:,}건", "signals that are ordered: {before:,} → {after:,}"),
    "rejudged_more": (
        "그 밖에 {count:,}건 (--all: 모든 단계의 판정)",
        "{count:,} more (--all shows every stage's decision)",
    ),
    "rejudged_ignored": (
        "설정의 다른 차이는 심사에 쓰이지 않습니다: {blocks}",
        "other differences of the configurations judge nothing here: {blocks}",
    ),
    "rejudged_means": (
        "신호마다 기록된 순간의 계좌로 따로 심사했습니다. 그 뒤의 계좌와 신호가 어떻게 달라질지는 백테스트만 보여 줍니다.",
        "Each signal is judged alone, on the account as recorded; what follows from a change only a backtest shows.",
    ),
    "ledger_title": (
        "실행 {run} ({first} ~ {last}): 리스크 단계가 막은 신호가 샀더라면",
        "run {run} ({first} to {last}): what the signals would have made that the risk stages kept out",
    ),
    "ledger_empty": (
        "거절, 보류, 축소된 신호가 없습니다",
        "no signal was refused, deferred or shrunk",
    ),
    "ledger_refused": ("거절", "refused"),
    "ledger_deferred": ("보류", "deferred"),
    "ledger_shrunk": ("축소", "shrunk"),
    "ledger_would_win": ("이익", "would win"),
    "ledger_would_lose": ("손실", "would lose"),
    "ledger_sum_r": ("R 합계", "sum R"),
    "ledger_average_r": ("평균 R", "average R"),
    "ledger_effect": ("지킨 돈(원)", "saved (won)"),
    "ledger_still_open": ("아직 보유 중", "still open"),
    "ledger_not_filled": ("체결 불가", "not fillable"),
    "ledger_repeats": ("같은 날 되풀이된 신호(제외)", "repeated the same day (left out)"),
    "ledger_bought_later": ("같은 날 결국 매수(제외)", "bought later the same day (left out)"),
    "ledger_how": (
        "지킨 돈이 음수면 그만큼 놓쳤습니다. 신호마다 자기 지정가와 청산 계획으로 {sessions}거래일까지, 비용을 빼고 따라갔습니다.",
        "Below 0 it was lost. Each signal is followed from its limit by its own exit plan, {sessions} sessions at most, after costs.",
    ),
    "ledger_alone": (
        "자본 한도 없이 신호를 따로따로 따라갔으므로 모두 살 수는 없었고, 합계는 계좌의 손익이 아닙니다.",
        "Each is followed alone and without limits of capital: no account could have bought them all, the sums are not its P&L.",
    ),
    "ledger_sample": (
        "단계는 여기 없던 손실도 막습니다. 적은 수의 신호나 한 시기의 결과로 단계를 빼거나 늦추지 마세요.",
        "A stage also guards against what did not happen here: few signals, or one stretch of time, are no reason to drop it.",
    ),
    "changed_answers": ("달라짐", "changed"),
    "stage_gone": ("없어짐", "not there"),
    "stage_new": ("새 단계", "new"),
    "no_such_stage": ("없는 단계", "no such stage"),
    "column_signal": ("신호", "signal"),
    "column_session": ("거래일", "session"),
    "column_symbol": ("종목", "symbol"),
    "column_strategy": ("전략", "strategy"),
    "column_stage": ("단계", "stage"),
    "column_before": ("기록", "recorded"),
    "column_after": ("다시 심사", "judged again"),
    "stage_judges": ("대상", "judges"),
    "stage_asks": ("조회", "asks for"),
    "stage_params": ("설정", "parameters"),
    "stage_codes": ("이유", "reasons"),
    "stage_read": ("읽은 값", "read"),
    "judged_running": ("실행 중인 프로세스의 {time} 판정", "judged by the running process at {time}"),
    "judged_fresh": ("새 계좌, {session} 장 시작 전 판정", "judged on a fresh account before the open of {session}"),
    "no_instance": ("전략 {found} 없음: {known} 중 하나", "no strategy {found}: it is one of {known}"),
    "reloaded": ("설정을 다시 읽었습니다", "the configuration was taken over"),
    "nothing_to_reload": ("바뀐 설정이 없습니다", "nothing has changed"),
    "holds_now": ("지금부터", "now"),
    "holds_later": ("다음 거래일부터", "next session"),
    "sell_all": ("{scope}: 보유 종목을 시장가로 모두 팔까요?", "{scope}: sell all that is held at the market?"),
    "account_now": (
        "보유 {positions}종목 · 매수 주문 {buying}건 · 매도 주문 {selling}건",
        "positions: {positions} · buy orders: {buying} · sell orders: {selling}",
    ),
    "nothing_in_force": ("걸려 있는 중단 없음", "nothing is halted"),
    "until_resumed": ("재개할 때까지", "until resumed"),
    "until_next_session": ("다음 거래일까지", "until the next session"),
    "no_control": (
        "이 실행은 kats halt, flatten, resume으로 조작할 수 없습니다: {why}",
        "this run cannot be reached by kats halt, flatten, resume: {why}",
    ),
    "operator_orders": ("운영자 명령 {count}건", "orders of people: {count}"),
    "faults": ("오류 {count}건: 그래도 하루는 계속되었습니다", "faults: {count}; the day went on"),
    "why": ("이유 보기", "ask why"),
    "saved": ("저장", "saved"),
    "profit_factor": ("수익 팩터 (PF)", "profit factor"),
    "drawdown": ("최대 낙폭 (MDD)", "MDD"),
    "wins": ("승 {wins} · 패 {losses}", "{wins} won · {losses} lost"),
    "commission_and_tax": ("수수료 {commission} · 세금 {tax}", "commission {commission} · tax {tax}"),
    "path_dependent": (
        "{count}건은 한 봉 안에서 순서를 알 수 없음",
        "in {count} the order within one bar is not known",
    ),
    "on_daily": ("일봉 {count}일", "daily bars: {count}"),
    "on_minute": ("분봉 {count}일", "minute bars: {count}"),
    "on_mixed": ("분봉과 일봉 {count}일", "both: {count}"),
    "no_bars": ("--bars {found}: {known} 중 하나", "--bars {found}: it is one of {known}"),
    "off_scale": (
        "분봉 {count}종목일은 수정주가 일봉과 가격 기준이 달라 일봉으로 재생함",
        "minutes of {count} symbols and days are not on the scale of their adjusted daily bars, which were played instead",
    ),
    "by_path": ("한 봉 안의 경로 (bar_path)", "way through a bar (bar_path)"),
    "undecided": (
        "부호가 다릅니다: 이 봉으로는 벌었는지 잃었는지 알 수 없습니다",
        "the signs differ: these bars cannot tell whether it wins or loses",
    ),
    "warning": ("주의", "warning"),
    "survivorship": (
        "생존 편향: {symbols}종목 중 {ended}종목만 데이터보다 먼저 끝남({years}년). 상장폐지 종목이 빠져 결과가 과대평가됨",
        "survivorship: {ended} of {symbols} symbols end before the data ({years} years): without the delisted, too good",
    ),
    # Lists
    "kind": ("종류", "kind"),
    "name": ("이름", "name"),
    "distribution": ("배포판", "distribution"),
    "version": ("버전", "version"),
    "status": ("상태", "status"),
    "position": ("순서", "position"),
    "instances": ("인스턴스", "instances"),
    "key": ("키", "key"),
    "value": ("값", "value"),
    "origin": ("출처", "origin"),
    # Calendar and events
    "month_sessions": ("거래일 {count}일", "{count} sessions"),
    "not_published": (
        "{year}년 휴장일은 거래소가 아직 공표하지 않았습니다. 법에서 도출한 날짜입니다",
        "the exchange has not published its closed days of {year}: these follow from the law",
    ),
    "year_missing": (
        "{year}년 일정 없음: {types}. 이벤트 파일에 더하기 전에는 매일 현금 5%p를 더 둡니다",
        "no dates in {year}: {types}; until the file of events has them, every day keeps 5 points more cash",
    ),
    "events_title": ("이벤트 {count}건 · {first} ~ {last}", "events: {count} · {first} to {last}"),
    "event": ("이벤트", "event"),
    "entries": ("진입", "entries"),
    "extra_cash": ("추가 현금", "extra cash"),
    "impact": ("영향", "impact"),
    "estimated": ("추정", "estimated"),
    "whom_fomc": ("스윙 진입 금지, 그 외 축소", "swing none, others reduce"),
    "whom_bok": ("{sectors} 진입 금지", "none in {sectors}"),
    "whom_earnings": ("그 종목 스윙 진입 금지", "swing none in the symbol"),
    "whom_ex_dividend": ("갭 매매 전략 진입 금지, 그 외 정상", "gap trades none, others normal"),
    "whom_swing": ("스윙 축소", "swing reduce"),
    "entries_from": ("{clock}부터", "from {clock}"),
    "entries_until": ("{clock}까지", "until {clock}"),
    "no_market_index": (
        "데이터에 {index} 지수가 없습니다 (있는 지수: {found}). --data에 지수 파일도 함께 지정하세요",
        "the data do not hold the index {index} (they hold {found}); name an index file as well, with --data",
    ),
    "no_index_at_all": ("없음", "no index"),
    "index_begins_later": (
        "{index} 지수는 {until}보다 늦은 {first}에 시작합니다",
        "{index} begins on {first}, after {until}",
    ),
    # Screening
    "screening": ("종목 선별 중", "screening"),
    "screen_title": ("종목 선별", "screening"),
    "from_evening": ("{evening} 종가까지로 고른 {day} 후보", "candidates for {day}, from the close of {evening}"),
    "universe": ("유니버스", "universe"),
    "universe_counts": ("{symbols}종목 중 보통주 {members}", "{members} common shares of {symbols} symbols"),
    "qualified": ("기본 자격 {count}", "{count} qualified"),
    "by_turnover": ("거래대금 순위", "ranked by turnover"),
    "by_market_cap": ("시가총액 순위", "ranked by market cap"),
    "pulse": ("시장 맥박", "pulse"),
    "not_in_force": (
        "등급 {grade}을(를) 가정하므로, 이 데이터로 실행하면 아래 점검을 묻지 않습니다 (universe.rank_by: turnover면 묻습니다)",
        "grade {grade} is assumed, so a run on these data asks none of these checks (universe.rank_by: turnover does)",
    ),
    "profile": ("{name} 후보군", "profile {name}"),
    "stars_from": ("확신도 {stars} 이상", "stars from {stars}"),
    "candidates": ("후보 {count}", "{count} candidates"),
    "emptied": ("남은 종목이 없습니다. 마지막으로 걸린 점검: {reason}", "nobody is left; the last check: {reason}"),
    "more_with_all": ("외 {count} (--all)", "and {count} more (--all)"),
    "grade": ("등급", "grade"),
    "rank": ("순위", "rank"),
    "stars": ("확신도", "stars"),
    "strength": ("RS", "RS"),
    "trend_checks": ("추세", "trend"),
    "grade_short": ("등급", "gr"),
    "stars_short": ("확신", "stars"),
    "report_short": ("실적", "rep."),
    "letters_short": ("CAN", "CAN"),
    "turnover_short": ("대금", "traded"),
    "market_cap_short": ("시총", "cap"),
    "report_checks": ("실적", "report"),
    "letters": ("CANSLIM", "CANSLIM"),
    "supply": ("수급", "supply"),
    "sectors": ("업종 강약", "sector strength"),
    "sectors_ranked": ("{count}개 업종", "of {count}"),
    "sector_place": ("{count}개 중 {rank}위", "{rank} of {count}"),
    "sector_unranked": ("순위 없음", "not ranked"),
    "turnover": ("거래대금", "turnover"),
    "market_cap": ("시가총액", "market cap"),
    "place": ("{number}위 대기", "armed, {number}"),
    "behind": ("순위 밖", "ranked behind"),
    "is_armed": ("대기, {number}위", "armed, place {number}"),
    "is_not_armed": ("미대기: {reason}", "not armed: {reason}"),
    "assumed_inputs": ("가정", "assumed"),
    "index_absent": ("{evening}까지 데이터에 {index}가 없음", "the data hold no {index} up to {evening}"),
    "index_ends": (
        "{index} 데이터가 {last}에 끝나 {evening} 장세를 알 수 없음",
        "the {index} of the data ends on {last}, before {evening}",
    ),
    "index_short": (
        "{index} 종가 {count}개뿐: {least}개가 필요",
        "only {count} closes of the {index}; {least} are needed",
    ),
    "index_incomplete": (
        "{evening}의 {index} 종가·저가·거래대금이 모두 있지는 않음",
        "close, low or traded value of the {index} is missing on {evening}",
    ),
    "own_sector": ("종목별 업종", "a sector of its own"),
    "in_a_run": ("실행에는 {value}", "in a run {value}"),
    "stars_unqualified": ("기본 자격 미달", "not qualified"),
    "stars_without_trend": ("{score}, {least} 미만이라 실적 없이", "{score}, below {least}: without earnings"),
    "not_in_universe": ("유니버스 밖: {reason}", "outside the universe: {reason}"),
    "flow_frac": ("5일 순매수 {frac}", "net buying of 5 sessions {frac}"),
    "foreign_sold": ("외국인 순매도 {count}일", "foreigners sold on {count}"),
    "screen_qualification": ("기본 자격", "qualification"),
    "screen_trend": ("추세", "trend"),
    "screen_fundamental": ("실적·수급", "earnings and flows"),
    "screen_canslim": ("CAN SLIM", "CAN SLIM"),
    "or": ("또는", "or"),
    "not_in_data": (
        "--symbol {symbol}: 데이터의 {count}종목에 없습니다. {hint}",
        "--symbol {symbol}: not among the {count} symbols of the data; {hint}",
    ),
    "no_names": (
        "데이터에 종목명이 없으니 코드로 찾으세요, 예: {symbol}",
        "the data hold no names: give a code, such as {symbol}",
    ),
    # Plugins
    "no_plugin": ("설치된 플러그인 중 {name}이(가) 없습니다. {hint}", "no plugin {name} is installed; {hint}"),
    "did_you_mean": ("혹시: {names}", "did you mean {names}?"),
    "see_plugins": ("kats plugins로 목록을 보세요", "`kats plugins` lists what is there"),
    "no_kind": ("{found}: 만들 수 없는 종류입니다. {hint}", "{found}: no kind that can be written; {hint}"),
    "no_notifiers_yet": (
        "notifier: 이 버전은 아직 알림 플러그인을 부르지 않아 만들어 주지 않습니다. 계약은 docs/hooks.md에 있습니다",
        "notifier: this version does not call notifiers yet, so none is written; docs/hooks.md has their contract",
    ),
    "no_name": (
        "{found}: 이름이 될 수 없습니다. 소문자로 시작하는 소문자·숫자·하이픈 {most}자까지, 예: my-breakout",
        "{found}: no name; small letters, digits and single hyphens, a letter first, at most {most}: my-breakout",
    ),
    "name_taken": ("{name}: 이미 설치된 이름입니다 ({by})", "{name}: {by} has this name already"),
    "folder_there": (
        "{folder}: 이미 있습니다. 아무것도 쓰지 않았습니다",
        "{folder}: is there already; nothing was written",
    ),
    "what_next": ("다음", "next"),
    "data_for_strategies": (
        "--data: 전략을 검사하는 데이터입니다. {name}은(는) {kind}입니다",
        "--data: strategies are checked on it; {name} is a {kind}",
    ),
    "not_in_config": ("{config}: {name}을(를) 쓰지 않습니다", "{config}: it does not use {name}"),
    "checking": ("{name} 검사 중", "checking {name}"),
    "nothing_to_check": (
        "{name}: {kind}에는 이 검사가 없습니다. 선택 없이 kats check {name}",
        "{name}: a {kind} has no such check; try kats check {name}",
    ),
    "check": ("검사", "check"),
    "seconds": ("초", "seconds"),
    "found": ("본 것과 찾은 것", "looked at, and found"),
    "check_counts": (
        "통과 {passed} · 실패 {failed} · 참고 {hints} · {seconds}초",
        "{passed} passed · {failed} failed · {hints} hints · {seconds} s",
    ),
    # kats.yaml
    "yaml_head": (
        "KATS 설정. 적지 않은 값은 기본값을 씁니다.\n검사: kats config check · 실제로 쓰이는 값: kats config show",
        "The configuration of KATS. What is not written has its default.\nCheck: kats config check · all: kats config show",
    ),
    "yaml_capital": ("원; 기본값은 환경변수 TOTAL_CAPITAL", "won; the default is TOTAL_CAPITAL of the environment"),
    "yaml_one_of": ("설치된 것: {names}", "installed: {names}"),
    "yaml_strategies": (
        "무엇을 살지. 같은 전략을 `as: 이름`으로 여러 번 쓸 수 있습니다.",
        "What may buy. A strategy may stand here several times, each with `as: NAME`.",
    ),
    "yaml_risk": (
        "모든 진입을 심사하는 단계. 적힌 순서대로 실행됩니다.",
        "The stages that judge every entry, in this order.",
    ),
    "yaml_universe": (
        "후보 순위 기준: market_cap, turnover, auto",
        "How candidates are ranked: market_cap, turnover, auto",
    ),
    "yaml_assume": (
        "데이터가 알려 주지 않는 값의 가정: regime, pulse, grade, stars, status, market, sector",
        "What is assumed where the data do not tell: regime, pulse, grade, stars, status, market, sector",
    ),
    "yaml_market": (
        "장세와 시장 맥박을 판단하는 방법, 장세와 관계없이 진입을 멈추는 조건",
        "How the state of the market is found, and what stops entries although a regime is on",
    ),
    "yaml_events": (
        "직접 아는 이벤트를 적은 YAML·CSV 파일 (docs/cli.md, kats events)",
        "A YAML or CSV file of the events that you know (docs/cli.md, kats events).",
    ),
    "yaml_limits": (
        "여러 단계가 함께 쓰는 한도, 그리고 더 엄격하게만 바꿀 수 있는 주문 검문.",
        "Caps that several stages share, and the order gate, which can only be made stricter.",
    ),
}
