"""Compose's variables: `${NAME}`, `${NAME:-default}`, `${NAME:?what to do}` and `$$`.

A required variable has no value here, as there is no `.env` to read: it becomes a stand-in.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

STAND_IN: Final = "stand-in"

_VARIABLE: Final = re.compile(
    r"\$(?:(?P<escaped>\$)|\{(?P<name>[A-Za-z_]\w*)(?:(?P<operator>:?[-?])(?P<operand>[^}]*))?\})"
)


def interpolated(value: Any) -> Any:  # noqa: ANN401  # any YAML value, and the same kind back
    """Return the value with the variables of every string in it replaced."""
    if isinstance(value, str):
        return _VARIABLE.sub(_replacement, value)
    if isinstance(value, dict):
        return {name: interpolated(item) for name, item in value.items()}
    if isinstance(value, list):
        return [interpolated(item) for item in value]
    return value


def required_variables(text: str) -> Iterator[str]:
    """Yield the name of each variable of the text that must be given."""
    for match in _VARIABLE.finditer(text):
        if (match["operator"] or "").endswith("?"):
            yield match["name"]


def is_required_variable(text: str) -> bool:
    """Tell whether the text is nothing but one variable that must be given."""
    match = _VARIABLE.fullmatch(text)
    return match is not None and (match["operator"] or "").endswith("?")


def _replacement(match: re.Match[str]) -> str:
    if match["escaped"]:
        return "$"
    has_default = (match["operator"] or "").endswith("-")
    return match["operand"] if has_default else STAND_IN
