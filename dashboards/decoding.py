"""Decodes a generated dashboard with Grafana's own types and reports what they do not know.

Grafana drops an unknown field silently, and with it what was meant. The types are those of
grafana-foundation-sdk, a development dependency; only `check` and the tests need it.
"""

import json
import warnings
from collections.abc import Iterator
from importlib import import_module
from typing import Any


def lost(dashboard: dict[str, Any]) -> tuple[str, ...]:
    """Return the paths of what a decode and encode by the SDK loses or changes."""
    with warnings.catch_warnings():
        # The SDK would rather see its next schema; provisioned files are of the classic one.
        warnings.simplefilter("ignore", DeprecationWarning)
        model = import_module("grafana_foundation_sdk.models.dashboard")
        import_module("grafana_foundation_sdk.cog.plugins").register_default_plugins()
        decoded = model.Dashboard.from_json(dashboard)
        encoder = import_module("grafana_foundation_sdk.cog.encoder").JSONEncoder
        kept = json.loads(json.dumps(decoded, cls=encoder))
    return tuple(_differences(dashboard, kept, "$"))


def _differences(written: Any, kept: Any, path: str) -> Iterator[str]:  # noqa: ANN401 - JSON
    if isinstance(written, dict) and isinstance(kept, dict):
        for key, value in written.items():
            if key in kept:
                yield from _differences(value, kept[key], f"{path}.{key}")
            else:
                yield f"{path}.{key} is no field that Grafana knows"
    elif isinstance(written, list) and isinstance(kept, list) and len(written) == len(kept):
        for index, (one, other) in enumerate(zip(written, kept, strict=True)):
            yield from _differences(one, other, f"{path}[{index}]")
    elif written != kept:
        yield f"{path} is read as {kept!r}, not {written!r}"
