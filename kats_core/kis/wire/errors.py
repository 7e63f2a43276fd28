"""Say that a text of the broker cannot be read.

`WireError` is the only exception that this room raises; whoever receives drops the text, counts it and goes on.
"""

from __future__ import annotations

import re

_SHOWN = 400
_SECRET = re.compile(
    r'("(?:access_token|approval_key|appkey|appsecret|secretkey|authorization|token|hash|key|iv'
    r'|cano|acnt_no|acnt_prdt_cd|ctx_area_[fn]k\d*)"\s*:\s*")[^"]*("|$)',
    re.IGNORECASE,
)
_OPENED_NOTICE = re.compile(r"^(0\|[HK]0STCNI\d\|\d*\|).*", re.DOTALL)


class WireError(Exception):
    """A frame or a reply that is not what it should be: `text` as it came, and `why`.

    Printed, it shows the beginning of the text, without keys, tokens and accounts, and nothing of a notice that was opened: it may
    be logged.
    """

    def __init__(self, text: str, why: str) -> None:
        super().__init__(text, why)
        self.text = text
        self.why = why

    def __str__(self) -> str:
        shown = _OPENED_NOTICE.sub(r"\1***", _SECRET.sub(r"\1***\2", self.text))
        if len(shown) > _SHOWN:
            shown = f"{shown[:_SHOWN]}... ({len(self.text)} characters)"
        return f"{self.why}: {shown!r}"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self})"
