"""One call to a data store, traced and measured; what asyncpg's and Redis's calls have in common.

What can be known of a call beforehand is an `Operation`, made once for each statement or command
and server. So a call itself costs a span, two readings of the clock and one histogram child, whose
exemplar is the call's own span. Span and metric have the same duration.
"""

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from time import perf_counter_ns
from typing import Any, Final

from opentelemetry import trace
from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY as _SUPPRESSED
from opentelemetry.context import get_current
from opentelemetry.trace import Span, SpanKind, StatusCode
from opentelemetry.util.types import AttributeValue

from telemetry.catalog import attributes as names
from telemetry.catalog.database import COLLECTION_NAME, OPERATION_DURATION, STATUS_CODE
from telemetry.catalog.pipeline import SERIES_CAPPED
from telemetry.metrics import OVERFLOW, Meter
from telemetry.spans import RecordedSpan, SharedAttributes
from telemetry.tracing import Tracing, error_type_of

Call = Callable[..., Coroutine[Any, Any, Any]]
"""A driver's method; what it returns and raises is passed on as it is."""

MAX_KINDS: Final = 100
"""Kinds of calls of one data store that have series of their own."""

_CLIENT: Final = SpanKind.CLIENT
_NANOSECONDS: Final = 1e9
_SUPPRESSED_PLAIN: Final = "suppress_instrumentation"
_LABELS: Final = tuple(label.attribute for label in OPERATION_DURATION.labels)
_OF_A_KIND: Final = (names.DB_OPERATION_NAME, names.DB_QUERY_SUMMARY, COLLECTION_NAME)
_FAILURE: Final = OPERATION_DURATION.labels.index(STATUS_CODE)
_AFTER_FAILURE: Final = _FAILURE + 2


def is_traced() -> bool:
    """Tell whether calls are traced here: not under `suppress_instrumentation`."""
    current = get_current()
    return not (current.get(_SUPPRESSED) or current.get(_SUPPRESSED_PLAIN))


@dataclass(frozen=True, slots=True)
class Operation:
    """What is the same for each call of one kind to one server; `labels` are a success's."""

    name: str
    attributes: SharedAttributes
    labels: tuple[str, ...]
    makes_span: bool


class DatabaseCalls:
    """Traces and measures the calls to one data store.

    `status_of` gives a failure's `db.response.status_code`, or "".
    """

    def __init__(
        self, tracing: Tracing, meter: Meter, status_of: Callable[[BaseException], str]
    ) -> None:
        self._start_span = tracing.tracer.start_span
        self._observe = meter.histogram(OPERATION_DURATION).observe_with
        self._capped = meter.counter(SERIES_CAPPED)
        self._status_of = status_of
        self._kinds: set[tuple[str, ...]] = set()

    def operation(
        self, name: str, attributes: Mapping[str, AttributeValue], *, makes_span: bool = True
    ) -> Operation:
        """Return an operation; its labels are those of the metric that are in `attributes`.

        Past `MAX_KINDS` kinds of calls a new kind is measured as `_overflow`, so that statements
        which are made up as they go do not take the other data stores' series.
        """
        labelled = {label: str(attributes.get(label, "")) for label in _LABELS}
        kind = tuple(labelled[label] for label in _OF_A_KIND)
        if kind not in self._kinds:
            if len(self._kinds) < MAX_KINDS:
                self._kinds.add(kind)
            else:
                self._capped.add(1, OPERATION_DURATION.name)
                labelled |= {label: OVERFLOW for label in _OF_A_KIND if labelled[label]}
        return Operation(name, SharedAttributes(attributes), tuple(labelled.values()), makes_span)

    async def run(
        self, operation: Operation, call: Call, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:  # noqa: ANN401  # what the driver returns
        """Await the call. Its span is not made current: there is only the driver below it."""
        span = self.start(operation) if operation.makes_span else None
        started = perf_counter_ns()
        try:
            result = await call(*args, **kwargs)
        except BaseException as error:
            self.end(operation, span, perf_counter_ns() - started, error)
            raise
        self.end(operation, span, perf_counter_ns() - started)
        return result

    async def run_around(
        self, operation: Operation, call: Call, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:  # noqa: ANN401  # what the driver returns
        """Await a call that calls the application back, whose spans become children."""
        span = self.start(operation)
        started = perf_counter_ns()
        try:
            with trace.use_span(span, record_exception=False, set_status_on_exception=False):
                result = await call(*args, **kwargs)
        except BaseException as error:
            self.end(operation, span, perf_counter_ns() - started, error)
            raise
        self.end(operation, span, perf_counter_ns() - started)
        return result

    def start(self, operation: Operation, start_time: int | None = None) -> Span:
        """Start a call's span; `start_time` in nanoseconds since the epoch, by default now."""
        return self._start_span(
            operation.name, None, _CLIENT, operation.attributes, None, start_time
        )

    def end(
        self,
        operation: Operation,
        span: Span | None,
        nanoseconds: int,
        error: BaseException | None = None,
    ) -> None:
        """Measure a call that took so long, and end its span, if it has one."""
        labels = operation.labels
        if error is not None:
            labels = self._failed(operation, span, error)
        self._observe(span, nanoseconds / _NANOSECONDS, *labels)
        if isinstance(span, RecordedSpan):  # any other is not kept
            span.end(span.start_time + nanoseconds)

    def _failed(
        self, operation: Operation, span: Span | None, error: BaseException
    ) -> tuple[str, ...]:
        """Mark the span, without the error's message, and return the metric's labels."""
        status = self._status_of(error)
        error_type = status or error_type_of(error)
        if span is not None:
            if status:
                span.set_attribute(names.DB_RESPONSE_STATUS_CODE, status)
            span.set_attribute(names.ERROR_TYPE, error_type)
            span.set_status(StatusCode.ERROR)
        before, after = operation.labels[:_FAILURE], operation.labels[_AFTER_FAILURE:]
        return (*before, status, error_type, *after)
