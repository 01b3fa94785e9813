"""What a measurement depends on and a reader needs to know: the machine, Python, the packages."""

import os
import platform
from collections.abc import Mapping
from importlib.metadata import distributions
from pathlib import Path
from typing import Final

_MEASURED: Final = (
    *("uvicorn", "uvloop", "httptools", "starlette", "orjson", "asyncpg", "redis"),
    *("opentelemetry-sdk", "opentelemetry-instrumentation-starlette"),
    *("opentelemetry-instrumentation-asyncpg", "opentelemetry-instrumentation-redis"),
    *("opentelemetry-exporter-otlp-proto-http", "starlette-exporter", "prometheus-client"),
    *("asgi-correlation-id", "structlog", "pydantic", "pgqueuer", "taskiq", "taskiq-redis"),
)
_CPU_NAME: Final = "model name"


def machine() -> dict[str, str | int]:
    """Return the facts about where this runs."""
    return {
        "cores": os.cpu_count() or 1,
        "processor": _processor(),
        "system": f"{platform.system()} {platform.release().partition('-')[0]}",
        "python": platform.python_version(),
    }


def versions() -> Mapping[str, str]:
    """Return the versions of the packages that were measured, as far as they are installed."""
    installed = {
        found.name.lower().replace("_", "-"): found.version
        for found in distributions()
        if found.name
    }
    return {name: installed[name] for name in _MEASURED if name in installed}


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
        name, _, value = line.partition(":")
        if name.strip() == _CPU_NAME:
            return value.strip()
    return platform.machine()
