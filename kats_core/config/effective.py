"""Resolve the configuration: each value from the command line, else `kats.yaml`, else the environment, else a default.

The answer holds everything a run needs and says of each value where it comes from. Nothing is built or opened here.
"""

from __future__ import annotations

import datetime as dt
import enum
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import msgspec
from pydantic import BaseModel, ValidationError

from kats_core.config.checks import Use, name_problems, order_problems
from kats_core.config.events import read_events
from kats_core.config.file import FILE_NAME, Document, apply_overrides, default_document, read_document
from kats_core.config.model import Assume, ConfigFile
from kats_core.config.problems import DEFAULT, ConfigError, KeyPath, Place, Problem, complaint, dotted
from kats_core.config.settings import Settings, SettingsRead, read_settings
from kats_core.market.calendar import krx_calendar
from kats_core.market.events import MarketEvent
from kats_core.market.overlays import OverlayParams
from kats_core.market.pulse import PulseParams
from kats_core.market.regime import RegimeParams
from kats_core.market.screening.rules import ScreenRules
from kats_core.orders.gate_config import GateConfig
from kats_core.plugins import InstalledPlugin, PluginKind, installed, load
from kats_core.risk.limits import Limits

if TYPE_CHECKING:
    from kats_core.market.source import SourcePlugin
    from kats_core.orders.broker import BrokerPlugin
    from kats_core.risk.contract import StagePlugin
    from kats_core.strategy.contract import StrategyPlugin
    from kats_core.strategy.params import StrategyParams

ENV = "env"
"""A field of a plugin's Params with `json_schema_extra={"env": "RISK_PER_TRADE"}` has that key as its default."""

_SINGLE = {"data": PluginKind.DATA_SOURCE, "broker": PluginKind.BROKER}
_LISTS = {"strategies": PluginKind.STRATEGY, "risk": PluginKind.RISK_STAGE}
_TO_GRADE_CAP = {"grade_a_max": "A", "grade_b_max": "B", "grade_c_max": "C"}
_ONLY_IN_ENVIRONMENT = (
    *("trade_mode", "kats_home", "kats_lang", "db_type", "db_url", "log_level"),
    *(name for name in Settings.model_fields if name.startswith("kis_")),
)

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class StrategyEntry:
    """An instance of a strategy; `instance` is the `strategy` of its signals, orders and positions."""

    instance: str
    plugin: StrategyPlugin
    params: StrategyParams


@dataclass(frozen=True, slots=True)
class StageEntry:
    """An instance of a risk stage."""

    instance: str
    plugin: StagePlugin
    params: BaseModel


@dataclass(frozen=True, slots=True)
class SourceEntry:
    """The data source."""

    use: str
    plugin: SourcePlugin
    params: BaseModel


@dataclass(frozen=True, slots=True)
class BrokerEntry:
    """The broker."""

    use: str
    plugin: BrokerPlugin
    params: BaseModel


@dataclass(frozen=True, slots=True)
class EffectiveValue:
    """A value that counts, as plain data, and where it comes from."""

    path: str
    value: Any
    origin: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """The effective configuration. `stages` are in the order of execution.

    `deciding` is all that decides but for the data, as plain values; `hash` is its `configuration_hash`.
    """

    mode: Literal["paper", "live"]
    capital: int
    data: SourceEntry
    broker: BrokerEntry
    universe: ScreenRules
    strategies: tuple[StrategyEntry, ...]
    stages: tuple[StageEntry, ...]
    limits: Limits
    regime: RegimeParams
    pulse: PulseParams
    overlays: OverlayParams
    gate: GateConfig
    assume: Assume
    events: tuple[MarketEvent, ...]
    settings: Settings
    values: tuple[EffectiveValue, ...]
    notes: tuple[str, ...]
    deciding: Mapping[str, Any]
    hash: str

    @property
    def recorded(self) -> dict[str, Any]:
        """What is kept with a run, so that `resolve_recorded` gives this configuration again."""
        return {**self.deciding, "data": {"use": self.data.use, "params": plain(self.data.params)}}


@dataclass
class _Work:
    """What is gathered on the way."""

    document: Document
    read: SettingsRead
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def resolve(
    config_path: Path | None,
    *,
    overrides: Mapping[str, Any] | None = None,
    file_data: bool = False,
    environ: Mapping[str, str],
    cwd: Path,
    available: Sequence[InstalledPlugin] | None = None,
) -> Resolved:
    """Return the effective configuration.

    Without `config_path` it is `kats.yaml` in `cwd`; when that is not there either, `default.yaml` with its profile `data`
    if the run is on `file_data`, else `sample`. `.env` is read from `cwd`. `overrides` are the command line's values by
    dotted path (`apply_overrides`); `available` are the plugins to choose from, by default all that are installed.

    Raises:
        ConfigError: with every problem of environment, file, plugins and parameters at once.
    """
    work = _gather(config_path, overrides or {}, environ, cwd, file_data=file_data)
    _lay_environment(work)
    _settle_mode(work)
    file, uses = _checked(work, installed() if available is None else available)
    events = _operator_events(work, file, config_path, cwd)
    if work.problems or file is None:
        raise ConfigError(_in_order(work.problems))
    return _resolved(work, file, uses, events)


