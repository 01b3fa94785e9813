"""For tests: telemetry that keeps what it would have sent.

with captured_telemetry() as captured:
    app = captured.telemetry.wrap(app)
    ...
    assert captured.logs()[-1]["event"] == "request.finished"
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import orjson
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan

from telemetry import logging as telemetry_logging
from telemetry.catalog import Histogram, Metric
from telemetry.destinations import OWN_SCOPE
from telemetry.export import SpanSink
from telemetry.runtime import Telemetry, TelemetrySettings
from telemetry.spans import RecordedSpan


class _KeptSpans(SpanSink):
    def __init__(self) -> None:
        self.ended: list[ReadableSpan] = []
        self.resource = Resource({})

    def put(self, span: RecordedSpan) -> None:
        self.ended.append(span.readable(self.resource, OWN_SCOPE))

    def on_end(self, span: ReadableSpan) -> None:
        if span.context is not None and span.context.trace_flags.sampled:
            self.ended.append(span)


class _KeptLines:
    def __init__(self) -> None:
        self.lines: list[bytes] = []

    def put(self, line: bytes) -> None:
        self.lines.append(line)


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

    def events(self) -> list[str]:
        """Return the `event` of each log line."""
        return [line["event"] for line in self.logs()]

    def sample(self, metric: Metric, labels: Mapping[str, str] | None = None) -> float:
        """Return a metric's value, 0 where it has none yet; a histogram's is its count.

        `labels` is keyed by attribute; labels left out are "".
        """
        named = {label.prometheus_name: "" for label in metric.labels}
        for attribute, value in (labels or {}).items():
            named[metric.label(attribute).prometheus_name] = value
        suffix = "_count" if isinstance(metric, Histogram) else ""
        found = self.telemetry.meter.registry.get_sample_value(
            metric.prometheus_name + suffix, named
        )
        return found or 0.0

    def clear(self) -> None:
        """Forget the spans and the lines; metrics stay."""
        self._spans.ended.clear()
        self._lines.lines.clear()


@contextmanager
def captured_telemetry(**settings: Any) -> Iterator[Captured]:  # noqa: ANN401  # TelemetrySettings' own
    """Yield telemetry that is captured, with logging configured for the block.

    No thread and no socket; `captured.telemetry.endpoint` may be started where a test scrapes.
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
