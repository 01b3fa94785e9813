"""Structured logs: one JSON object a line, with the IDs that lead to the trace and the caller.

`structlog` calls and the standard library's records meet here and leave through one `LineSink`.
Keys: `timestamp` (RFC 3339, UTC), `level`, `event` (a declared name, never user input), `service`,
`trace_id`, `span_id`, `correlation_id`, then attributes under their OpenTelemetry names.
"""

import inspect
import logging
import sys
import time
from collections.abc import Callable, Mapping, MutableMapping
from datetime import UTC, datetime
from functools import lru_cache
from types import FrameType
from typing import Any, Final

import orjson
import structlog
from opentelemetry import trace

from telemetry.allow_list import LOG, AllowList
from telemetry.catalog import attributes
from telemetry.context import correlation_id
from telemetry.log_writer import LineSink
from telemetry.redaction import clean, describe_exception
from telemetry.tracing import error_type_of

LEVELS: Final[Mapping[str, int]] = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}
LIBRARY_EVENT: Final = "library.message"
"""The event of a line that a library wrote through the standard `logging`."""

_MAX_BITS: Final = 256
_SERVER_ACCESS: Final = "uvicorn.access"
_LOGGER: Final = "logger"
_MESSAGE: Final = "message"
_LIBRARY_FIELDS: Final = frozenset((_LOGGER, _MESSAGE))
_MAX_TEMPLATE: Final = 256
_TOO_LARGE: Final = 2**53
_MILLION: Final = 1_000_000

Render = Callable[[Mapping[str, Any]], bytes]


def render_json(line: Mapping[str, Any]) -> bytes:
    """Return the line as JSON; a value that JSON lacks is shown by its type only."""
    return orjson.dumps(
        line,
        default=_class_of,
        option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_NON_STR_KEYS,
    )


def render_console(line: Mapping[str, Any]) -> bytes:
    """Return the line for a developer's terminal.

    Values are JSON and everything else is escaped, so nothing breaks the line or moves the cursor.
    """
    rest = " ".join(
        f"{_one_line(key)}={_one_line(_json_text(value))}"
        for key, value in line.items()
        if key not in {"timestamp", "level", "event", "service"}
    )
    head = f"{line['timestamp'][11:23]} {_one_line(line['level']):<7} {_one_line(line['event'])}"
    return f"{head} {rest}".rstrip().encode() + b"\n"


def _json_text(value: object) -> str:
    return orjson.dumps(
        value,
        default=_class_of,
        option=orjson.OPT_NON_STR_KEYS,
    ).decode()


def _one_line(value: object) -> str:
    text = str(value)
    if text.isprintable():
        return text
    return "".join(
        character
        if character.isprintable()
        else character.encode("unicode_escape", "surrogatepass").decode()
        for character in text
    )


RENDERERS: Final[Mapping[str, Render]] = {"json": render_json, "console": render_console}


