"""Link: a request's metric → exemplar → trace through every layer → log lines → the caller's ID."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from app import signals
from compose.chain.logs import lines_with
from compose.chain.prometheus import Exemplar, Prometheus
from compose.chain.traces import SpanView, Traces
from compose.chain.waiting import wait_for
from telemetry.catalog import database, http

CHECK_ROUTE: Final = "/permissions/check"

LAYERS: Final = (
    signals.CACHE_L1.name,
    signals.CACHE_L2.name,
    signals.EVALUATE.name,
    database.POOL_ACQUIRE.name,
)
"""Spans of a check that no cache could answer, beside the request's own and the data stores'."""


@dataclass(frozen=True, slots=True)
class RequestEvidence:
    """One request, seen through its metric, its trace and its log."""

    exemplar: Exemplar
    spans: Sequence[SpanView]
    lines: Sequence[dict[str, Any]]

    @property
    def correlation_id(self) -> str:
        """The ID that the client sent."""
        return str(self.lines[0]["correlation_id"])


def follow_request(
    prometheus: Prometheus, traces: Traces, logs: Collection[Path], sent: Collection[str]
) -> RequestEvidence:
    """Find a check whose exemplar leads to a trace of all layers and to log lines of a sent ID."""
    selector = (
        f"{http.REQUEST_DURATION.prometheus_name}_bucket"
        f'{{{http.ROUTE.prometheus_name}="{CHECK_ROUTE}"}}'
    )
    seen: list[str] = []

    def look() -> RequestEvidence | None:
        exemplars = prometheus.exemplars(selector)
        for exemplar in exemplars:
            spans = traces.trace(exemplar.trace_id)
            lines = lines_with(logs, trace_id=exemplar.trace_id)
            seen[:] = [f"{len(exemplars)} exemplars; the last trace had", *names_of(spans)]
            if has_every_layer(spans) and lines and lines[0].get("correlation_id") in sent:
                return RequestEvidence(exemplar, spans, lines)
        return None

    return wait_for(
        "an exemplar that leads to a trace of every layer and to its log lines",
        look,
        seconds=30,
        found_instead=lambda: " ".join(seen),
    )


def names_of(spans: Sequence[SpanView]) -> list[str]:
    """Return the spans' names in order of their start."""
    return [span.name for span in spans]


def has_every_layer(spans: Sequence[SpanView]) -> bool:
    """Tell whether a trace holds the caches, the pool and what both data stores were asked."""
    names = set(names_of(spans))
    asked = {span.attributes.get("db.system.name") for span in spans}
    return asked >= {"redis", "postgresql"} and names.issuperset((f"POST {CHECK_ROUTE}", *LAYERS))
