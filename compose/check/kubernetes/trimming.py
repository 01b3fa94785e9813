"""A published schema made small and strict, without a change of what it says of known fields.

The prose goes, and a part that stands in several places is kept once. What an API server calls an
unknown field (and drops, or refuses where `kubectl` asks for it) is refused here always.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final

_PROSE: Final = {"description", "default", "example"}
_OPEN: Final = "x-kubernetes-preserve-unknown-fields"
_INT_OR_STRING: Final = "x-kubernetes-int-or-string"
LIST_KEYS: Final = "x-kubernetes-list-map-keys"
"""The one word of Kubernetes' own that is kept: by what the items of a list are told apart."""

_WORTH_SHARING: Final = 120
"""Characters from which a part that comes again is kept apart."""

Schema = dict[str, Any]


def trimmed(schema: Mapping[str, Any], parts: Mapping[str, Any]) -> Schema:
    """Return the schema by itself; `parts` has what it points at, by the pointer's last word."""
    strict = _strict(schema, parts)
    counted = Counter(_text(part) for part in _objects(strict))
    shared = {
        text: f"part-{hashlib.sha256(text.encode()).hexdigest()[:8]}"
        for text, count in counted.items()
        if count > 1 and len(text) >= _WORTH_SHARING
    }
    definitions = {
        name: _shared(json.loads(text), shared, top=True)
        for text, name in sorted(shared.items(), key=lambda pair: pair[1])
    }
    return {**_shared(strict, shared, top=True), "$defs": definitions}


def _strict(schema: Mapping[str, Any], parts: Mapping[str, Any]) -> Schema:
    if "$ref" in schema:
        return _strict(parts[schema["$ref"].rsplit("/", 1)[-1]], parts)
    if _is_pointer(schema):
        return _strict(schema["allOf"][0], parts)
    result = {name: value for name, value in schema.items() if name not in _PROSE}
    if result.pop(_INT_OR_STRING, False):
        result["type"] = ["integer", "string"]
    if result.pop("nullable", False) and isinstance(result.get("type"), str):
        result["type"] = [result["type"], "null"]
    is_open = result.pop(_OPEN, False)
    if "properties" in result:
        result["properties"] = {
            name: _strict(one, parts) for name, one in result["properties"].items()
        }
        if not is_open:
            result["additionalProperties"] = False
    for name in ("items", "additionalProperties"):
        if isinstance(result.get(name), dict):
            result[name] = _strict(result[name], parts)
    return {name: value for name, value in result.items() if name == LIST_KEYS or name[:2] != "x-"}


def _is_pointer(schema: Mapping[str, Any]) -> bool:
    """Tell OpenAPI's way to put a description beside a reference."""
    return len(schema.get("allOf", ())) == 1 and "$ref" in schema["allOf"][0]


def _objects(schema: Schema) -> Iterator[Schema]:
    for part in _below(schema):
        yield part
        yield from _objects(part)


def _below(schema: Schema) -> Iterator[Schema]:
    yield from schema.get("properties", {}).values()
    for name in ("items", "additionalProperties"):
        if isinstance(schema.get(name), dict):
            yield schema[name]


def _shared(schema: Schema, names: Mapping[str, str], *, top: bool = False) -> Schema:
    if not top and (name := names.get(_text(schema))):
        return {"$ref": f"#/$defs/{name}"}
    result = dict(schema)
    if "properties" in schema:
        result["properties"] = {
            name: _shared(one, names) for name, one in schema["properties"].items()
        }
    for name in ("items", "additionalProperties"):
        if isinstance(schema.get(name), dict):
            result[name] = _shared(schema[name], names)
    return result


def _text(schema: Schema) -> str:
    return json.dumps(schema, sort_keys=True)
