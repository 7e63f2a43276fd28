"""Say in Korean and in English what the checks find: each sentence with what was expected and what to do."""

from __future__ import annotations

import enum


class Sentence(enum.Enum):
    """A remark, declared as `NAME = "한국어", "English"`; what was found stands in braces."""

    ko: str
    en: str

    def __init__(self, ko: str, en: str) -> None:
        self.ko = ko
        self.en = en

    # Any check
    RAISED = (
        "플러그인이 예외를 냈습니다: {error} ({where}). 계약의 어떤 입력에도 예외 없이 답해야 합니다",
        "the plugin raised {error} ({where}); it must answer whatever the contract lets in",
    )
    NOT_LOADED = (
        "불러올 수 없습니다: {problem}",
        "it cannot be loaded: it {problem}",
    )
    NOT_LOADED_SO = ("불러오지 못해 검사하지 않음", "not looked at, because it cannot be loaded")
    LOADED = ("{distribution} {version}, {value}", "{distribution} {version}, {value}")
    NO_CORE_BOUND = (
        "{distribution}: kats-core 요구 버전이 '{found}'입니다. 아래위 경계를 모두 적으세요: kats-core>=0.1,<0.2",
        "{distribution} requires '{found}' of kats-core; give both bounds: kats-core>=0.1,<0.2",
    )

    # Light import
    HEAVY = (
        "{module}을 불러오면 {heavy}도 불러옵니다. build나 그것이 쓰는 모듈 안으로 import를 옮기세요",
        "importing {module} also imports {heavy}; move that import into build, or into the module that build imports",
    )
    IMPORT_PRINTS = (
        "{module}을 불러오면 화면에 씁니다: {text!r}. 불러올 때는 아무 일도 하지 마세요",
        "importing {module} prints {text!r}; do nothing at import time",
    )
    IMPORT_FAILS = (
        "{module}이 새 프로세스에서 불러와지지 않습니다: {error}",
        "{module} cannot be imported in a process of its own: {error}",
    )
    IMPORT_TIME = (
        "kats_core.api 위에 모듈 {modules}개, {ms} ms",
        "{modules} modules and {ms} ms on top of kats_core.api",
    )

    # Purity
    PURE_IMPORT = (
        "{where}: {name}. 판단하는 코드는 시계, 파일, 네트워크, 난수를 쓰지 않습니다. 시각은 view.now와 context.now로, 입력은 fact로 옵니다",
        "{where}: {name}; what decides reads no clock, file, network or chance: time comes as view.now and context.now, inputs as facts",
    )
    PURE_ONLY_API = (
        "{where}: {name}. 플러그인은 KATS에서 kats_core.api만 import합니다. 나머지는 예고 없이 바뀝니다",
        "{where}: {name}; a plugin imports kats_core.api and nothing else of KATS, which may change without notice",
    )
    PURE_BUILTIN = ("코어에 들어 있음", "part of core")
    PURE_SEEN = ("{files}", "{files}")

    # Parameters
    PARAM_NO_DESCRIPTION = (
        "파라미터 {field}에 설명이 없거나 너무 짧습니다({found!r}). description에 단위와 이유를 적으세요",
        "parameter {field} is described by {found!r}; say in `description` its unit and why it is what it is",
    )
    PARAM_NO_UNIT = (
        "파라미터 {field}의 설명에 단위가 보이지 않습니다({found!r}). 원, 주, 비율, 봉, 분 등을 적으세요",
        "the description of parameter {field} names no unit ({found!r}): won, shares, a fraction of what, bars, minutes ...",
    )
    PARAM_NO_RANGE = (
        "파라미터 {field}에 {side} 경계가 없습니다. Field(ge=..., le=...)로 양쪽을 정하세요",
        "parameter {field} has no {side} bound; give both: Field(ge=..., le=...)",
    )
    PARAM_NAN = (
        "파라미터 {field}이(가) NaN을 받아들입니다. 범위를 정하면 거절됩니다",
        "parameter {field} accepts NaN; a range refuses it",
    )
    PARAM_TIGHTER_WRONG = (
        "파라미터 {field}의 tighter는 {found!r}입니다. 'lower' 또는 'higher'여야 합니다",
        "parameter {field} says tighter={found!r}; it is 'lower' or 'higher'",
    )
    PARAM_NO_TIGHTER = (
        (
            "파라미터 {field}은(는) 어느 쪽이 더 엄격한지 말하지 않아, 바꾸면 다음 거래일부터 쓰입니다 "
            "(json_schema_extra={{'tighter': 'lower'}})"
        ),
        (
            "parameter {field} does not say which way is tighter, so a change waits for the next session "
            "(json_schema_extra={{'tighter': 'lower'}})"
        ),
    )
    PARAM_LOOSER = (
        "파라미터 {field}: 더 엄격하다는 {value}에서 {tight}주, 기본값에서 {usual}주를 통과시켰습니다. tighter의 방향을 확인하세요",
        (
            "parameter {field}: {value}, said to be tighter, let {tight} shares pass where the default let {usual}; "
            "check the way of `tighter`"
        ),
    )
    PARAMS_NOT_FROZEN = (
        "{params}가 frozen이 아닙니다. model_config = ConfigDict(extra='forbid', frozen=True)",
        "{params} is not frozen; model_config = ConfigDict(extra='forbid', frozen=True)",
    )
    PARAMS_NO_DEFAULT = (
        "{params}를 기본값만으로 만들 수 없습니다: {error}. 모든 파라미터에 기본값을 주세요",
        "{params} cannot be made of its defaults: {error}; give every parameter a default",
    )
    PARAMS_TAKE_UNKNOWN = (
        "{params}가 모르는 키를 받아들입니다. ConfigDict(extra='forbid')가 필요합니다",
        "{params} accepts a key that it does not have; it needs ConfigDict(extra='forbid')",
    )
    PARAMS_SEEN = ("파라미터 {count}개", "{count} parameters of its own")

    # Texts
    NO_DOCSTRING = (
        "{what}에 docstring이 없습니다. 무엇을 하는지 한 문장으로 적으세요",
        "{what} has no docstring; say in a sentence what it does",
    )
    SUMMARY_LANGUAGE = (
        "summary는 (한국어, English)입니다. 찾은 값: {found!r}",
        "summary is (Korean, English); found {found!r}",
    )
    CODE_LANGUAGE = (
        "코드 {code}의 텍스트는 (한국어, English)여야 합니다. 찾은 값: {ko!r}, {en!r}",
        "code {code} needs a Korean and an English text; found {ko!r} and {en!r}",
    )
    CODE_OWNER = (
        "코드 {code}의 owner는 {owner!r}입니다. 플러그인 이름 {name!r}이어야 합니다",
        "code {code} belongs to {owner!r}; its owner is the plugin's name, {name!r}",
    )
    CODE_TWICE = (
        "코드 {first}와 {second}의 텍스트가 같습니다: {text!r}. 사람이 구별할 수 없습니다",
        "codes {first} and {second} have the same text, {text!r}; nobody can tell them apart",
    )
    TEXTS_SEEN = ("코드 {codes}개, docstring {docstrings}개", "{codes} codes, {docstrings} docstrings")

    # Traits
    TRAIT_WRONG = (
        "traits.{trait}: {found}. {expected_ko}",
        "traits.{trait} is {found}; {expected_en}",
    )
    MANAGES_NEVER = (
        "manage가 있지만 traits.manage_every_min이 0이고 manages_at이 비어 있어 한 번도 묻지 않습니다",
        "it has manage, but traits.manage_every_min is 0 and manages_at is empty: it is never asked",
    )
    MANAGES_NOT = (
        "traits.manage_every_min은 {found}인데 manage 메서드가 없습니다",
        "traits.manage_every_min is {found}, but there is no method manage",
    )
    NO_METHOD = (
        "build가 돌려준 {built}에 {method}(이)가 없습니다",
        "what build returned, {built}, has no {method}",
    )
    TRAITS_SEEN = ("{summary}", "{summary}")

    # Arming
    ARM_ANSWER = (
        "arm의 답이 계약과 다릅니다: {problem} ({market})",
        "what arm answered is against the contract: {problem} ({market})",
    )
    ARM_RAISED = (
        "{market}에서 arm이 예외를 냈습니다: {error} ({where}). 모든 종목이 이유 코드와 함께 대기하지 않으면 됩니다",
        "arm raised {error} ({where}) on {market}; answer a reason for every cell instead",
    )
    ARM_WARNED = (
        "{market}에서 arm이 경고를 냈습니다: {error} ({where}). 계산 전에 panel.present로 거르세요",
        "arm warned {error} ({where}) on {market}; mask with panel.present before you compute",
    )
    ARM_UNDECLARED = (
        "arm이 코드 {code}를 쓰지만, 플러그인의 codes에 {enum}이(가) 없습니다",
        "arm uses the code {code}, but the plugin's `codes` lack {enum}",
    )
    ARM_NOT_TRADED = (
        "{day} {symbol}: 그날 거래가 없는데 대기합니다. reasons.require(panel.present, CoreCode.STALE_DATA)",
        "{symbol} is armed after {day}, on which it did not trade; reasons.require(panel.present, CoreCode.STALE_DATA)",
    )
    SETUP_WRONG = (
        "{day} {symbol}: 대기를 만들 수 없습니다: {error}",
        "{symbol} armed after {day} makes no setup: {error}",
    )
    TRIGGER_MINUTES = (
        "{day} {symbol}: {trigger}는 분봉이 필요합니다. traits.needs_minute_bars=True",
        "{symbol} after {day}: {trigger} needs minute bars; traits.needs_minute_bars=True",
    )
    MUTATED = (
        "{call}이(가) 입력을 바꿉니다: {what}. 복사해서 쓰세요",
        "{call} changes its input: {what}; work on a copy",
    )
    NOT_THE_SAME_AGAIN = (
        "{call}: 같은 입력에 다른 답을 합니다 ({day} {symbol}: {first} → {second}). 시계, 난수, 전역 상태, 이전 호출에 의존하지 마세요",
        (
            "{call} answers differently to the same input ({symbol} on {day}: {first}, then {second}); "
            "it may not depend on a clock, chance, globals or earlier calls"
        ),
    )
    NOTHING_ARMED = (
        "표본 시장에서 한 번도 대기하지 않아, 대기에 관한 검사는 아무것도 증명하지 않습니다. --data로 다른 데이터를 주세요",
        "nothing was ever armed on the sample market, so these checks prove little; give other data with --data",
    )
    ARM_SEEN = (
        "{sessions}거래일 × {symbols}종목, 대기 {armed}건",
        "{sessions} sessions x {symbols} symbols, {armed} armed",
    )
    MARKETS_SEEN = ("{count}가지 데이터: {names}", "{count} kinds of data: {names}")

    # Look-ahead
    AHEAD_ARM = (
        "{day} {symbol}: {before}. 그 뒤 거래일을 {kind} 바꾸면 {after}. arm의 t행은 t행까지만 읽어야 합니다{fields}",
        (
            "{symbol} after {day} is {before}, but {after} once later sessions are {kind}: "
            "row t of arm may read rows up to t only{fields}"
        ),
    )
    AHEAD_SEEN = (
        "{cuts}번 미래를 바꿔 셀 {cells:,}개 비교, 대기 {armed}건",
        "the future replaced {cuts} times, {cells:,} cells compared, {armed} armed",
    )

    AHEAD_ASKED = (
        (
            "{now} {symbol}: {call}의 답이 {first}인데, {at} 뒤의 데이터를 다른 값으로 바꾸면 {second}. "
            "view가 보여 주는 것만 읽고, arm에 온 panel을 간직하지 마세요"
        ),
        (
            "{call} of {symbol} at {now} answered {first}, and {second} with other data after {at}: "
            "read what the view shows, and keep nothing of the panel that arm was given"
        ),
    )
    AHEAD_ARM_FIRST = (
        "arm이 미래를 읽으므로 confirm과 manage는 비교할 수 없습니다. arm부터 고치세요",
        "arm looks ahead, so confirm and manage cannot be compared: mend arm first",
    )
    AHEAD_BAR = (
        "{day} {symbol}: 일봉에서 confirm의 답이 {first}인데, 그날이 다르게 끝나면 {second}. 일봉의 종가·고가·거래량은 그 순간 아직 모릅니다",
        (
            "confirm of {symbol} on the daily bar of {day} answered {first}, and {second} had the day ended otherwise: "
            "close, high and volume of a daily bar are not known at that moment"
        ),
    )
    AHEAD_ASKED_SEEN = (
        "{cuts}번 미래를 바꿔 confirm과 manage의 답 {answers}개 비교",
        "the future replaced {cuts} times, {answers} answers of confirm and manage compared",
    )

    # Rehearsal
    ASKED_RAISED = (
        "{call}이(가) 예외를 냈습니다: {error} ({where}). 판단할 수 없으면 NotYet으로 답하세요",
        "{call} raised {error} ({where}); what it cannot judge it answers with NotYet",
    )
    ASKED_UNDECLARED = (
        "{call}이(가) 코드 {code}를 쓰지만, 플러그인의 codes에 {enum}이(가) 없습니다",
        "{call} uses the code {code}, but the plugin's `codes` lack {enum}",
    )
    SIGNAL_WRONG = (
        "{now} {symbol}의 신호는 주문할 수 없습니다: {problem}",
        "the signal of {symbol} at {now} cannot be ordered: {problem}",
    )
    CONFIRM_MISSING = (
        "입력 {fact}을(를) 읽지만, 없어도 매수합니다. 없으면 NotYet(CoreCode.INPUT_MISSING)",
        "it reads the input {fact} and buys without it, too; answer NotYet(CoreCode.INPUT_MISSING)",
    )
    REHEARSED = (
        "일봉 {days}일, 분봉 {minutes}일: confirm {asked}회, 신호 {signals}건, manage {managed}회",
        (
            "{days} sessions of daily and {minutes} of minute bars: confirm asked {asked} times, {signals} signals, "
            "manage asked {managed} times"
        ),
    )
    NOTHING_SIGNALLED = (
        "표본 시장에서 신호가 하나도 없어, confirm에 관한 검사는 아무것도 증명하지 않습니다",
        "it never signalled on the sample market, so what is said of confirm proves little",
    )

    # Batch
    BATCH = (
        "{day} {symbol}: 한 번에 계산하면 {whole}, 그날까지만 주면 {row}. 한 행의 답은 그날까지의 이력에만 달려야 합니다",
        (
            "{symbol} after {day} is {whole} when all sessions are judged at once, and {row} with the history up to it; "
            "a row's answer depends on the history up to it alone"
        ),
    )
    BATCH_SEEN = ("{rows}행을 하나씩 다시 계산", "{rows} rows judged one by one")

    # Warm-up
    WARMUP_FLIP = (
        "{day} {symbol}: 이력 {short}일이면 {before}, {long}일이면 {after}. traits.bars_needed({needed})를 늘리거나 초깃값에 덜 민감한 지표를 쓰세요",
        (
            "{symbol} after {day} is {before} with {short} sessions of history and {after} with {long}; "
            "raise traits.bars_needed ({needed}), or use indicators that forget their first bar sooner"
        ),
    )
    WARMUP_SEEN = (
        "이력 {short}일: 바뀐 판단 {flips}, 수치 최대 차이 {drift}",
        "history of {short} sessions: {flips} decisions differ, numbers drift by {drift} at most",
    )
    WARMUP_SHORT = (
        "bars_needed {needed}: 비교할 더 긴 이력이 없습니다",
        "bars_needed {needed}: there is no longer history to compare with",
    )

    # Stages
    STAGE_ANSWER = (
        "{proposal}: {problem}",
        "{proposal}: {problem}",
    )
    STAGE_RAISED = (
        "{proposal}: check가 예외를 냈습니다: {error} ({where}). 판단할 수 없으면 거절하세요",
        "{proposal}: check raised {error} ({where}); what it cannot judge it rejects",
    )
    STAGE_ENLARGED = (
        "{proposal}: {before}주가 들어와 {after}주가 나갔습니다. 단계는 줄이거나 거절할 뿐 늘리지 못합니다",
        "{proposal}: {before} shares came in and {after} went out; a stage shrinks or refuses, never enlarges",
    )
    STAGE_UNDECLARED = (
        "check가 코드 {code}를 쓰지만, 플러그인의 codes에 {enum}이(가) 없습니다",
        "check uses the code {code}, but the plugin's `codes` lack {enum}",
    )
    STAGE_KEEPS = (
        "{proposal}: 처음에는 {first}, 다른 제안을 심사한 뒤에는 {second}. check는 상태를 바꾸면 안 됩니다 (on_event에서 바꾸세요)",
        "{proposal} got {first} at first and {second} after other proposals: check changes no state, on_event does",
    )
    STAGE_DUMP_CHANGED = (
        "check가 dump()를 바꿉니다: {before} → {after}. 상태는 on_event에서만 바뀝니다",
        "check changes dump(): {before} became {after}; state changes in on_event only",
    )
    STAGE_MISSING = (
        "입력 {fact}이(가) {how}인데 {missing}주를 통과시킵니다 (알려진 값들로는 {least}~{most}주). 판단할 수 없으면 거절하세요 ({proposal})",
        (
            "with the input {fact} {how} it lets {missing} shares pass (known values: {least} to {most}); "
            "what it cannot judge it rejects ({proposal})"
        ),
    )
    STAGE_MISSING_REDUCES = (
        "입력 {fact}이(가) 없으면 거절하지 않고 {missing}주로 줄입니다 (알려진 값들로는 {least}~{most}주)",
        "without the input {fact} it reduces to {missing} shares instead of rejecting (known values: {least} to {most})",
    )
    STAGE_NEEDS = (
        "입력 {fact}은(는) 물어야 알 수 있습니다. StageTraits(needs=({fact!r},))에 적으세요",
        "the input {fact} exists only after asking; name it in StageTraits(needs=({fact!r},))",
    )
    STAGE_ACTION = (
        "on_event({event})가 {found}(을)를 답했습니다. 줄이는 행동만 답할 수 있습니다: {allowed}",
        "on_event({event}) answered {found}; only actions that reduce are allowed: {allowed}",
    )
    STAGE_DUMP_JSON = (
        "dump()를 JSON으로 쓸 수 없습니다: {error}. 평범한 값만 돌려주세요",
        "dump() cannot be written as JSON: {error}; return plain values only",
    )
    STAGE_LOOSENED = (
        "{story}: 재시작 전 {before}주, 재시작 뒤(dump → load) {after}주. 재시작은 아무것도 느슨하게 하지 않습니다",
        "{story}: {before} shares before a restart and {after} after it (dump, then load); a restart never loosens anything",
    )
    STAGE_LOAD_LOOSENED = (
        "{story}: 더 느슨한 옛 상태를 load하니 {before}주가 {after}주가 되었습니다. load는 더 엄격한 쪽을 지킵니다",
        "{story}: loading an older, looser state made {after} shares out of {before}; load keeps the stricter of the two",
    )
    STAGE_FORGETS = (
        "on_event로 상태를 두지만 dump/load가 없어 재시작하면 잊습니다",
        "it keeps state in on_event but has no dump and load: a restart forgets it",
    )
    STAGE_NO_STATE = ("상태가 없는 단계", "it keeps no state")
    STAGE_SEEN = (
        "제안 {count}건: 승인 {approved}, 축소 {resized}, 거절 {rejected}, 보류 {deferred}",
        "{count} proposals: {approved} approved, {resized} resized, {rejected} rejected, {deferred} deferred",
    )
    STAGE_FACTS_SEEN = ("읽은 입력: {facts}", "inputs read: {facts}")
    STAGE_SEEN_INPUTS = (
        "제안 {proposals}건에서 판정을 좌우하는 입력을 {count}번 뺌",
        "an input that matters taken away {count} times, in {proposals} proposals",
    )
    STAGE_ASKED_TWICE = ("제안 {count}건을 두 번 심사", "{count} proposals asked about twice")
    PARAMS_TRIED = ("엄격한 쪽 끝 값 {count}개 시험: {names}", "{count} tried at their tight end: {names}")
    STAGE_STORIES_SEEN = ("이야기 {stories}개, 이벤트 {events}건", "{stories} stories, {events} events")

    # Data sources, brokers, notifiers
    NEEDS_PARAMS = (
        "필수 파라미터가 있어 여기서 만들 수 없습니다: {names}",
        "it has required parameters and cannot be built here: {names}",
    )
    SOURCE_WRONG = (
        "{call}: {problem}",
        "{call}: {problem}",
    )
    SOURCE_SEEN = (
        "일봉 {days}거래일, 분봉 {minutes}거래일, {symbols}종목",
        "{days} sessions of daily bars, {minutes} of minute bars, {symbols} symbols",
    )
    BUILT = ("{built}", "{built}")
