"""Asks a running Jaeger as Grafana's data source does: the search of its HTTP API."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx

from dashboards.proof.prometheus import Window
from dashboards.traces import Search

_SECONDS: Final = 15.0
_MICROSECONDS: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Trace:
    """A line of the answer: `started` in seconds since the Unix epoch."""

    trace_id: str
    name: str
    started: float
    seconds: float


class Jaeger:
    """One server; `url` is its base address. Errors are httpx's."""

    def __init__(self, url: str) -> None:
        self._url = url

    def search(self, search: Search, window: Window) -> tuple[Trace, ...]:
        """Return what the search finds in the window, the latest first."""
        asked = {
            "service": search.service,
            "operation": search.operation.name if search.operation else None,
            "tags": json.dumps(search.attributes) if search.where else None,
            "minDuration": search.shortest,
            "limit": str(search.limit),
            "start": str(int(window.start * _MICROSECONDS)),
            "end": str(int(window.end * _MICROSECONDS)),
            "lookback": "custom",
        }
        response = httpx.get(
            f"{self._url}/api/traces",
            params={name: value for name, value in asked.items() if value is not None},
            timeout=_SECONDS,
            trust_env=False,
        )
        response.raise_for_status()
        found = map(_trace, response.json()["data"] or ())
        return tuple(sorted(found, key=lambda trace: -trace.started))


def _trace(found: Mapping[str, Any]) -> Trace:
    spans = found["spans"]
    first = min(spans, key=lambda span: int(span["startTime"]))
    start = int(first["startTime"])
    end = max(int(span["startTime"]) + int(span["duration"]) for span in spans)
    service = found["processes"][first["processID"]]["serviceName"]
    name = f"{service}: {first['operationName']}"
    return Trace(str(found["traceID"]), name, start / _MICROSECONDS, (end - start) / _MICROSECONDS)
