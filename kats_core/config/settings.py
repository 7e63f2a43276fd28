"""Read the environment and `.env` into one object, built once and passed on; nothing is read at import.

Only what may differ between two machines with the same `kats.yaml` lives here: connections, folders, secrets, and defaults
for a few limits. The environment wins over `.env`. An empty value counts as not set.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from io import StringIO
from pathlib import Path
from typing import Literal

import platformdirs
from dotenv.parser import parse_stream
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator

from kats_core.config.problems import ENVIRONMENT, ConfigError, Place, Problem, complaint
from kats_core.model.labels import Language
from kats_core.model.masking import masked
from kats_core.plugins import nearest_name

ENV_FILE = ".env"

# In the operation manual's table; what reads them is not in this version.
_NOT_YET = frozenset(
    {
        "REDIS_URL",
        "SLACK_WEBHOOK_URL",
        "TELEGRAM_BOT_TOKEN",
        "TELEGRAM_CHAT_ID",
        "APPROVERS",
    }
)
_OF_THE_SCRIPTS = frozenset({"KATS_PYTHON"})
_OWN_PREFIXES = ("KATS_", "KIS_")
_PERCENT = "_PCT"


class AccountNumber(SecretStr):
    """An account's number: printed, it shows its last digits."""

    def _display(self) -> str:
        return masked(self.get_secret_value())


class Settings(BaseModel):
    """What the environment says. The key of a field is its name in capitals; a field that is not set has its default.

    `GRADE_A_MAX=0.30` is also understood as v1.1 wrote it, `GRADE_A_MAX_PCT=30`; so are B and C.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    trade_mode: Literal["PAPER", "LIVE"] = Field(default="PAPER", description="can only lower what kats.yaml says")
    kats_home: Path = Field(
        default_factory=lambda: platformdirs.user_data_path("kats", appauthor=False),
        description="folder of database, caches, runs and logs; default: the platform's folder for user data",
    )
    kats_lang: Language = Field(default="ko", description="language of faces and reports")
    db_type: Literal["sqlite", "postgresql"] = Field(default="sqlite", description="must agree with DB_URL")
    db_url: SecretStr = Field(default=SecretStr(""), description="empty: SQLite in KATS_HOME/kats.db")
    total_capital: int = Field(default=100_000_000, ge=1, le=10**15, description="won")
    risk_per_trade: float = Field(default=0.02, ge=0, le=0.02, description="fraction of equity")
    daily_loss_limit: float = Field(default=0.03, ge=0.005, le=0.05, description="fraction of the day's first equity")
    monthly_loss_limit: float = Field(
        default=0.06, ge=0.01, le=0.10, description="fraction of the month's first equity"
    )
    sector_max: float = Field(default=0.40, ge=0.1, le=1, description="most of equity in one sector")
    max_positions: int = Field(default=5, ge=0, le=100, description="most symbols held or on order")
    grade_a_max: float = Field(default=0.30, ge=0, le=0.30, description="most of equity in one symbol of grade A")
    grade_b_max: float = Field(default=0.20, ge=0, le=0.30, description="the same for grade B")
    grade_c_max: float = Field(default=0.10, ge=0, le=0.30, description="the same for grade C")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] = "INFO"
    kis_env: Literal["prod", "vps"] = Field(default="prod", description="prod: the real broker; vps: its mock server")
    kis_app_key: SecretStr = Field(default=SecretStr(""), description="36 characters, of KIS_ENV; needed to ask KIS")
    kis_app_secret: SecretStr = Field(default=SecretStr(""), description="180 characters, of the same key")
    kis_app_key_2: SecretStr = Field(default=SecretStr(""), description="another app key: 41 more registrations")
    kis_app_secret_2: SecretStr = Field(default=SecretStr(""), description="180 characters, of KIS_APP_KEY_2")
    kis_app_key_3: SecretStr = Field(default=SecretStr(""), description="the same, once more")
    kis_app_secret_3: SecretStr = Field(default=SecretStr(""), description="180 characters, of KIS_APP_KEY_3")
    kis_app_key_4: SecretStr = Field(default=SecretStr(""), description="the same, once more")
    kis_app_secret_4: SecretStr = Field(default=SecretStr(""), description="180 characters, of KIS_APP_KEY_4")
    kis_app_key_5: SecretStr = Field(default=SecretStr(""), description="the same, once more")
    kis_app_secret_5: SecretStr = Field(default=SecretStr(""), description="180 characters, of KIS_APP_KEY_5")
    kis_account_no: AccountNumber = Field(
        default=AccountNumber(""), description="the account's first 8 digits; orders go by KIS_APP_KEY"
    )
    kis_account_prod_code: str = Field(default="01", description="the account's last 2 digits")
    kis_hts_id: str = Field(default="", description="the user id at the broker; needed for fill notices")
    kis_rest_url: str = Field(default="", description="empty: the broker's host of KIS_ENV")
    kis_ws_url: str = Field(default="", description="empty: the broker's host of KIS_ENV")
    kis_master_url: str = Field(default="", description="empty: the broker's host")
    kis_calls_per_second: float | None = Field(
        default=None, ge=0.1, le=18, description="of one app key; empty: 15 for prod, 1 for vps"
    )
    kis_hashkey: bool = Field(default=False, description="ask for a hash of each order's body first; KIS needs none")

    @field_validator("trade_mode", "log_level", mode="before")
    @classmethod
    def _in_capitals(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value

    @field_validator("kis_env", mode="before")
    @classmethod
    def _in_small_letters(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value

    @property
    def database_url(self) -> str:
        """The address of the database; may hold a password."""
        return self.db_url.get_secret_value() or f"sqlite:///{self.kats_home / 'kats.db'}"


@dataclass(frozen=True, slots=True)
class SettingsRead:
    """The settings, where each that is set was written (by field name), and what an operator should know."""

    settings: Settings
    places: Mapping[str, Place]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Written:
    text: str
    place: Place


def read_settings(environ: Mapping[str, str], folder: Path) -> SettingsRead:
    """Return the settings from `environ` and from `.env` in `folder`.

    Raises:
        ConfigError: with every key that is unknown, unreadable or out of its range. Values of secrets are never shown.
    """
    problems: list[Problem] = []
    notes: list[str] = []
    env_file = folder / ENV_FILE
    of_file = _read_env_file(env_file, problems, notes) if env_file.is_file() else {}
    of_environ = {key: _Written(text, ENVIRONMENT) for key, text in environ.items()}
    written = {key: value for key, value in {**of_file, **of_environ}.items() if value.text.strip()}

    problems += _unknown_keys(written)
    notes += _notes_on_keys(written, of_file)
    values: dict[str, _Written] = {}
    for field in Settings.model_fields:
        value = _one_of(written, field.upper(), problems)
        if value is not None:
            values[field] = value
    settings = _validated(values, folder, problems)
    if problems or settings is None:
        raise ConfigError(problems)
    return SettingsRead(settings, {field: value.place for field, value in values.items()}, tuple(notes))


def _read_env_file(path: Path, problems: list[Problem], notes: list[str]) -> dict[str, _Written]:
    if path.stat().st_mode & stat.S_IROTH:
        notes.append(f"{path.name} can be read by every user of this machine; run: chmod 600 {path.name}")
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        problems.append(Problem(Place(path.name), "", f"cannot be read: {error}"))
        return {}
    written: dict[str, _Written] = {}
    for binding in parse_stream(StringIO(text)):
        # A binding starts with the blank and comment lines above it.
        blank = len(binding.original.string) - len(binding.original.string.lstrip())
        place = Place(path.name, binding.original.line + binding.original.string[:blank].count("\n"))
        if binding.error:
            problems.append(Problem(place, "", "expected KEY=value"))
        elif binding.key is not None:
            written[binding.key] = _Written(binding.value or "", place)
    return written


def _keys() -> list[str]:
    return [field.upper() for field in Settings.model_fields]


def _unknown_keys(written: Mapping[str, _Written]) -> Iterator[Problem]:
    known = {*_keys(), *_NOT_YET, *_OF_THE_SCRIPTS}
    for key, value in written.items():
        if key.startswith(_OWN_PREFIXES) and key not in known:
            yield Problem(value.place, key, "unknown key", nearest=nearest_name(key, known))


def _notes_on_keys(written: Mapping[str, _Written], of_file: Mapping[str, _Written]) -> Iterator[str]:
    ignored = sorted(_NOT_YET & written.keys())
    if ignored:
        yield f"not used in this version: {', '.join(ignored)}"
    known = [*_keys(), *_NOT_YET]
    for key, value in of_file.items():
        # The file may hold other programs' keys; only one that looks like ours is worth a word.
        if key not in known and not key.startswith(_OWN_PREFIXES) and not key.endswith(_PERCENT):
            nearest = nearest_name(key, known)
            if nearest is not None:
                yield f"{value.place}: {key} is no key of KATS (did you mean {nearest}?)"


def _one_of(written: Mapping[str, _Written], key: str, problems: list[Problem]) -> _Written | None:
    """Return a key's value, also from its older spelling in percent; both at once must agree."""
    value, percent = written.get(key), written.get(key + _PERCENT) if key.startswith("GRADE_") else None
    if percent is None:
        return value
    try:
        fraction = _Written(str(Decimal(percent.text.strip()) / 100), percent.place)
    except InvalidOperation:
        problems.append(Problem(percent.place, key + _PERCENT, "expected a number", repr(percent.text)))
        return value
    if value is not None and value.text.strip() != fraction.text:
        problems.append(Problem(percent.place, key + _PERCENT, f"contradicts {key}: give only one of them"))
    return value or fraction


