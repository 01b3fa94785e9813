"""For tests, yours as well: telemetry that keeps what it would have sent.

    with captured_telemetry() as captured:
        app = captured.telemetry.wrap(app)
        ...
        assert captured.span("GET /orders/{id}").status.is_ok
        assert captured.line("request.finished")["http.response.status_code"] == 200
        assert captured.sample(ORDERS) == 1

As a fixture it is three lines; `docs/telemetry/README.md` shows them. Nothing here needs pytest.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import orjson
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from prometheus_client import Metric as Family

from telemetry import logging as telemetry_logging
from telemetry.catalog import Histogram, Metric
from telemetry.export import SpanSink
from telemetry.runtime import Telemetry, TelemetrySettings
from telemetry.span_queue import OWN_SCOPE
from telemetry.spans import RecordedSpan


class UndeclaredAttributeError(Exception):
    """A span or a log line was given an attribute that nobody declared: it would not leave."""


class _KeptSpans(SpanSink):
    def __init__(self) -> None:
        self.ended: list[ReadableSpan] = []
        self.names: set[str] = set()
        self.resource = Resource({})

    def put(self, span: RecordedSpan) -> None:
        self._keep(span.readable(self.resource, OWN_SCOPE))

    def on_end(self, span: ReadableSpan) -> None:
        if span.context is not None and span.context.trace_flags.sampled:
            self._keep(span)

    def _keep(self, span: ReadableSpan) -> None:
        self.ended.append(span)
        self.names |= (span.attributes or {}).keys()


class _KeptLines:
    def __init__(self) -> None:
        self.lines: list[bytes] = []

    def put(self, *lines: bytes) -> None:
        self.lines.extend(lines)


class Captured:
    """What was recorded since the start, oldest first."""

    def __init__(self, settings: TelemetrySettings) -> None:
        self._spans = _KeptSpans()
        self._lines = _KeptLines()
        self.telemetry = Telemetry(settings, span_sink=self._spans, line_sink=self._lines)

    def spans(self) -> list[ReadableSpan]:
        """Return the sampled spans that have ended."""
        return list(self._spans.ended)

    def span(self, name: str) -> ReadableSpan:
        """Return the only span of that name; `LookupError` where there is none or several."""
        found = [span for span in self._spans.ended if span.name == name]
        if len(found) != 1:
            message = f"{len(found)} spans are named {name!r}; there are {self.span_names()}"
            raise LookupError(message)
        return found[0]

    def span_names(self) -> list[str]:
        """Return the names of the ended spans."""
        return [span.name for span in self._spans.ended]

    def logs(self) -> list[dict[str, Any]]:
        """Return the log lines as objects."""
        return [orjson.loads(line) for line in self._lines.lines]

    def line(self, event: str) -> dict[str, Any]:
        """Return the only log line of that event; `LookupError` where there is none or several."""
        found = [line for line in self.logs() if line["event"] == event]
        if len(found) != 1:
            message = f"{len(found)} lines are of event {event!r}; there are {self.events()}"
            raise LookupError(message)
        return found[0]

    def events(self) -> list[str]:
        """Return the `event` of each log line."""
        return [line["event"] for line in self.logs()]

    def sample(self, metric: Metric, labels: Mapping[str, str] | None = None) -> float:
        """Return the sum of a metric's series that have these labels; of a histogram, its count.

        `labels` is keyed by attribute; one that is left out may have any value. 0 where there is no
        such series. `DeclarationError` for a label that the metric has not.
        """
        return self._sum_of(metric, "_count" if isinstance(metric, Histogram) else "", labels)

    def observed(self, metric: Histogram, labels: Mapping[str, str] | None = None) -> float:
        """Return the sum of what a histogram observed, in its unit; labels as for `sample`."""
        return self._sum_of(metric, "_sum", labels)

    def exemplars(self, metric: Histogram) -> list[dict[str, str]]:
        """Return the exemplars of a histogram: `trace_id` and `span_id` of each."""
        return [
            dict(sample.exemplar.labels)
            for family in self._families()
            for sample in family.samples
            if sample.exemplar and sample.name.startswith(metric.prometheus_name)
        ]

    def require_declared(self) -> None:
        """Raise `UndeclaredAttributeError` if a span or a line was given what would not leave."""
        allowed = self.telemetry.allowed
        undeclared = allowed.refused | (self._spans.names - allowed.names)
        if undeclared:
            message = f"declare in TelemetrySettings.attributes: {', '.join(sorted(undeclared))}"
            raise UndeclaredAttributeError(message)

    def clear(self) -> None:
        """Forget the spans and the lines; metrics stay."""
        self._spans.ended.clear()
        self._lines.lines.clear()

    def _sum_of(self, metric: Metric, suffix: str, labels: Mapping[str, str] | None) -> float:
        wanted = {
            metric.label(attribute).prometheus_name: value
            for attribute, value in (labels or {}).items()
        }
        return sum(
            sample.value
            for family in self._families()
            for sample in family.samples
            if sample.name == metric.prometheus_name + suffix
            and wanted.items() <= sample.labels.items()
        )

    def _families(self) -> Iterator[Family]:
        return iter(self.telemetry.meter.registry.collect())


@contextmanager
def captured_telemetry(**settings: Any) -> Iterator[Captured]:  # noqa: ANN401  # TelemetrySettings' own
    """Yield telemetry that is captured, with logging configured for the block.

    `settings` are those of `TelemetrySettings`; by default every trace is kept and every line of
    level debug and up. No thread and no socket; `captured.telemetry.endpoint` may be started where
    a test scrapes. The block ends in `UndeclaredAttributeError` where an attribute would not leave.
    """
    captured = Captured(
        TelemetrySettings(**{"service_name": "test", "metrics_port": 0, **settings})
    )
    restore = telemetry_logging.configure(captured.telemetry.lines, "debug")
    try:
        yield captured
    finally:
        restore()
        captured.telemetry.endpoint.stop()
    captured.require_declared()
