"""A JSON Schema in few words of HTML: `text, 1 to 256 characters`, `list of Grant or null`."""

from collections.abc import Mapping
from html import escape
from typing import Any, Final

Schema = Mapping[str, Any]

_WORDS: Final = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "<code>true</code> or <code>false</code>",
    "null": "null",
}
_SHOWN_FORMATS: Final = {"date-time": "time (RFC 3339)", "uuid": "UUID", "uri": "URL"}


def code(text: str) -> str:
    """Return text as code."""
    return f"<code>{escape(text)}</code>"


def name_of(schema: Schema) -> str | None:
    """Return the name of the component that a schema refers to, if it does."""
    reference = schema.get("$ref")
    return None if reference is None else str(reference).rpartition("/")[2]


def type_of(schema: Schema) -> str:
    """Return what the schema takes, as HTML."""
    if name := name_of(schema):
        shown = name.lstrip("_")
        return f'<a href="#schema-{escape(name)}">{escape(shown)}</a>'
    choices = schema.get("anyOf") or schema.get("oneOf")
    if choices:
        return " or ".join(map(type_of, choices))
    if "const" in schema or "enum" in schema:
        return " or ".join(map(_constant, schema.get("enum", [schema.get("const")])))
    return _MADE_OF_OTHERS.get(schema.get("type", ""), _plain)(schema)


def _list(schema: Schema) -> str:
    return f"list of {type_of(schema.get('items', {}))}{_bounds(schema, 'Items', 'entries')}"


def _object(schema: Schema) -> str:
    values = schema.get("additionalProperties")
    return f"object of {type_of(values)}" if isinstance(values, Mapping) else "object"


_MADE_OF_OTHERS: Final = {"array": _list, "object": _object}


def _plain(schema: Schema) -> str:
    kind = schema.get("type", "")
    word = _SHOWN_FORMATS.get(schema.get("format", ""), _WORDS.get(kind, "anything"))
    return word + _bounds(schema, "Length", "characters") + _range(schema)


def _constant(value: object) -> str:
    return (
        "null"
        if value is None
        else code(str(value).lower() if isinstance(value, bool) else str(value))
    )


def _bounds(schema: Schema, of: str, unit: str) -> str:
    least, most = schema.get(f"min{of}"), schema.get(f"max{of}")
    if most is not None:
        return f", {least or 0} to {most} {unit}"
    return "" if least is None else f", at least {least}"


def _range(schema: Schema) -> str:
    least, most = schema.get("minimum"), schema.get("maximum")
    if most is not None:
        return f" from {least} to {most}"
    return ""
