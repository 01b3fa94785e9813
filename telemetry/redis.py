"""One Redis command as telemetry sees it: a CLIENT span named by the command, and its duration.

Keys and values stay out; of a failure the class, and the error's prefix (`WRONGTYPE`) if Redis
sent one. Works with any client: it wraps the call, not the library.
"""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from opentelemetry.trace import Span, SpanKind, Status, StatusCode
from opentelemetry.util.types import AttributeValue

from telemetry.catalog import attributes as names
from telemetry.catalog.database import OPERATION_DURATION
from telemetry.metrics import Meter
from telemetry.tracing import Tracing, error_type_of

SYSTEM: Final = "redis"
_PREFIX = re.compile(r"[A-Z]{2,32}(?= )")


class RedisTelemetry:
    """Traces and measures the commands to one server."""

    def __init__(
        self, tracing: Tracing, meter: Meter, *, address: str, port: int, database: int = 0
    ) -> None:
        self._tracer = tracing.tracer
        self._duration = meter.histogram(OPERATION_DURATION)
        self._server: dict[str, AttributeValue] = {
            names.DB_SYSTEM_NAME: SYSTEM,
            names.DB_NAMESPACE: str(database),
            names.SERVER_ADDRESS: address,
            names.SERVER_PORT: port,
        }

    @contextmanager
    def command(self, name: str) -> Iterator[Span]:
        """Open the span of one command, such as `GET`; the block is the call."""
        started = time.perf_counter()
        error_type = ""
        with self._tracer.start_as_current_span(
            name,
            kind=SpanKind.CLIENT,
            attributes={**self._server, names.DB_OPERATION_NAME: name},
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                yield span
            except BaseException as error:
                error_type = _mark_failed(span, error)
                raise
            finally:
                self._duration.observe(time.perf_counter() - started, SYSTEM, name, error_type)


def _mark_failed(span: Span, error: BaseException) -> str:
    error_type = error_type_of(error)
    prefix = _PREFIX.match(str(error))
    if prefix:
        span.set_attribute(names.DB_RESPONSE_STATUS_CODE, prefix[0])
    span.set_attribute(names.ERROR_TYPE, error_type)
    span.set_status(Status(StatusCode.ERROR))
    return error_type
