"""Export the JSON Schema of `kats.yaml`, for editors: blocks, keys, and the parameters of the plugins that are installed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from kats_core.config.model import ConfigFile
from kats_core.plugins import InstalledPlugin, PluginKey, PluginKind, PluginProblem, load

_BLOCKS = {
    PluginKind.DATA_SOURCE: ("data",),
    PluginKind.BROKER: ("broker",),
    PluginKind.STRATEGY: ("strategies", "items"),
    PluginKind.RISK_STAGE: ("risk", "items"),
}


class _Schema(GenerateJsonSchema):
    def time_schema(self, schema: core_schema.TimeSchema) -> JsonSchemaValue:
        """Describe a clock as it is written here, 09:15; the format "time" of JSON Schema wants seconds and a zone."""
        return {"type": "string", "pattern": r"^\d\d:\d\d(:\d\d)?$"}


def config_schema(available: Sequence[InstalledPlugin]) -> tuple[dict[str, Any], tuple[PluginProblem, ...]]:
    """Return the schema, and why plugins that are installed are not in it. Imports every plugin of `available`."""
    named = {(plugin.kind, plugin.name) for plugin in available if plugin.kind in _BLOCKS}
    loaded = load(sorted(named), available)
    schema = ConfigFile.model_json_schema(schema_generator=_Schema)
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    # What is not written comes from the default or the environment.
    schema.pop("required", None)
    for kind, path in _BLOCKS.items():
        target = schema["properties"]
        for part in path:
            target = target[part]
        base = dict(target)
        target.clear()
        target["allOf"] = [base, _of_kind(kind, loaded.descriptors, schema["$defs"])]
    return schema, loaded.problems


def _of_kind(kind: PluginKind, descriptors: Mapping[PluginKey, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """Return the rule that ties `params` to the plugin that `use` names."""
    plugins = {name: descriptor for (of, name), descriptor in descriptors.items() if of is kind}
    rules = []
    for name, descriptor in plugins.items():
        key = f"{kind.value}.{name}"
        definitions[key] = _params_schema(descriptor.params, key)
        rules.append(
            {
                "if": {"properties": {"use": {"const": name}}},
                "then": {"properties": {"params": {"$ref": f"#/$defs/{key}"}}},
            }
        )
    return {"properties": {"use": {"enum": list(plugins)}}, "allOf": rules}


def _params_schema(params: type[BaseModel], key: str) -> dict[str, Any]:
    return params.model_json_schema(schema_generator=_Schema, ref_template=f"#/$defs/{key}/$defs/{{model}}")
