"""Say in Korean and in English why the broker was asked in vain, and who must act.

    KisError
        UnreachableError          try again later: nobody answers, or the answer got lost
            NotSentError          the same, and certainly no byte of the request has left
        UnreadableError           try again later: what came back is no answer
        MaintenanceError          try again later: the broker is at work on its servers
        BusyError                 try again later: too many calls, or the servers' own trouble
        TokenWaitError            try again at `at`: a token may be asked for once a minute
        KeepingError              needs a person: the folder for the token cannot be written
        CredentialsError          needs a person, stops everything: keys or token are not accepted
            AccountError          the same, of the account
        WrongEnvironmentError     needs a person: real and mock are mixed up
        WithdrawnError            nothing to do: it was taken back before it left
        ClosedError               not now: the market is closed for it
        RefusedError              the broker refused this one request
        PagingError               the pages of an answer come to no end

Those that repeat what the broker said hold it as `code` and `said`. No text holds a key, a token or an account: it was redacted
before it got here.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from kats_core.kis.wire.codes import ReplyClass, by_text
from kats_core.model.labels import Bilingual, Language
from kats_core.model.time import Nanos, to_datetime


class KisError(Exception):
    """The broker was asked in vain; each subclass says who must act."""

    code = ""
    said = ""

    def __init__(self, ko: str, en: str) -> None:
        super().__init__(Bilingual(ko, en))
        self.ko = ko
        self.en = en

    def label(self, language: Language) -> str:
        """Return the message in one language."""
        return self.ko if language == "ko" else self.en


class UnreachableError(KisError):
    """Nobody answers, or the answer got lost: what was asked may have been done. Try a question again later."""

    def __init__(self, host: str, why: str) -> None:
        ko, en = _WHY.get(why, (why, why))
        super().__init__(
            f"{host}: {ko}. 인터넷 연결과 주소를 확인하세요. 밤과 새벽에는 서버 점검 중일 수 있습니다.",
            f"{host}: {en}. Check the connection and the address; at night the broker may be at work on its servers.",
        )
        self.host = host
        self.why = why


class NotSentError(UnreachableError):
    """No connection could be made, so nothing of the request has left; it may be sent again."""


class UnreadableError(KisError):
    """What came back is no answer of the broker's. Try a question again later; of an order nothing is known."""

    def __init__(self, host: str, status: int, why: str) -> None:
        super().__init__(
            f"{host}: 읽을 수 없는 응답입니다 (HTTP {status}, {why}). 서버 장애나 점검일 수 있으니 잠시 후 다시 하세요.",
            f"{host}: the answer cannot be read (HTTP {status}, {why}). The servers may be in trouble; try again later.",
        )
        self.status = status


class _SaidError(KisError):
    """The broker answered with a code and a text of its own."""

    _ko = "증권사가 거절했습니다"
    _en = "The broker refused"
    _do_ko = ""
    _do_en = ""

    def __init__(self, code: str, said: str) -> None:
        quoted = f"{code} {said}".strip()
        super().__init__(
            " ".join(filter(None, (f"{self._ko} ({quoted}).", self._do_ko))),
            " ".join(filter(None, (f"{self._en} ({quoted}).", self._do_en))),
        )
        self.code = code
        self.said = said


class MaintenanceError(_SaidError):
    """The broker is at work on its servers; try again later."""

    _ko = "증권사 서버 점검 시간입니다"
    _en = "The broker is at work on its servers"
    _do_ko = "점검이 끝난 뒤 다시 하세요."
    _do_en = "Try again when it is done."


class BusyError(_SaidError):
    """Too many calls, or trouble of the broker's own; try again later."""

    _ko = "증권사 서버가 지금 받지 못합니다"
    _en = "The broker cannot take it now"
    _do_ko = "잠시 후 다시 하세요."
    _do_en = "Try again in a moment."


class CredentialsError(_SaidError):
    """The keys, the token or the account are not accepted; needs a person."""

    _ko = "증권사가 키를 받아들이지 않습니다"
    _en = "The broker does not accept the keys"
    _do_ko = (
        "KIS_APP_KEY, KIS_APP_SECRET, KIS_ACCOUNT_NO와 KIS_ENV(prod는 실전, vps는 모의투자)가 한 벌인지 확인하세요."
    )
    _do_en = (
        "Check that KIS_APP_KEY, KIS_APP_SECRET, KIS_ACCOUNT_NO and KIS_ENV (prod: real, vps: mock) belong together."
    )


