"""Turn the environment's KIS_ keys into those of one or several apps at the broker, complete and of the right shape, or say what is wrong.

Checked only where somebody wants to call the broker: without keys KATS runs on the sample market and on files.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple, TypeAlias
from urllib.parse import urlsplit

from pydantic import SecretStr

from kats_core.config import ConfigError, Place, Problem, Settings
from kats_core.config.problems import ENVIRONMENT
from kats_core.kis.wire.endpoints import Env
from kats_core.kis.wire.orders import Account

KEY_LENGTH, SECRET_LENGTH = 36, 180
MOST_KEYS = 5
"""App keys that the environment can hold: KIS_APP_KEY, and KIS_APP_KEY_2 to KIS_APP_KEY_5."""

ACCOUNT_DIGITS, PRODUCT_DIGITS = 8, 2

CEILING = 18.0
"""Calls a second that the broker allows one app key since April 2026 (`kis/README.md` section 4)."""

DEFAULT_RATE: Mapping[Env, float] = {"prod": 15.0, "vps": 1.0}

REST_HOST: Mapping[Env, str] = {
    "prod": "https://openapi.koreainvestment.com:9443",
    "vps": "https://openapivts.koreainvestment.com:29443",
}
STREAM_HOST: Mapping[Env, str] = {
    "prod": "ws://ops.koreainvestment.com:21000",
    "vps": "ws://ops.koreainvestment.com:31000",
}
MASTER_HOST = "https://new.real.download.dws.co.kr/common/master"

_BROKER = ".koreainvestment.com"
_HIDDEN = "***"
_SHORTEST_SECRET = 4

_Complaint: TypeAlias = tuple[str, str]
"""A field of the settings and what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Keys:
    """What one app of one environment needs to call the broker. Shows no secret, however it is printed.

    `number` is 1 for the main app, by which the account's orders and notices go; further ones have no account.
    """

    env: Env
    app_key: SecretStr
    app_secret: SecretStr
    rest_url: str
    stream_url: str
    master_url: str
    account: Account | None = None
    hts_id: str = field(default="", repr=False)
    calls_per_second: float = DEFAULT_RATE["vps"]
    hashes_orders: bool = False
    number: int = 1

    @property
    def name(self) -> str:
        """The environment's name of the app key: what may be shown of it."""
        return _names(self.number)[0].upper()

    @property
    def is_main(self) -> bool:
        """Whether the account's orders and notices go by this app."""
        return self.number == 1

    @property
    def is_mock(self) -> bool:
        """Whether this is the broker's mock server."""
        return self.env == "vps"

    @property
    def calls_the_broker(self) -> bool:
        """Whether the calls go to a host of the broker and not to a simulator."""
        return _host(self.rest_url).endswith(_BROKER)

    def redact(self, text: str, *more: str) -> str:
        """Return a text of the broker's without our secrets, should it have sent one back."""
        secrets = [self.app_key.get_secret_value(), self.app_secret.get_secret_value(), *more]
        if self.account is not None:
            secrets.append(self.account.number)
        for secret in secrets:
            if len(secret) >= _SHORTEST_SECRET:
                text = text.replace(secret, _HIDDEN)
        return text


def keys_of(
    settings: Settings, *, places: Mapping[str, Place] | None = None, account: bool = False, hts_id: bool = False
) -> Keys:
    """Return the main app's keys; as `pool_of`."""
    return pool_of(settings, places=places, account=account, hts_id=hts_id)[0]


def pool_of(
    settings: Settings, *, places: Mapping[str, Place] | None = None, account: bool = False, hts_id: bool = False
) -> tuple[Keys, ...]:
    """Return the keys of all apps that the environment holds, the main one first.

    `account` and `hts_id` say what the caller cannot do without.

    Raises:
        ConfigError: with every key that is missing or cannot be one; values of secrets are never shown.
    """
    found = list(_problems(settings, places or {}, account=account, hts_id=hts_id))
    if found:
        raise ConfigError(found)
    env, number = settings.kis_env, settings.kis_account_no.get_secret_value()
    main = Keys(
        env=env,
        app_key=settings.kis_app_key,
        app_secret=settings.kis_app_secret,
        rest_url=(settings.kis_rest_url or REST_HOST[env]).rstrip("/"),
        stream_url=(settings.kis_ws_url or STREAM_HOST[env]).rstrip("/"),
        master_url=(settings.kis_master_url or MASTER_HOST).rstrip("/"),
        account=Account(number=number, product=settings.kis_account_prod_code) if number else None,
        hts_id=settings.kis_hts_id,
        calls_per_second=settings.kis_calls_per_second or DEFAULT_RATE[env],
        hashes_orders=settings.kis_hashkey,
    )
    more = (
        replace(main, app_key=app.key, app_secret=app.secret, number=app.number, account=None, hts_id="")
        for app in _apps(settings)[1:]
    )
    return main, *more