def _validated(values: Mapping[str, _Written], folder: Path, problems: list[Problem]) -> Settings | None:
    try:
        settings = Settings.model_validate({field: value.text.strip() for field, value in values.items()})
    except ValidationError as invalid:
        for error in invalid.errors():
            told = complaint(error, Settings)
            field = str(told.path[0])
            problems.append(Problem(values[field].place, field.upper(), told.text, told.found, told.nearest))
        return None
    settings = settings.model_copy(update={"kats_home": folder / settings.kats_home.expanduser()})
    return _with_database_type(settings, values, problems)


def _with_database_type(settings: Settings, values: Mapping[str, _Written], problems: list[Problem]) -> Settings:
    scheme = settings.db_url.get_secret_value().partition(":")[0].partition("+")[0]
    if not scheme:
        if settings.db_type == "postgresql":
            problems.append(Problem(values["db_type"].place, "DB_TYPE", "postgresql needs an address in DB_URL"))
        return settings
    kind = {"sqlite": "sqlite", "postgresql": "postgresql", "postgres": "postgresql"}.get(scheme)
    if kind is None:
        problems.append(
            Problem(values["db_url"].place, "DB_URL", "expected an address like postgresql://... or sqlite:///...")
        )
    elif "db_type" in values and settings.db_type != kind:
        problems.append(
            Problem(values["db_type"].place, "DB_TYPE", f"{settings.db_type} contradicts DB_URL, which is {kind}")
        )
    return settings.model_copy(update={"db_type": kind}) if kind is not None else settings