def resolve_recorded(
    recorded: Mapping[str, Any],
    label: str,
    *,
    settings: Settings,
    overrides: Mapping[str, Any] | None = None,
    available: Sequence[InstalledPlugin] | None = None,
) -> Resolved:
    """Return the configuration that a run was played with, from what was kept of it (`Resolved.recorded`).

    Neither files nor the environment have a say in it. `label` stands for the file in messages.

    Raises:
        ConfigError: a plugin is not there any more, or does not take its parameters.
    """
    document = Document()
    document.fill({key: value for key, value in recorded.items() if key != "events"}, lambda _: Place(label))
    apply_overrides(document, overrides or {})
    work = _Work(document, SettingsRead(settings, {}, ()), document.problems)
    file, uses = _checked(work, installed() if available is None else available)
    if work.problems or file is None:
        raise ConfigError(_in_order(work.problems))
    return _resolved(work, file, uses, msgspec.convert(recorded["events"], tuple[MarketEvent, ...]))


def _checked(work: _Work, available: Sequence[InstalledPlugin]) -> tuple[ConfigFile | None, Sequence[Use]]:
    """Return the document as its model and every plugin that it names, loaded; note what is wrong with them."""
    file = _validated(ConfigFile, work, ())
    uses = _load_plugins(work, _uses(work, available), available)
    for name in _LISTS:
        work.problems += name_problems([use for use in uses if use.path[0] == name], work.document)
    _check_order(work, uses)
    return file, uses


def _operator_events(
    work: _Work, file: ConfigFile | None, config_path: Path | None, cwd: Path
) -> tuple[MarketEvent, ...]:
    """Read the operator's events; their file lies beside the one that names it."""
    if file is None or file.events is None:
        return ()
    folder = cwd if config_path is None else (cwd / config_path).parent
    try:
        return read_events(folder / file.events, file.events, krx_calendar())
    except ConfigError as error:
        work.problems += error.problems
        return ()


