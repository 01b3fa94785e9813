"""From a declaration to an instrument: bound once at start, recorded on the hot path.

An instrument keeps its children, so recording looks up one tuple and touches one number. The
number of children is bounded by the declaration's `max_series`: what comes after goes to one
overflow series and is counted. Exemplars carry the current span, if that span is sampled.
"""

from collections.abc import Callable
from typing import Final, Generic, TypeVar

import prometheus_client
from opentelemetry import trace
from prometheus_client import CollectorRegistry
from prometheus_client.metrics import MetricWrapperBase

from telemetry.catalog import Counter, Gauge, Histogram, Metric
from telemetry.catalog.pipeline import SERIES_CAPPED

OVERFLOW: Final = "_overflow"
"""Every label of the series that takes a metric's measurements past its `max_series`."""

_Instrument = TypeVar("_Instrument", bound=MetricWrapperBase)


def sampled_exemplar() -> dict[str, str] | None:
    """Return the current span as exemplar labels, or None where no trace will be kept."""
    span_context = trace.get_current_span().get_span_context()
    return exemplar_of(span_context)


def exemplar_of(span_context: trace.SpanContext) -> dict[str, str] | None:
    """Return exemplar labels for a sampled span; None for any other."""
    if not span_context.trace_flags.sampled:
        return None
    return {
        "trace_id": trace.format_trace_id(span_context.trace_id),
        "span_id": trace.format_span_id(span_context.span_id),
    }


class _Bound(Generic[_Instrument]):
    """The children of one instrument, bounded."""

    def __init__(
        self, declaration: Metric, instrument: _Instrument, on_capped: Callable[[str], None]
    ) -> None:
        self._declaration = declaration
        self._instrument = instrument
        self._on_capped = on_capped
        self._children: dict[tuple[str, ...], _Instrument] = {}
        if not declaration.labels:
            self._children[()] = instrument

    def _child(self, values: tuple[str, ...]) -> _Instrument:
        child = self._children.get(values)
        return child if child is not None else self._new_child(values)

    def _new_child(self, values: tuple[str, ...]) -> _Instrument:
        labels = self._declaration.labels
        if len(values) != len(labels):
            message = f"{self._declaration.name} takes {len(labels)} label values: {values}"
            raise ValueError(message)
        for label, value in zip(labels, values, strict=True):
            if label.values is not None and value not in label.values:
                message = f"{self._declaration.name}: {label.attribute} is never {value!r}"
                raise ValueError(message)
        if len(self._children) < self._declaration.max_series:
            child = self._instrument.labels(*values)
            self._children[values] = child
            return child
        self._on_capped(self._declaration.name)
        return self._instrument.labels(*(OVERFLOW,) * len(values))


class BoundCounter(_Bound[prometheus_client.Counter]):
    """A declared counter, ready to count."""

    def add(self, amount: float, *label_values: str) -> None:
        """Count `amount` (at least 0); label values in declared order, "" for an absent one."""
        self._child(label_values).inc(amount)


class BoundGauge(_Bound[prometheus_client.Gauge]):
    """A declared gauge, ready to be set."""

    def set(self, value: float, *label_values: str) -> None:
        """Set the value now."""
        self._child(label_values).set(value)

    def add(self, amount: float, *label_values: str) -> None:
        """Move the value by `amount`, which may be negative."""
        self._child(label_values).inc(amount)

    def set_function(self, read: Callable[[], float]) -> None:
        """Read the value at each scrape, in the scrape's thread; for gauges without labels."""
        self._child(()).set_function(read)


class BoundHistogram(_Bound[prometheus_client.Histogram]):
    """A declared histogram, ready to observe."""

    def observe(self, value: float, *label_values: str) -> None:
        """Observe `value` with the current sampled span, if there is one, as its exemplar."""
        self._child(label_values).observe(value, sampled_exemplar())

    def observe_with(
        self, exemplar: dict[str, str] | None, value: float, *label_values: str
    ) -> None:
        """Observe `value` with an exemplar that the caller made with `exemplar_of`."""
        self._child(label_values).observe(value, exemplar)


_B = TypeVar("_B", BoundCounter, BoundGauge, BoundHistogram)


class Meter:
    """Binds declarations to instruments in one registry; each declaration once."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        self._bound: dict[str, BoundCounter | BoundGauge | BoundHistogram] = {}
        # `_created` would double the counters' series.
        prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]  # the library's

    def counter(self, declaration: Counter) -> BoundCounter:
        """Return the instrument of a counter."""
        return self._bind(declaration, prometheus_client.Counter, BoundCounter)

    def gauge(self, declaration: Gauge) -> BoundGauge:
        """Return the instrument of a gauge."""
        return self._bind(declaration, prometheus_client.Gauge, BoundGauge)

    def histogram(self, declaration: Histogram) -> BoundHistogram:
        """Return the instrument of a histogram."""

        def make(
            name: str, documentation: str, labels: tuple[str, ...], registry: CollectorRegistry
        ) -> prometheus_client.Histogram:
            return prometheus_client.Histogram(
                name, documentation, labels, registry=registry, buckets=declaration.buckets
            )

        return self._bind(declaration, make, BoundHistogram)

    def _bind(
        self, declaration: Metric, make: Callable[..., MetricWrapperBase], bound: Callable[..., _B]
    ) -> _B:
        known = self._bound.get(declaration.name)
        if known is not None:
            return known  # type: ignore[return-value]  # the same declaration has the same kind
        instrument = make(
            declaration.prometheus_name,
            declaration.description,
            declaration.label_names,
            registry=self.registry,
        )
        made = bound(declaration, instrument, self._count_capped)
        self._bound[declaration.name] = made
        return made

    def _count_capped(self, metric_name: str) -> None:
        self.counter(SERIES_CAPPED).add(1, metric_name)
