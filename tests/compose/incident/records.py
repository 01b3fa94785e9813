"""Records for tests: the one that ships, and one where every text is an attack."""

import json
from typing import Any

from compose.incident.sample import SAMPLE

HOSTILE = (
    "</title></style></script><script>document.title='owned'</script>"
    "<img src='http://127.0.0.1:9/beacon' onerror=\"document.title='owned'\">"
    "\" onload=\"document.title='owned'\" ' --> ]]> \u202egnp.exe \x00\ud800 &lt;b&gt;"
)
_FORMAL = ("status", "via", "kind", "role", "visual", "timestamp", "le")


def sample() -> dict[str, Any]:
    """The record that ships, to change at will."""
    record: dict[str, Any] = json.loads(SAMPLE.read_text(encoding="utf-8"))
    return record


def hostile() -> dict[str, Any]:
    """The same with every text of it, every name and every label replaced."""
    return dict(_poisoned(sample()))


def _poisoned(value: Any, key: str = "") -> Any:  # noqa: ANN401  # JSON
    if isinstance(value, dict):
        return {
            (name + HOSTILE if key in {"attributes", "answers"} else name): _poisoned(inner, name)
            for name, inner in value.items()
        }
    if isinstance(value, list):
        return [_poisoned(inner, key) for inner in value]
    return value + HOSTILE if isinstance(value, str) and key not in _FORMAL else value
