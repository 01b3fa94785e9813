"""Reads a running Prometheus: exemplars, values and alerts (HTTP API v1)."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx


@dataclass(frozen=True, slots=True)
class Exemplar:
    """One exemplar: the series it stands on, the trace it names, when it was observed."""

    series: Mapping[str, str]
    trace_id: str
    timestamp: float


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert of Prometheus; `state` is `pending` or `firing`."""

    name: str
    state: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]


class Prometheus:
    """One server; `url` is its base address."""

    def __init__(self, url: str) -> None:
        self._url = url

    def exemplars(self, selector: str, seconds: float = 120.0) -> list[Exemplar]:
        """Return the exemplars that the selected series had lately, newest first."""
        now = time.time()
        found = self._get(
            "query_exemplars", {"query": selector, "start": now - seconds, "end": now + 1}
        )
        exemplars = [
            Exemplar(
                series["seriesLabels"], one["labels"].get("trace_id", ""), float(one["timestamp"])
            )
            for series in found
            for one in series["exemplars"]
        ]
        return sorted(exemplars, key=lambda exemplar: exemplar.timestamp, reverse=True)

    def value(self, expression: str) -> float | None:
        """Return the expression's only value now, or None where it has none."""
        found = self._get("query", {"query": expression})["result"]
        return float(found[0]["value"][1]) if found else None

    def samples(
        self, selector: str, seconds: float
    ) -> list[tuple[Mapping[str, str], list[tuple[float, float]]]]:
        """Return what the selected series had in the last seconds: labels, (moment, value) each."""
        found = self._get("query", {"query": f"{selector}[{round(seconds)}s]"})["result"]
        return [
            (one["metric"], [(float(at), float(value)) for at, value in one["values"]])
            for one in found
        ]

    def alerts(self) -> list[Alert]:
        """Return the alerts that are pending or firing."""
        return [
            Alert(one["labels"]["alertname"], one["state"], one["labels"], one["annotations"])
            for one in self._get("alerts", {})["alerts"]
        ]

    def _get(self, path: str, parameters: Mapping[str, str | float]) -> Any:  # noqa: ANN401  # JSON
        response = httpx.get(f"{self._url}/api/v1/{path}", params=dict(parameters), timeout=5.0)
        response.raise_for_status()
        return response.json()["data"]
