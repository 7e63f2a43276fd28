"""Check a plugin's parameters: each with description, unit and range; nothing unknown, no NaN, nothing changed later."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from kats_core.model.labels import Labelled
from kats_core.model.tighter import LESS_IS_TIGHTER, MORE_IS_TIGHTER
from kats_core.plugins import PluginKind
from kats_core.strategy.params import StrategyParams
from kats_core.testing.kit.findings import Report
from kats_core.testing.kit.subject import Subject, told
from kats_core.testing.kit.wording import Sentence

LEAST_WORDS = 3
"""A description of fewer words says neither unit nor reason."""

TIGHTER = next(iter({**LESS_IS_TIGHTER, **MORE_IS_TIGHTER}))
WAYS = (LESS_IS_TIGHTER[TIGHTER], MORE_IS_TIGHTER[TIGHTER])

_UNITS = re.compile(
    r"won|krw|share|fraction|part|percent|%|ratio|times|multiple|factor|bar|day|session|week|month|year|quarter|minute|"
    r"second|hour|tick|star|symbol|position|order|entr|trade|level|count|number of|point|atr|sigma|deviation|degree|"
    r"per |most |least |원|주|비율|퍼센트|배|봉|일|거래일|주간|개월|년|분|초|시간|틱|개|종목|건|회|점|호가",
    re.IGNORECASE,
)


class Bound(Labelled):
    """An end of a range."""

    LOWER = "lower", "아래쪽", "lower"
    UPPER = "upper", "위쪽", "upper"


_UNKNOWN = "kats_kit_unknown_key"


def parameters(subject: Subject, report: Report) -> None:
    """Look at the model, then try it."""
    model = subject.descriptor.params
    own = own_fields(model)
    schema = model.model_json_schema()
    for name, info in own.items():
        alias = info.alias or name
        _describe(name, info, schema.get("properties", {}).get(alias, {}), subject.kind, report)
    if not model.model_config.get("frozen"):
        report.fail(Sentence.PARAMS_NOT_FROZEN, params=model.__name__)
    required = [name for name, info in model.model_fields.items() if info.is_required()]
    if subject.kind in (PluginKind.STRATEGY, PluginKind.RISK_STAGE) or not required:
        _try(model, own, report)
    report.saw(Sentence.PARAMS_SEEN, count=len(own))


def own_fields(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """Return the fields that the plugin declares itself, those of every strategy left out."""
    common = StrategyParams.model_fields if issubclass(model, StrategyParams) else {}
    return {name: info for name, info in model.model_fields.items() if not _is_same(info, common.get(name))}


def numbers_of(node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the numeric parts of a field's JSON schema; types of their own look after themselves."""
    if node.get("type") in ("integer", "number") and "enum" not in node and "const" not in node:
        yield node
    for several in ("anyOf", "oneOf", "prefixItems"):
        for part in node.get(several, ()):
            yield from numbers_of(part)
    for one in ("items", "additionalProperties"):
        if isinstance(node.get(one), Mapping):
            yield from numbers_of(node[one])


def _is_same(info: FieldInfo, common: FieldInfo | None) -> bool:
    return common is not None and repr(common) == repr(info)


def _describe(name: str, info: FieldInfo, node: Mapping[str, Any], kind: PluginKind, report: Report) -> None:
    text = info.description or ""
    numeric = list(numbers_of(node))
    if len(text.split()) < LEAST_WORDS:
        report.fail(Sentence.PARAM_NO_DESCRIPTION, field=name, found=text)
    elif numeric and not _UNITS.search(text):
        report.hint(Sentence.PARAM_NO_UNIT, field=name, found=text)
    for part in numeric:
        if not {"minimum", "exclusiveMinimum"} & set(part):
            report.fail(Sentence.PARAM_NO_RANGE, field=name, side=Bound.LOWER)
        if not {"maximum", "exclusiveMaximum"} & set(part):
            report.fail(Sentence.PARAM_NO_RANGE, field=name, side=Bound.UPPER)
    way = (info.json_schema_extra or {}).get(TIGHTER) if isinstance(info.json_schema_extra, dict) else None
    if way is not None and way not in WAYS:
        report.fail(Sentence.PARAM_TIGHTER_WRONG, field=name, found=way)
    if way is None and kind is PluginKind.RISK_STAGE and numeric:
        report.hint(Sentence.PARAM_NO_TIGHTER, field=name)


def _try(model: type[BaseModel], own: Mapping[str, FieldInfo], report: Report) -> None:
    """Build it of its defaults; offer it a key that it does not have, and NaN wherever it takes a float."""
    try:
        model()
    except ValidationError as error:
        report.fail(Sentence.PARAMS_NO_DEFAULT, params=model.__name__, error=told(error))
        return
    if _accepts(model, {_UNKNOWN: 1}):
        report.fail(Sentence.PARAMS_TAKE_UNKNOWN, params=model.__name__)
    for name, info in own.items():
        if info.annotation is float and _accepts(model, {info.alias or name: float("nan")}):
            report.fail(Sentence.PARAM_NAN, field=name)


def _accepts(model: type[BaseModel], values: Mapping[str, Any]) -> bool:
    try:
        model.model_validate(values)
    except ValidationError:
        return False
    return True