class _App(NamedTuple):
    """A pair of the environment's."""

    number: int
    key: SecretStr
    secret: SecretStr

    @property
    def parts(self) -> tuple[tuple[str, SecretStr, int], ...]:
        """Name, value and length of both."""
        name_of_key, name_of_secret = _names(self.number)
        return (name_of_key, self.key, KEY_LENGTH), (name_of_secret, self.secret, SECRET_LENGTH)


def _names(number: int) -> tuple[str, str]:
    """Return the settings that hold key and secret of an app."""
    end = "" if number == 1 else f"_{number}"
    return f"kis_app_key{end}", f"kis_app_secret{end}"


def _apps(settings: Settings) -> list[_App]:
    """Return the main app, and each other of which something is given."""
    apps = [_App(n, *(getattr(settings, name) for name in _names(n))) for n in range(1, MOST_KEYS + 1)]
    return [app for app in apps if app.number == 1 or app.key.get_secret_value() or app.secret.get_secret_value()]


def _problems(settings: Settings, places: Mapping[str, Place], *, account: bool, hts_id: bool) -> Iterator[Problem]:
    told = (
        *_of_secrets(settings),
        *_of_account(settings, is_needed=account),
        *_of_urls(settings),
    )
    for name, text in told:
        yield Problem(places.get(name, ENVIRONMENT), name.upper(), text)
    yield from _of_halves(settings, places)
    if hts_id and not settings.kis_hts_id:
        text = "is missing; without your user id at the broker nobody tells of fills"
        yield Problem(ENVIRONMENT, "KIS_HTS_ID", text)


def _of_secrets(settings: Settings) -> Iterator[_Complaint]:
    of_env = f"the {'mock server' if settings.kis_env == 'vps' else 'real broker'} (KIS_ENV={settings.kis_env})"
    known: dict[str, str] = {}
    for app in _apps(settings):
        for name, secret, length in app.parts:
            text = secret.get_secret_value()
            if not text:
                if app.number == 1:
                    yield name, f"is missing; {of_env} gives one of {length} characters, put it into .env"
            elif len(text) != length:
                yield name, f"expected {length} characters, found {len(text)}; copy the whole of it"
            elif not text.isascii():
                yield name, f"expected {length} letters, digits and signs"
            elif known.setdefault(text, name) != name:
                yield name, f"is that of {known[text].upper()} again; the broker gives each app key one session"


def _of_halves(settings: Settings, places: Mapping[str, Place]) -> Iterator[Problem]:
    """Name the half that is given of a further app, and where; the other half is what is missing."""
    for app in _apps(settings)[1:]:
        given = [name for name, secret, _ in app.parts if secret.get_secret_value()]
        for name, _, length in app.parts:
            if name not in given:
                place, other = places.get(given[0], ENVIRONMENT), given[0].upper()
                text = f"is given without the {length} characters that belong to it"
                yield Problem(place, other, text, nearest=name.upper())


def _of_account(settings: Settings, *, is_needed: bool) -> Iterator[_Complaint]:
    number = settings.kis_account_no.get_secret_value()
    if is_needed and not number:
        yield "kis_account_no", f"is missing; expected the account's first {ACCOUNT_DIGITS} digits"
    if number and not re.fullmatch(r"[0-9]{8}", number):
        more = "; the 2 behind the hyphen go into KIS_ACCOUNT_PROD_CODE" if "-" in number else ""
        yield "kis_account_no", f"expected {ACCOUNT_DIGITS} digits, found {len(number)} signs{more}"
    if not re.fullmatch(r"[0-9]{2}", settings.kis_account_prod_code):
        yield "kis_account_prod_code", f"expected {PRODUCT_DIGITS} digits, such as 01"


def _of_urls(settings: Settings) -> Iterator[_Complaint]:
    for name, url, schemes in (
        ("kis_rest_url", settings.kis_rest_url, ("https", "http")),
        ("kis_ws_url", settings.kis_ws_url, ("ws", "wss")),
        ("kis_master_url", settings.kis_master_url, ("https", "http")),
    ):
        complaint = _complaint_of_url(url, schemes, settings.kis_env) if url else None
        if complaint is not None:
            yield name, complaint


def _complaint_of_url(url: str, schemes: tuple[str, ...], env: Env) -> str | None:
    scheme = url.partition("://")[0].lower()
    host = _host(url)
    if scheme not in schemes or not host:
        return f"expected an address like {schemes[0]}://host:port"
    if scheme == "http" and not _is_near(host):
        return "expected https://, since the keys travel along; http:// is for simulators of this machine or network"
    other: Env = "vps" if env == "prod" else "prod"
    if _authority(url) in {_authority(REST_HOST[other]), _authority(STREAM_HOST[other])}:
        return f"is the host of KIS_ENV={other}, but KIS_ENV is {env}"
    return None


def _authority(url: str) -> str:
    return url.partition("://")[2].partition("/")[0].lower()


def _host(url: str) -> str:
    try:
        parts = urlsplit(url)
        return (parts.hostname or "") if (parts.port is None or parts.port) else ""
    except ValueError:  # a port that is no number, a bracket that does not close
        return ""


def _is_near(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return "." not in host
