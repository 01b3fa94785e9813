"""What a schema says of a model that has exactly one of several fields."""

from collections.abc import Callable
from typing import Any, Final

_NULL: Final = {"type": "null"}


def exactly_one_of(*names: str) -> Callable[[dict[str, Any]], None]:
    """Return what makes a model's schema say that it has exactly one of these fields.

    For `json_schema_extra`; the model has a validator that sees to it.
    """

    def rewrite(schema: dict[str, Any]) -> None:
        fields, required = schema.pop("properties"), schema.pop("required", [])
        nulls = dict.fromkeys(names, _NULL)
        schema["oneOf"] = [
            {
                "type": "object",
                "properties": {**fields, **nulls, one: _said(fields[one])},
                "required": [one, *required],
                "additionalProperties": schema["additionalProperties"],
            }
            for one in names
        ]
        del schema["type"], schema["additionalProperties"]

    return rewrite


def _said(field: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of an optional field where it is there."""
    said: dict[str, Any] = next(one for one in field["anyOf"] if one != _NULL)
    return said
