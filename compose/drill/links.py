"""Whether the links of a message lead to the right trace, followed as its reader would.

Panel and trace search are asked at the addresses that the message has: Jaeger's page and its API
take the same parameters, and so do Prometheus' graph and its API.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, urlsplit

import httpx

from compose.chain.traces import JaegerTraces, SpanView
from compose.drill.watch import Notice
from compose.faults.model import Evidence

_KINDS: Final = {"/runbooks/": "runbook", "/search?": "traces", "/graph?": "graph", "/d/": "board"}


@dataclass(frozen=True, slots=True)
class Followed:
    """A link, what is behind it, and whether that is what it should be."""

    alert: str
    kind: str
    url: str
    holds: bool
    found: str
    trace_id: str = ""


def follow(
    notice: Notice, evidence: Evidence, traces: JaegerTraces | None, began: float
) -> list[Followed]:
    """Follow every link of a message once; `began` is when the fault did."""
    name = next(iter(notice.said)).name
    followed = []
    for url in dict.fromkeys(link.rstrip(".,)") for link in notice.links):
        kind = next((kind for part, kind in _KINDS.items() if part in url), "")
        if kind == "runbook":
            followed.append(_runbook(name, url))
        elif kind == "graph":
            followed.append(_graph(name, url, began))
        elif kind == "traces" and traces is not None and evidence.span_name:
            followed.append(_traces(name, url, evidence, traces, began))
    return followed


def shows(spans: Sequence[SpanView], evidence: Evidence, began: float) -> bool:
    """Tell whether a trace is of this incident and holds the span that shows the fault.

    What the fault met may have begun before it; a span of which only the name is asked may not.
    """
    return any(
        span.name == evidence.span_name
        and span.started + (span.seconds if evidence.is_particular else 0.0) >= began
        and (span.failed or not evidence.failed)
        and span.seconds >= evidence.slow_seconds
        and _has(span, evidence.attribute)
        for span in spans
    )


def _has(span: SpanView, attribute: tuple[str, str] | None) -> bool:
    if attribute is None:
        return True
    name, value = attribute
    return str(span.attributes.get(name)) == value


def _runbook(alert: str, url: str) -> Followed:
    status = _status(url)
    return Followed(alert, "runbook", url, status == httpx.codes.OK, f"HTTP {status}")


def _status(url: str) -> int:
    try:
        return httpx.get(url, timeout=5.0).status_code
    except httpx.HTTPError:
        return 0


def _graph(alert: str, url: str, began: float) -> Followed:
    parts = urlsplit(url)
    expression = dict(parse_qsl(parts.query)).get("g0.expr", "")
    bounds = {"start": began, "end": time.time(), "step": 1}
    try:
        answer = httpx.get(
            f"{parts.scheme}://{parts.netloc}/api/v1/query_range",
            params={"query": expression, **bounds},
            timeout=5.0,
        )
        found = answer.raise_for_status().json()["data"]["result"]
    except httpx.HTTPError as error:
        return Followed(alert, "graph", url, holds=False, found=type(error).__name__)
    points = sum(len(series["values"]) for series in found)
    return Followed(alert, "graph", url, points > 0, f"{len(found)} series, {points} points")


def _traces(
    alert: str, url: str, evidence: Evidence, traces: JaegerTraces, began: float
) -> Followed:
    parameters = dict(parse_qsl(urlsplit(url).query))
    try:
        found = traces.search(parameters)
        for trace_id in found:
            if shows(traces.trace(trace_id), evidence, began):
                text = f"{len(found)} traces, this one with {evidence.span_name}"
                return Followed(alert, "traces", url, holds=True, found=text, trace_id=trace_id)
    except httpx.HTTPError as error:
        return Followed(alert, "traces", url, holds=False, found=type(error).__name__)
    text = f"{len(found)} traces, none with {evidence.span_name} as the fault makes it"
    return Followed(alert, "traces", url, holds=False, found=text)
