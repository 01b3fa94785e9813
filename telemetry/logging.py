"""Structured logs: one JSON object a line, with the IDs that lead to the trace and the caller.

`structlog` calls and the standard library's records meet here and leave through one `LineSink`.
Keys: `timestamp` (RFC 3339, UTC), `level`, `event` (a declared name, never user input), `service`,
`trace_id`, `span_id`, `correlation_id`, then attributes under their OpenTelemetry names.
"""

import logging
import sys
import time
from collections.abc import Callable, Mapping, MutableMapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

import orjson
import structlog
from opentelemetry import trace

from telemetry.catalog import attributes
from telemetry.context import correlation_id
from telemetry.log_writer import LineSink
from telemetry.redaction import describe_exception
from telemetry.tracing import error_type_of

LEVELS: Final[Mapping[str, int]] = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}
LIBRARY_EVENT: Final = "library.message"
"""The event of a line that a library wrote through the standard `logging`."""

Render = Callable[[Mapping[str, Any]], bytes]


def render_json(line: Mapping[str, Any]) -> bytes:
    """Return the line as JSON; a value that JSON lacks is shown by its type only."""
    return orjson.dumps(
        line,
        default=lambda value: f"<{type(value).__qualname__}>",
        option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_NON_STR_KEYS,
    )


def render_console(line: Mapping[str, Any]) -> bytes:
    """Return the line for a developer's terminal; values are JSON, so none can break the line."""
    rest = " ".join(
        f"{key}={orjson.dumps(value, default=str).decode()}"
        for key, value in line.items()
        if key not in {"timestamp", "level", "event", "service"}
    )
    return f"{line['timestamp'][11:23]} {line['level']:<7} {line['event']} {rest}\n".encode()


RENDERERS: Final[Mapping[str, Render]] = {"json": render_json, "console": render_console}


def timestamp(epoch_seconds: float | None = None) -> str:
    """Return a time (now, where none is given) as RFC 3339 in UTC, to the microsecond."""
    moment = time.time() if epoch_seconds is None else epoch_seconds
    second = int(moment)
    return f"{_to_the_second(second)}.{int((moment - second) * 1e6):06d}Z"


@lru_cache(maxsize=4)  # a second's lines share it
def _to_the_second(epoch_seconds: int) -> str:
    return datetime.fromtimestamp(epoch_seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


class Lines:
    """Makes finished lines of events and puts them out. Never raises."""

    def __init__(self, sink: LineSink, render: Render, service: str) -> None:
        self._sink = sink
        self._render = render
        self._service = service

    def write(
        self,
        level: str,
        event: str,
        fields: Mapping[str, Any],
        *,
        span_context: trace.SpanContext | None = None,
        correlation: str | None = None,
    ) -> None:
        """Put out one line, by default with the IDs of the current span and work."""
        line: dict[str, Any] = {
            "timestamp": timestamp(),
            "level": level,
            "event": event,
            "service": self._service,
        }
        of = span_context or trace.get_current_span().get_span_context()
        if of.is_valid:
            line["trace_id"] = trace.format_trace_id(of.trace_id)
            line["span_id"] = trace.format_span_id(of.span_id)
        current = correlation or correlation_id()
        if current is not None:
            line["correlation_id"] = current
        line.update((key, value) for key, value in fields.items() if key not in line)
        self._put(line)

    def write_access(
        self,
        level: str,
        event: str,
        ids: tuple[str, str, str],
        epoch_seconds: float,
        fields: dict[str, Any],
    ) -> None:
        """Put out a request's line; `ids` are those of its trace, its span and its caller."""
        trace_id, span_id, correlation = ids
        self._put(
            {
                "timestamp": timestamp(epoch_seconds),
                "level": level,
                "event": event,
                "service": self._service,
                "trace_id": trace_id,
                "span_id": span_id,
                "correlation_id": correlation,
                **fields,
            }
        )

    def _put(self, line: dict[str, Any]) -> None:
        try:
            self._sink.put(self._render(line))
        except (TypeError, ValueError):  # a value that no renderer takes, such as a lone surrogate
            line = {key: _plain(value) for key, value in line.items()}
            self._sink.put(self._render(line))


def _plain(value: object) -> str:
    text = value if isinstance(value, str) else ascii(value)
    return text.encode(errors="replace").decode()


def exception_fields(error: BaseException) -> dict[str, str]:
    """Return an exception as attributes: its class and its stack, without messages."""
    return {
        attributes.EXCEPTION_TYPE: error_type_of(error),
        attributes.EXCEPTION_STACKTRACE: describe_exception(error),
    }


def configure(lines: Lines, level: str) -> Callable[[], None]:
    """Send structlog and the standard library's logging to `lines`; return what undoes it."""
    before = structlog.get_config()
    root = logging.getLogger()
    before_handlers, before_level = root.handlers[:], root.level

    handler = _StandardHandler(lines)
    root.handlers[:] = [handler]
    root.setLevel(max(LEVELS[level], logging.WARNING))  # a library's chatter is not our news
    structlog.configure(
        processors=[_Processor(lines)],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=lambda *_: None,
        cache_logger_on_first_use=False,  # a test may configure again; the bind costs a microsecond
    )

    def restore() -> None:
        root.handlers[:] = before_handlers
        root.setLevel(before_level)
        structlog.configure(**before)

    return restore


class _Processor:
    """The whole structlog chain: the event leaves here, so it drops it for structlog."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines

    def __call__(self, _: object, method: str, event: MutableMapping[str, Any]) -> str:
        fields = dict(event)
        name = str(fields.pop("event", ""))
        raised = fields.pop("exc_info", None)
        error = sys.exc_info()[1] if raised is True else raised
        if isinstance(error, tuple):
            error = error[1]
        if isinstance(error, BaseException):
            fields |= exception_fields(error)
        self._lines.write("error" if method == "exception" else method, name, fields)
        raise structlog.DropEvent


class _StandardHandler(logging.Handler):
    """Gives a library's record the same shape; its text is a value, never the event."""

    def __init__(self, lines: Lines) -> None:
        super().__init__()
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        """Put the record out; logging must never fail its caller."""
        try:
            fields: dict[str, Any] = {"logger": record.name, "message": record.getMessage()}
            if record.exc_info and record.exc_info[1] is not None:
                fields |= exception_fields(record.exc_info[1])
            level = record.levelname.lower()
            self._lines.write("error" if level == "critical" else level, LIBRARY_EVENT, fields)
        except Exception:  # noqa: BLE001  # a formatting slip in a library is not the caller's fault
            self._lines.write("error", LIBRARY_EVENT, {"logger": record.name})