def timestamp(epoch_nanoseconds: int) -> str:
    """Return a time as RFC 3339 in UTC, to the microsecond."""
    second, microseconds = divmod(epoch_nanoseconds // 1_000, _MILLION)
    return f"{_to_the_second(second)}.{str(_MILLION + microseconds)[1:]}Z"


@lru_cache(maxsize=4)  # a second's lines share it
def _to_the_second(epoch_seconds: int) -> str:
    return datetime.fromtimestamp(epoch_seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


class Lines:
    """Makes finished lines of events and puts them out. Never raises."""

    def __init__(
        self, sink: LineSink, render: Render, service: str, allowed: AllowList | None = None
    ) -> None:
        self._sink = sink
        self._render = render
        self._service = service
        self._allowed = allowed or AllowList()

    def write(
        self,
        level: str,
        event: str,
        fields: Mapping[str, Any],
        *,
        span_context: trace.SpanContext | None = None,
        correlation: str | None = None,
    ) -> None:
        """Put out one line, by default with the IDs of the current span and work.

        Fields that the allow-list does not name are dropped and counted.
        """
        line: dict[str, Any] = {
            "timestamp": timestamp(time.time_ns()),
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
        for name, value in fields.items():
            if name in self._allowed.names or name in _LIBRARY_FIELDS:
                line.setdefault(name, clean(name, value))
            elif name not in line:
                self._allowed.refuse(LOG, name)
        self._put(line)

    def _put(self, line: dict[str, Any]) -> None:
        try:
            self._sink.put(self._render(line))
        except (TypeError, ValueError):  # a value that no renderer takes, such as a lone surrogate
            line = {key: _rendered(value) for key, value in line.items()}
            self._sink.put(self._render(line))


def _rendered(value: object) -> object:
    """Return a value as it is if renderers take it, else the plain form of it."""
    try:
        _json_text(value)
    except (TypeError, ValueError):
        return plain(value)
    return value


Scalar = str | int | float | bool


def plain(value: object) -> Scalar | list[Scalar]:
    """Return a value that every renderer takes: text, numbers, and sequences of those.

    Of anything else the class alone is told: what it says of itself may be a failure's message.
    """
    if isinstance(value, list | tuple):
        return [_scalar(item) for item in value]
    return _scalar(value)


def _scalar(value: object) -> Scalar:
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return value.encode(errors="replace").decode()
    if isinstance(value, float):
        return float(value)  # orjson takes no class derived from it
    if isinstance(value, int) and value.bit_length() <= _MAX_BITS:
        return value if abs(value) < _TOO_LARGE else str(int(value))
    return _class_of(value)


def _class_of(value: object) -> str:
    return f"<{type(value).__qualname__}>"


def exception_fields(error: BaseException) -> dict[str, str]:
    """Return an exception as attributes: its class and its stack, without messages."""
    return {
        attributes.EXCEPTION_TYPE: error_type_of(error),
        attributes.EXCEPTION_STACKTRACE: describe_exception(error),
    }


def configure(lines: Lines, level: str) -> Callable[[], None]:
    """Send structlog and the standard library's logging to `lines`; return what undoes it.

    A server's access log beside ours is silenced: it prints paths and queries as they came.
    """
    before = structlog.get_config()
    root = logging.getLogger()
    before_handlers, before_level = root.handlers[:], root.level
    server = logging.getLogger(_SERVER_ACCESS)
    server_handlers, server_propagates = server.handlers[:], server.propagate

    server.handlers[:] = []  # uvicorn makes no line where nobody would take it
    server.propagate = False
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
        server.handlers[:] = server_handlers
        server.propagate = server_propagates
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
    """Gives a library's record the same shape, without what its author put into the text.

    A formatted message may hold anything: a key, a row, another exception's message (asyncio prints
    a task's). Kept are the logger, the place in the code, and the template without its arguments,
    if it is a constant of the function that logs; a text made at run time is left out.
    """

    def __init__(self, lines: Lines) -> None:
        super().__init__()
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        """Put the record out; logging must never fail its caller."""
        try:
            self._lines.write(_level_of(record), LIBRARY_EVENT, _library_fields(record))
        except Exception:  # noqa: BLE001  # a slip in a library is not the caller's fault
            self._lines.write("error", LIBRARY_EVENT, {_LOGGER: record.name})


def _level_of(record: logging.LogRecord) -> str:
    """Return our nearest level: a library may have levels of its own."""
    reached = [name for name, number in LEVELS.items() if record.levelno >= number]
    return reached[-1] if reached else "debug"


def _library_fields(record: logging.LogRecord) -> dict[str, Any]:
    fields: dict[str, Any] = {
        _LOGGER: record.name,
        attributes.CODE_FUNCTION_NAME: record.funcName,
        attributes.CODE_LINE_NUMBER: record.lineno,
    }
    template = _constant_template(record)
    if template is not None:
        fields[_MESSAGE] = template[:_MAX_TEMPLATE]
    if record.exc_info and record.exc_info[1] is not None:
        fields |= exception_fields(record.exc_info[1])
    return fields


def _constant_template(record: logging.LogRecord) -> str | None:
    """Return the record's text before formatting, if it stands as it is in the code that logs."""
    if not isinstance(record.msg, str):
        return None
    frame: FrameType | None = inspect.currentframe()
    while frame is not None:
        code = frame.f_code
        if (code.co_filename, code.co_name) == (record.pathname, record.funcName):
            return record.msg if record.msg in code.co_consts else None
        frame = frame.f_back
    return None
