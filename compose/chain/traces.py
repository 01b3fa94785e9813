"""Reads finished traces: from Jaeger's API, or from the file that stands in where it is missing."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import httpx


@dataclass(frozen=True, slots=True)
class SpanView:
    """One span as the chain needs it; times in seconds, `links` as (trace ID, span ID)."""

    trace_id: str
    span_id: str
    parent_id: str
    name: str
    service: str
    started: float
    seconds: float
    attributes: Mapping[str, Any]
    links: tuple[tuple[str, str], ...]
    failed: bool


class Traces(Protocol):
    """Where traces can be looked up."""

    def trace(self, trace_id: str) -> list[SpanView]:
        """Return the spans of a trace, by start; none where it is unknown."""


class JaegerTraces:
    """Jaeger's query API."""

    def __init__(self, url: str) -> None:
        self._url = url

    def trace(self, trace_id: str) -> list[SpanView]:
        """See `Traces.trace`."""
        response = httpx.get(f"{self._url}/api/traces/{trace_id}", timeout=5.0)
        if response.status_code == httpx.codes.NOT_FOUND:
            return []
        response.raise_for_status()
        return _by_start(_from_jaeger(response.json()["data"]))

    def search(self, parameters: Mapping[str, str]) -> list[str]:
        """Return what a search of Jaeger's page finds, given that page's own parameters."""
        response = httpx.get(f"{self._url}/api/traces", params=dict(parameters), timeout=5.0)
        response.raise_for_status()
        found = response.json()["data"]
        found.sort(key=lambda one: min(span["startTime"] for span in one["spans"]), reverse=True)
        return [one["traceID"] for one in found]


class FileTraces:
    """A file of OTLP JSON lines, as `telemetry` writes it without a collector."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def trace(self, trace_id: str) -> list[SpanView]:
        """See `Traces.trace`."""
        return _by_start(span for span in self._spans() if span.trace_id == trace_id)

    def failed(self, service: str) -> list[str]:
        """Return the IDs of a service's traces that hold an error, newest first."""
        failed = [span for span in self._spans() if span.failed and span.service == service]
        failed.sort(key=lambda span: span.started, reverse=True)
        return list(dict.fromkeys(span.trace_id for span in failed))

    def _spans(self) -> list[SpanView]:
        if not self._path.exists():
            return []
        lines = self._path.read_text().splitlines(keepends=True)
        return [
            span
            for line in lines
            if line.endswith("\n")  # the last line may be half written
            for span in _from_otlp(json.loads(line))
        ]


def _by_start(spans: Iterable[SpanView]) -> list[SpanView]:
    return sorted(spans, key=lambda span: span.started)


def _from_jaeger(data: list[dict[str, Any]]) -> Iterable[SpanView]:
    for one in data:
        for span in one["spans"]:
            parents = [ref for ref in span["references"] if ref["refType"] == "CHILD_OF"]
            attributes = {tag["key"]: tag["value"] for tag in span["tags"]}
            yield SpanView(
                trace_id=span["traceID"],
                span_id=span["spanID"],
                parent_id=parents[0]["spanID"] if parents else "",
                name=span["operationName"],
                service=one["processes"][span["processID"]]["serviceName"],
                started=span["startTime"] / 1e6,
                seconds=span["duration"] / 1e6,
                attributes=attributes,
                links=tuple(
                    (ref["traceID"], ref["spanID"])
                    for ref in span["references"]
                    if ref["refType"] == "FOLLOWS_FROM"
                ),
                failed=attributes.get("otel.status_code") == "ERROR",
            )


def _from_otlp(request: dict[str, Any]) -> Iterable[SpanView]:
    for resource_spans in request["resourceSpans"]:
        resource = _attributes(resource_spans["resource"]["attributes"])
        for scope_spans in resource_spans["scopeSpans"]:
            for span in scope_spans["spans"]:
                started = int(span["startTimeUnixNano"]) / 1e9
                yield SpanView(
                    trace_id=span["traceId"],
                    span_id=span["spanId"],
                    parent_id=span["parentSpanId"],
                    name=span["name"],
                    service=resource.get("service.name", ""),
                    started=started,
                    seconds=int(span["endTimeUnixNano"]) / 1e9 - started,
                    attributes=_attributes(span["attributes"]),
                    links=tuple((link["traceId"], link["spanId"]) for link in span["links"]),
                    failed=span["status"]["code"] == _OTLP_STATUS_ERROR,
                )


_OTLP_STATUS_ERROR = 2


def _attributes(pairs: list[dict[str, Any]]) -> dict[str, Any]:
    return {pair["key"]: next(iter(pair["value"].values())) for pair in pairs}
