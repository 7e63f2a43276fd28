"""List the reasons for which a pattern is not there, `pattern:CODE`."""

from __future__ import annotations

from kats_core.model.labels import Code


class PatternCode(Code, owner="pattern"):
    """Why a chart has no base. A strategy that looks for patterns names this enum among its codes."""

    NOT_LOOKED_FOR = "패턴을 찾지 않음", "the pattern was not looked for"

    VCP_BASE_TOO_SHORT = "VCP: 베이스가 짧음", "VCP: the base is too short"
    VCP_TOO_FEW_CONTRACTIONS = "VCP: 수축 횟수 부족", "VCP: too few contractions"
    VCP_BASE_TOO_DEEP = "VCP: 베이스가 너무 깊음", "VCP: the base is too deep"
    VCP_NOT_CONTRACTING = "VCP: 수축되지 않음", "VCP: a contraction is not clearly smaller than the one before"
    VCP_LOWER_LOW = "VCP: 저점이 낮아짐", "VCP: a low undercuts the one before"
    VCP_LAST_TOO_DEEP = "VCP: 마지막 수축이 깊음", "VCP: the last contraction is too deep"
    VCP_NO_DRY_UP = "VCP: 거래량이 마르지 않음", "VCP: volume has not dried up"
    VCP_PIVOT_TOO_LOW = "VCP: 피벗이 고점보다 너무 낮음", "VCP: the pivot is too far below the base's high"
    VCP_ALREADY_ABOVE = "VCP: 이미 피벗 위", "VCP: the close is above the pivot already"
    VCP_TOO_FAR_BELOW = "VCP: 피벗까지 멂", "VCP: the close is too far below the pivot"

    FLAT_BASE_TOO_SHORT = "플랫 베이스: 기간이 짧음", "flat base: too short"
    FLAT_BASE_TOO_DEEP = "플랫 베이스: 너무 깊음", "flat base: too deep"
    FLAT_NO_PRIOR_ADVANCE = "플랫 베이스: 앞선 상승 없음", "flat base: no advance before it"
    FLAT_TOO_FAR_BELOW = "플랫 베이스: 피벗까지 멂", "flat base: the close is too far below the pivot"

    CUP_NO_RIM = "컵: 오른쪽 고점 없음", "cup: no right rim"
    CUP_CUP_DEPTH = "컵: 깊이가 기준 밖", "cup: its depth is outside the limits"
    CUP_RIM = "컵: 양쪽 고점 높이가 다름", "cup: the rims differ too much"
    CUP_CUP_SKEW = "컵: 바닥이 한쪽으로 치우침", "cup: the low is not in the middle"
    CUP_V_SHAPE = "컵: 둥글지 않고 V자형", "cup: a V, not round"
    CUP_NO_PRIOR_ADVANCE = "컵: 앞선 상승 없음", "cup: no advance before it"
    CUP_HANDLE_DEPTH = "컵: 손잡이가 너무 깊음", "cup: the handle is too deep"
    CUP_HANDLE_LOW_HALF = "컵: 손잡이가 컵 아래쪽 절반", "cup: the handle lies in the lower half"
    CUP_HANDLE_VOLUME = "컵: 손잡이 거래량 과다", "cup: too much volume in the handle"
    CUP_HANDLE_WEDGE = "컵: 손잡이가 위로 기욺", "cup: the handle wedges upward"
    CUP_POSITION = "컵: 종가가 손잡이 구간 밖", "cup: the close is not within the handle's range"

    BOX_WIDTH = "박스권: 폭이 기준 밖", "box: its width is outside the limits"
    BOX_TOUCHES = "박스권: 지지·저항 확인 부족", "box: too few touches of a side"
    BOX_DRIFT = "박스권: 수평이 아님", "box: not horizontal"
