"""asyncpg's OpenTelemetry instrumentation, mended where it misleads.

The contrib package still does the patching; the tracer that it is given is ours. Spans are named
by a summary of the SQL, a failure carries its SQLSTATE and no message (PostgreSQL's DETAIL quotes
row values), transaction control makes no span, and every call is measured.
"""

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from opentelemetry import trace
from opentelemetry.instrumentation.asyncpg import AsyncPGInstrumentor
from opentelemetry.trace import Span, SpanKind, Status, StatusCode
from opentelemetry.util.types import AttributeValue

from telemetry.catalog import attributes as names
from telemetry.catalog.database import OPERATION_DURATION
from telemetry.metrics import Meter
from telemetry.sql import summary_of
from telemetry.tracing import Tracing, error_type_of

SYSTEM: Final = "postgresql"
_OPT_IN: Final = "OTEL_SEMCONV_STABILITY_OPT_IN"
_TRANSACTION_CONTROL: Final = frozenset(("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE"))


def instrument_asyncpg(tracing: Tracing, meter: Meter) -> Callable[[], None]:
    """Trace and measure every asyncpg call of the process; return what undoes it."""
    # Read once by the contrib packages, so it must be there before the first of them instruments.
    opted_in = set(filter(None, os.environ.get(_OPT_IN, "").split(",")))
    os.environ[_OPT_IN] = ",".join(sorted(opted_in | {"database"}))
    instrumentor: Any = AsyncPGInstrumentor()  # type: ignore[no-untyped-call]  # contrib's own gap
    instrumentor.instrument(tracer_provider=_Provider(tracing.provider, meter))
    undo: Callable[[], None] = instrumentor.uninstrument
    return undo


class _Provider(trace.TracerProvider):
    def __init__(self, provider: trace.TracerProvider, meter: Meter) -> None:
        self._provider = provider
        self._meter = meter

    def get_tracer(self, *args: Any, **kwargs: Any) -> trace.Tracer:  # noqa: ANN401  # passed on
        return _MendedTracer(self._provider.get_tracer(*args, **kwargs), self._meter)


class _MendedTracer(trace.Tracer):
    def __init__(self, tracer: trace.Tracer, meter: Meter) -> None:
        self._tracer = tracer
        self._duration = meter.histogram(OPERATION_DURATION)

    def start_span(self, *args: Any, **kwargs: Any) -> Span:  # noqa: ANN401  # passed on
        return self._tracer.start_span(*args, **kwargs)

    @contextmanager
    def start_as_current_span(  # type: ignore[override]  # the instrumentor passes these three
        self,
        name: str,
        *,
        kind: SpanKind = SpanKind.CLIENT,
        attributes: Mapping[str, AttributeValue] | None = None,
    ) -> Iterator[Span]:
        """Open the span of one call; `name` is what contrib made of the SQL, and is not used."""
        given = dict(attributes or {})
        summary = summary_of(str(given.get(names.DB_QUERY_TEXT, name)))
        operation = summary.partition(" ")[0]
        if operation in _TRANSACTION_CONTROL:
            with self._measured(trace.INVALID_SPAN, operation):
                yield trace.INVALID_SPAN
            return
        given[names.DB_QUERY_SUMMARY] = summary
        with (
            self._tracer.start_as_current_span(
                summary or SYSTEM,
                kind=kind,
                attributes=given,
                record_exception=False,
                set_status_on_exception=False,
            ) as span,
            self._measured(span, operation),
        ):
            yield span

    @contextmanager
    def _measured(self, span: Span, operation: str) -> Iterator[None]:
        started = time.perf_counter()
        error_type = ""
        try:
            yield
        except BaseException as error:
            error_type = _mark_failed(span, error)
            raise
        finally:
            self._duration.observe(time.perf_counter() - started, SYSTEM, operation, error_type)


def _mark_failed(span: Span, error: BaseException) -> str:
    """Put the failure on the span and return its `error.type`: the SQLSTATE where it has one."""
    sqlstate = getattr(error, "sqlstate", None)
    error_type = sqlstate or error_type_of(error)
    if sqlstate:
        span.set_attribute(names.DB_RESPONSE_STATUS_CODE, sqlstate)
    span.set_attribute(names.ERROR_TYPE, error_type)
    span.set_status(Status(StatusCode.ERROR))
    return error_type