class AccountError(CredentialsError):
    """The account is not accepted, may not trade, or its mock contest is over; needs a person."""

    _ko = "증권사가 이 계좌를 받아들이지 않습니다"
    _en = "The broker does not accept the account"
    _do_ko = (
        "KIS_ACCOUNT_NO와 KIS_ACCOUNT_PROD_CODE를 확인하세요. 모의투자 계좌는 대회가 끝나면 만료되어,"
        " 다시 신청하면 계좌번호와 키가 모두 바뀝니다."
    )
    _do_en = (
        "Check KIS_ACCOUNT_NO and KIS_ACCOUNT_PROD_CODE. An account of the mock server ends with its contest;"
        " a new one comes with new keys."
    )


class WrongEnvironmentError(KisError):
    """What was asked does not exist on this server; a mistake of the program or of the configuration."""

    def __init__(self, what: str, env: str, said: str = "") -> None:
        more = f" ({said})" if said else ""
        super().__init__(
            f"{what}: 이 서버(KIS_ENV={env})에는 없는 기능입니다{more}.",
            f"{what}: does not exist on this server (KIS_ENV={env}){more}.",
        )
        self.said = said


class WithdrawnError(KisError):
    """An order was taken back before anything of it left."""

    def __init__(self) -> None:
        super().__init__(
            "전송 차례를 기다리는 동안 취소되었습니다.", "It was taken back while it waited for its turn to leave."
        )


class ClosedError(_SaidError):
    """The market is closed for it."""

    _ko = "지금은 거래 시간이 아닙니다"
    _en = "The market is closed for this now"
    _do_ko = "kats calendar로 거래일과 시간을 확인하세요."
    _do_en = "`kats calendar` shows sessions and hours."


class RefusedError(_SaidError):
    """The broker refused this one request."""


class PagingError(KisError):
    """The pages of an answer come to no end; what was read of it is not complete and is not used."""

    def __init__(self, what: str, pages: int, ko: str, en: str) -> None:
        super().__init__(
            f"{what}: {pages}쪽 뒤로 이어지지 않습니다 ({ko}). 일부만 읽은 값은 쓰지 않습니다.",
            f"{what}: cannot go on behind page {pages} ({en}). A part of an answer is not used.",
        )


class TokenWaitError(KisError):
    """A new token is needed, and none may be asked for before `at`."""

    def __init__(self, at: Nanos) -> None:
        clock = f"{to_datetime(at):%H:%M:%S}"
        super().__init__(
            f"접근토큰은 1분에 한 번만 받을 수 있습니다. {clock} 이후에 다시 하세요.",
            f"An access token may be asked for once a minute. Try again after {clock} KST.",
        )
        self.at = at


class KeepingError(KisError):
    """The token cannot be kept, so that none is asked for: the broker would be asked again and again. Needs a person."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(
            f"{path}: 접근토큰을 저장할 수 없습니다 ({why}). KATS_HOME의 여유 공간과 권한을 확인하세요.",
            f"{path}: the access token cannot be kept there ({why}). Check space and rights of KATS_HOME.",
        )


_WHY = {
    "refused": ("서버에 연결할 수 없습니다", "no connection can be made"),
    "slow": ("제때 응답이 오지 않았습니다", "no answer came in time"),
    "lost": ("응답을 받기 전에 연결이 끊겼습니다", "the connection was lost before an answer came"),
}


_REFUSALS: Mapping[ReplyClass, type[_SaidError]] = {
    ReplyClass.TOKEN: CredentialsError,
    ReplyClass.CREDENTIALS: CredentialsError,
    ReplyClass.ACCOUNT: AccountError,
    ReplyClass.RATE: BusyError,
    ReplyClass.SERVER: BusyError,
    ReplyClass.TEMPORARY: BusyError,
    ReplyClass.MAINTENANCE: MaintenanceError,
    ReplyClass.CLOSED: ClosedError,
}


def refusal(kind: ReplyClass, code: str, said: str) -> KisError:
    """Return the error that a refusal of this class is; trouble whose text speaks of maintenance is that."""
    if kind is ReplyClass.TEMPORARY and by_text(said) is ReplyClass.MAINTENANCE:
        return MaintenanceError(code, said)
    return _REFUSALS.get(kind, RefusedError)(code, said)