def configuration_hash(effective: Mapping[str, Any]) -> str:
    """Return the sha256 of plain values in canonical JSON: the same decisions, the same hash, on every machine."""
    text = json.dumps(plain(effective), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def plain(value: Any) -> Any:
    """Return a value as JSON can hold it, in one way only: sets are sorted, secrets hidden."""
    match value:
        case BaseModel():
            return plain(value.model_dump(by_alias=True))
        case enum.Enum():
            return value.value
        case None | bool() | int() | float() | str():
            return value
        case Mapping():
            return {str(plain(key)): plain(item) for key, item in value.items()}
        case set() | frozenset():
            return sorted((plain(item) for item in value), key=str)
        case list() | tuple():
            return [plain(item) for item in value]
        case dt.date() | dt.time():
            return value.isoformat()
    return str(value)


def _gather(
    config_path: Path | None, overrides: Mapping[str, Any], environ: Mapping[str, str], cwd: Path, *, file_data: bool
) -> _Work:
    problems: list[Problem] = []
    try:
        read = read_settings(environ, cwd)
    except ConfigError as error:
        problems += error.problems
        read = SettingsRead(Settings(), {}, ())
    try:
        document = _document(config_path, cwd, file_data=file_data)
    except ConfigError as error:
        raise ConfigError([*problems, *error.problems]) from None
    apply_overrides(document, overrides)
    return _Work(document, read, problems + document.problems, list(read.notes))


def _document(config_path: Path | None, cwd: Path, *, file_data: bool) -> Document:
    if config_path is None and not (cwd / FILE_NAME).exists():
        return default_document("data" if file_data else "sample")
    path = config_path or Path(FILE_NAME)
    document = read_document(cwd / path, str(path))
    for name in _LISTS:
        # All entries commented out means none, not the default's.
        if name in document.data and document.data[name] is None:
            document.data[name] = []
    _drop_empty(document.data)
    default = default_document(None)
    for name in default.data.keys() - document.data.keys():
        document.take_block(name, default)
    return document


def _drop_empty(data: dict[str, Any]) -> None:
    """Take a key without a value, `params:`, for one that is not there."""
    for key in [key for key, value in data.items() if value is None]:
        del data[key]
    entries = [data.get(name) for name in _SINGLE]
    for name in _LISTS:
        entries += data[name] if isinstance(data.get(name), list) else []
    for entry in entries:
        if isinstance(entry, dict) and entry.get("params", 0) is None:
            del entry["params"]


def _lay_environment(work: _Work) -> None:
    """Put the environment's values where nothing was written; whatever is malformed is left for validation."""
    document, settings, places = work.document, work.read.settings, work.read.places
    if "capital" not in document.data:
        document.set(("capital",), settings.total_capital, places.get("total_capital", DEFAULT))
    limits = document.data.get("limits", {})
    if isinstance(limits, dict) and "max_positions" in places and "max_positions" not in limits:
        document.set(("limits", "max_positions"), settings.max_positions, places["max_positions"])
    caps = limits.get("grade_cap", {}) if isinstance(limits, dict) else None
    if isinstance(caps, dict):
        for name, grade in _TO_GRADE_CAP.items():
            if name in places and grade not in caps:
                document.set(("limits", "grade_cap", grade), getattr(settings, name), places[name])


def _settle_mode(work: _Work) -> None:
    if work.document.data.get("mode") != "live":
        return
    if "trade_mode" in work.read.places and work.read.settings.trade_mode == "PAPER":
        work.document.set(("mode",), "paper", work.read.places["trade_mode"])
        work.notes.append("mode is paper, not live: TRADE_MODE=PAPER lowers it")


def _uses(work: _Work, available: Sequence[InstalledPlugin]) -> list[Use]:
    """Return every well-formed mention of a plugin; entries of the default that are not installed are left out."""
    names = {(plugin.kind, plugin.name) for plugin in available}
    uses = []
    for kind, path, entry in _entries(work.document.data):
        if not (isinstance(entry, dict) and isinstance(entry.get("use"), str)):
            continue
        name, alias = entry["use"], entry.get("as")
        use = Use(kind, path, name, alias if isinstance(alias, str) else name)
        is_default = work.document.place_of((*path, "use")) == DEFAULT
        if is_default and len(path) > 1 and use.key not in names:
            work.notes.append(f"{kind.en} {name} of the default is not installed and is left out")
        else:
            uses.append(use)
    return uses


def _entries(data: Mapping[str, Any]) -> Iterator[tuple[PluginKind, KeyPath, Any]]:
    for name, kind in _SINGLE.items():
        yield kind, (name,), data.get(name)
    for name, kind in _LISTS.items():
        entries = data.get(name)
        for i, entry in enumerate(entries if isinstance(entries, list) else ()):
            yield kind, (name, i), entry


def _load_plugins(work: _Work, uses: Sequence[Use], available: Sequence[InstalledPlugin]) -> Sequence[Use]:
    loaded = load((use.key for use in uses), available)
    work.notes += loaded.notes
    troubles = {(problem.kind, problem.name): problem for problem in loaded.problems}
    for use in uses:
        trouble = troubles.get(use.key)
        if trouble is not None:
            path = (*use.path, "use")
            text = f"{use.kind.en} {use.name} {trouble.text}"
            work.problems.append(Problem(work.document.place_of(path), dotted(path), text, nearest=trouble.nearest))
        else:
            use.plugin = loaded.descriptors[use.key]
            _lay_defaults(work, use)
            use.params = _validated(use.plugin.params, work, (*use.path, "params"))
    return uses


def _lay_defaults(work: _Work, use: Use) -> None:
    """Complete an entry's parameters with what its switch and the environment say, where they say nothing themselves."""
    document, path = work.document, (*use.path, "params")
    entry: Any = document.data
    for part in use.path:
        entry = entry[part]
    params = entry.get("params", {})
    if not isinstance(params, dict):
        return
    if use.kind is PluginKind.STRATEGY and "enabled" in entry:
        if "enabled" in params:
            place = document.place_of((*path, "enabled"), is_key=True)
            work.problems.append(
                Problem(place, dotted((*path, "enabled")), "enabled is given twice: keep the one beside use")
            )
        document.set((*path, "enabled"), entry["enabled"], document.place_of((*use.path, "enabled")))
    for name, info in use.plugin.params.model_fields.items():
        extra = info.json_schema_extra
        key = extra.get(ENV) if isinstance(extra, dict) else None
        if not isinstance(key, str):
            continue
        if key.lower() not in Settings.model_fields:
            text = f"{use.name} takes the default of {name} from {key}, which is no key of the environment"
            work.problems.append(Problem(document.place_of(use.path), dotted(use.path), text))
        elif key.lower() in work.read.places and (info.alias or name) not in params:
            place = work.read.places[key.lower()]
            document.set((*path, info.alias or name), getattr(work.read.settings, key.lower()), place)


def _validated(model: type[M], work: _Work, path: KeyPath) -> M | None:
    """Return the part of the document at `path` as its model; note every complaint and return None if there is one."""
    node: Any = work.document.data
    for part in path:
        node = node.get(part, {}) if isinstance(node, dict) else node[part]
    if path and not isinstance(node, dict):
        return None  # the model of the whole file complains about it
    try:
        # By way of JSON: strict there means that true is no number and "5" is text, yet "09:15" is a time.
        return model.model_validate_json(json.dumps(node), strict=True)
    except ValidationError as invalid:
        for error in invalid.errors():
            _note(work, path, model, error)
    except Exception as error:  # noqa: BLE001 - a plugin's validator is called; what it raises is a problem of its params
        place = work.document.place_of(path)
        work.problems.append(Problem(place, dotted(path), f"cannot be checked: {type(error).__name__}: {error}"))
    return None


def _note(work: _Work, path: KeyPath, model: type[BaseModel], error: Any) -> None:
    told = complaint(error, model)
    full = (*path, *told.path)
    # Pydantic also names the branches of unions, which nobody wrote.
    known = full if error["type"] == "missing" else work.document.known_part(full)
    place = work.document.place_of(known, is_key=told.is_about_key)
    # Of one value one complaint is enough; the reader of the file may have been first.
    if all((problem.place, problem.path) != (place, dotted(known)) for problem in work.problems):
        work.problems.append(Problem(place, dotted(known), told.text, told.found, told.nearest))


def _check_order(work: _Work, uses: Iterable[Use]) -> None:
    stages = [use for use in uses if use.kind is PluginKind.RISK_STAGE]
    known = [use for use in stages if use.plugin is not None]
    buys = any(use.kind is PluginKind.STRATEGY for use in uses)
    work.problems += order_problems(known, work.document, are_complete=buys and len(known) == len(stages))


def _in_order(problems: Iterable[Problem]) -> list[Problem]:
    return sorted(problems, key=lambda p: (p.place.file, p.place.line or 0, p.place.column or 0))


def _resolved(work: _Work, file: ConfigFile, uses: Sequence[Use], events: tuple[MarketEvent, ...]) -> Resolved:
    of = {kind: [use for use in uses if use.kind is kind] for kind in PluginKind}
    (source,), (broker,) = of[PluginKind.DATA_SOURCE], of[PluginKind.BROKER]
    capital = file.capital or work.read.settings.total_capital
    deciding = plain(
        {
            "capital": capital,
            "broker": {"use": broker.name, "params": broker.params},
            "universe": file.universe,
            "strategies": [_decides(use) for use in of[PluginKind.STRATEGY]],
            "risk": [_decides(use) for use in of[PluginKind.RISK_STAGE]],
            "limits": file.limits,
            "regime": file.regime,
            "pulse": file.pulse,
            "overlays": file.overlays,
            "gate": file.gate,
            "assume": file.assume,
            "events": [msgspec.to_builtins(event) for event in events],
        }
    )
    return Resolved(
        mode=file.mode,
        capital=capital,
        data=SourceEntry(source.name, source.plugin, source.params),
        broker=BrokerEntry(broker.name, broker.plugin, broker.params),
        universe=file.universe,
        strategies=tuple(StrategyEntry(u.instance, u.plugin, u.params) for u in of[PluginKind.STRATEGY]),
        stages=tuple(StageEntry(u.instance, u.plugin, u.params) for u in of[PluginKind.RISK_STAGE]),
        limits=file.limits,
        regime=file.regime,
        pulse=file.pulse,
        overlays=file.overlays,
        gate=file.gate,
        assume=file.assume,
        events=events,
        settings=work.read.settings,
        values=tuple(_values(work, file, uses)),
        notes=tuple(work.notes),
        deciding=deciding,
        hash=configuration_hash(deciding),
    )


def _decides(use: Use) -> dict[str, Any]:
    return {"use": use.name, "as": use.instance, "params": use.params}


def _values(work: _Work, file: ConfigFile, uses: Sequence[Use]) -> Iterator[EffectiveValue]:
    def leaves(path: KeyPath, value: Any) -> Iterator[EffectiveValue]:
        if isinstance(value, dict):
            for key, item in value.items():
                yield from leaves((*path, key), item)
        else:
            yield EffectiveValue(dotted(path), value, work.document.values.get(path, DEFAULT))

    yield from leaves(("mode",), file.mode)
    yield from leaves(("capital",), file.capital)
    for use in uses:
        yield from leaves((*use.path, "use"), use.name)
        if len(use.path) > 1:
            yield from leaves((*use.path, "as"), use.instance)
        yield from leaves((*use.path, "params"), plain(use.params))
    for name in ("universe", "limits", "regime", "pulse", "overlays", "gate", "assume"):
        yield from leaves((name,), plain(getattr(file, name)))
    yield from leaves(("events",), file.events)
    for name in _ONLY_IN_ENVIRONMENT:
        value = plain(getattr(work.read.settings, name))
        yield EffectiveValue(name.upper(), value, work.read.places.get(name, DEFAULT))
