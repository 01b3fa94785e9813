import ast
import asyncio
import gc
import io
import logging
import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
import structlog
from opentelemetry import trace
from opentelemetry.util.types import AttributeValue
from prometheus_client import CollectorRegistry
from starlette.types import Receive, Scope, Send

from app import signals
from telemetry.catalog import Event, Span, SpanKind, http
from telemetry.catalog.pipeline import LOG_LINES
from telemetry.context import bound_correlation_id
from telemetry.log_writer import LogWriter
from telemetry.logging import Lines, configure, render_console
from telemetry.metrics import Meter
from telemetry.testing import Captured, captured_telemetry
from tests.telemetry.asgi import END, START, call, scope_of

WORK = Span("work", SpanKind.INTERNAL, "Some work.")
logger = structlog.stdlib.get_logger()

SECRET = "hunter2-Zx81Qq"
ROOT = Path(__file__).parents[2]


@pytest.fixture
def captured() -> Iterator[Captured]:
    with captured_telemetry(attributes=("report.pages", "value", "level", "service")) as captured:
        yield captured


def test_a_line_leads_to_its_trace_and_its_caller(captured: Captured) -> None:
    with bound_correlation_id("caller-1"), captured.telemetry.tracing.span(WORK) as span:
        logger.info("report.made", **{"report.pages": 3})
    [line] = captured.logs()
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "level": "info",
        "event": "report.made",
        "service": "test",
        "trace_id": f"{span.get_span_context().trace_id:032x}",
        "span_id": f"{span.get_span_context().span_id:016x}",
        "correlation_id": "caller-1",
        "report.pages": 3,
    }


def test_outside_any_work_there_are_no_ids(captured: Captured) -> None:
    logger.warning("something")
    assert set(captured.logs()[0]) == {"timestamp", "level", "event", "service"}
    datetime.fromisoformat(captured.logs()[0]["timestamp"])


def test_an_exception_shows_its_class_and_stack_but_no_message(captured: Captured) -> None:
    secret = "hunter2"
    try:
        raise ValueError(secret)
    except ValueError:
        logger.exception("work.failed")
    [line] = captured.logs()
    assert line["level"] == "error"
    assert line["exception.type"] == "ValueError"
    assert "test_logging.py" in line["exception.stacktrace"]
    assert "hunter2" not in str({**line, "exception.stacktrace": ""})


library = logging.getLogger("some.library")


def test_a_library_that_logs_gets_the_same_shape_without_its_values(captured: Captured) -> None:
    library.warning("went %s", SECRET)
    [line] = captured.logs()
    assert line["event"] == "library.message"
    assert (line["level"], line["logger"]) == ("warning", "some.library")
    assert line["message"] == "went %s"
    assert line["code.function.name"].startswith("test_a_library_that_logs_gets")
    assert line["code.line.number"] > 1
    assert SECRET not in str(line)


@pytest.mark.parametrize(
    "message",
    [f"went {SECRET}", ValueError(SECRET), {"a": SECRET}, f"{SECRET} %s", "\ud800", None],
    ids=str,
)
def test_a_text_that_was_made_at_run_time_stays(captured: Captured, message: object) -> None:
    library.error(message, extra={"secret": SECRET})
    [line] = captured.logs()
    assert "message" not in line
    assert SECRET not in str(line)


def test_a_librarys_exception_shows_its_class_and_stack(captured: Captured) -> None:
    try:
        raise KeyError(SECRET)
    except KeyError:
        library.exception("went wrong")
    [line] = captured.logs()
    assert (line["level"], line["exception.type"]) == ("error", "KeyError")
    assert SECRET not in str(line)


async def test_a_task_that_nobody_awaited_is_told_without_its_message(captured: Captured) -> None:
    async def fail() -> None:
        raise ValueError(SECRET)

    task = asyncio.create_task(fail(), name=SECRET)
    await asyncio.wait([task])
    del task
    gc.collect()
    [line] = captured.logs()
    assert (line["logger"], line["exception.type"]) == ("asyncio", "ValueError")
    assert SECRET not in str(line)


@pytest.mark.parametrize(
    ("level", "shown"),
    [
        (5, None),
        (25, None),
        (logging.WARNING, "warning"),
        (35, "warning"),
        (logging.CRITICAL, "error"),
    ],
)
def test_a_librarys_level_becomes_one_of_ours(
    captured: Captured, level: int, shown: str | None
) -> None:
    library.log(level, "something")
    assert [line["level"] for line in captured.logs()] == ([shown] if shown else [])


def test_a_library_that_logs_badly_fails_nobody(captured: Captured) -> None:
    handler = logging.getLogger().handlers[0]
    handler.handle(logging.LogRecord("some.library", 30, "", 1, "%d", ("no number",), None))
    odd = logging.LogRecord("some.library", 30, "", 1, "", (), None)
    odd.levelno = None  # type: ignore[assignment]  # as nothing should be
    handler.handle(odd)
    assert [line["logger"] for line in captured.logs()] == ["some.library"] * 2


def test_a_librarys_template_is_cut(captured: Captured) -> None:
    exec(compile(f"library.error('{'x' * 10_000}')", "made.py", "exec"), {"library": library})  # noqa: S102  # a constant that no source file should hold
    assert len(captured.logs()[0]["message"]) == 256


def test_a_servers_own_access_log_is_silent_meanwhile() -> None:
    server = logging.getLogger("uvicorn.access")
    written = io.StringIO()
    server.addHandler(handler := logging.StreamHandler(written))
    server.setLevel(logging.INFO)
    before = (server.handlers[:], server.propagate)
    try:
        with captured_telemetry() as captured:
            assert not server.hasHandlers()
            server.info('"GET /%s HTTP/1.1" 500', SECRET)
        assert (server.handlers, server.propagate) == before
    finally:
        server.removeHandler(handler)
        server.setLevel(logging.NOTSET)
    assert written.getvalue() == ""
    assert captured.logs() == []


def test_reserved_keys_are_not_overwritten(captured: Captured) -> None:
    logger.info("something", service="forged", level="forged")
    line = captured.logs()[0]
    assert (line["service"], line["level"]) == ("test", "info")


class Unspeakable:
    def __repr__(self) -> str:
        raise RuntimeError(SECRET)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (Unspeakable(), "<Unspeakable>"),
        (ValueError(SECRET), "<ValueError>"),
        ("\ud800", "?"),
        ({1: 2}, {"1": 2}),
        (2**80, str(2**80)),
        (10**5_000, "<int>"),
        (["\ud800", 7, True, 0.5, KeyError(SECRET)], ["?", 7, True, 0.5, "<KeyError>"]),
        ({"a": "\ud800"}, "<dict>"),
    ],
    ids=lambda value: type(value).__name__,
)
@pytest.mark.parametrize("beside", ["plain", "\ud800"])
def test_no_value_stops_a_line_or_changes_another(
    captured: Captured, value: object, shown: object, beside: str
) -> None:
    logger.info("something", value=value, **{"report.pages": beside})
    [line] = captured.logs()
    assert line["event"] == "something"
    assert line["value"] == shown
    assert line["report.pages"] == beside.replace("\ud800", "?")


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (ValueError(SECRET), "<ValueError>"),
        ([Unspeakable(), 0.5], ["<Unspeakable>", 0.5]),
        (("\ud800", 2**80), ["?", str(2**80)]),
    ],
)
async def test_an_access_line_shows_of_an_object_its_class(
    captured: Captured, said: AttributeValue, shown: object
) -> None:
    async def application(_: Scope, __: Receive, send: Send) -> None:
        trace.get_current_span().set_attribute("value", said)
        await send(dict(START))
        await send(dict(END))

    await call(captured, application, scope_of())
    assert captured.line("request.finished")["value"] == shown


@pytest.mark.parametrize(
    ("level", "seen"),
    [
        ("debug", ["debug", "info", "warning", "error"]),
        ("info", ["info", "warning", "error"]),
        ("error", ["error"]),
    ],
)
def test_the_level_is_respected(captured: Captured, level: str, seen: list[str]) -> None:
    restore = configure(captured.telemetry.lines, level)
    for name in ("debug", "info", "warning", "error"):
        getattr(logger, name)(name)
    restore()
    assert captured.events() == seen


HEAD = {"timestamp": "2026-01-01T00:00:00.000000Z", "level": "info", "event": "a", "service": "s"}


@pytest.mark.parametrize(
    "forged",
    [
        "1\n2",
        "1\r2",
        "\x1b[2J\x1b[31mred",
        "\x9b31m",
        "\u202e\u2066reversed\u2069",
        "\u2028\u2029",
        "\x00\x08\x7f",
        "\ud800",
        "\u200b\ufeff",
    ],
)
@pytest.mark.parametrize("where", ["event", "level", "key", "value", "nested", "library"])
def test_the_console_line_cannot_be_broken(forged: str, where: str) -> None:
    line: dict[str, object] = dict(HEAD)
    match where:
        case "event" | "level":
            line[where] = forged
        case "key":
            line[forged] = 1
        case "value":
            line["x"] = forged
        case "nested":
            line["x"] = {"a": [forged]}
        case _:
            line["x"] = type(forged, (), {})() if forged.isidentifier() else forged
    kept: list[bytes] = []
    sink = SimpleNamespace(put=kept.append)
    Lines(sink, render_console, "s")._put(line)
    [shown] = kept
    text = shown.decode()
    assert text.endswith("\n")
    assert text[:-1].isprintable()


def test_the_console_line_is_for_reading() -> None:
    line = {**HEAD, "report.name": "grüße", "report.pages": 3}
    assert (
        render_console(line).decode()
        == '00:00:00.000 info    a report.name="grüße" report.pages=3\n'
    )


EVENT_CALLS = {"debug", "info", "warning", "error", "exception", "critical"}


def event_names() -> Iterator[tuple[str, ast.expr]]:
    """Yield where each of our log calls stands, and what it gives as the event."""
    for folder in ("app", "telemetry"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                    continue
                owner = ast.unparse(node.func.value)
                where = f"{path.relative_to(ROOT)}:{node.lineno}"
                if "logger" in owner and node.func.attr in EVENT_CALLS:
                    yield where, node.args[0]
                elif owner.endswith("_lines") and node.func.attr == "write":
                    yield where, node.args[1]


def is_declared(name: ast.expr) -> bool:
    """`signals.X.name`, or one of two such; a constant of `telemetry.logging`, which declares."""
    match name:
        case ast.Attribute(value=ast.IfExp(body=one, orelse=other), attr="name"):
            return all(
                is_declared(ast.Attribute(each, "name", ast.Load())) for each in (one, other)
            )
        case ast.Attribute(
            value=ast.Attribute(value=ast.Name(id=module), attr=constant), attr="name"
        ):
            return isinstance(getattr({"signals": signals, "http": http}[module], constant), Event)
        case _:
            return False


def test_every_event_is_a_declared_name() -> None:
    found = list(event_names())
    loose = [
        f"{where}: {ast.unparse(name)}"
        for where, name in found
        if not is_declared(name) and not where.startswith("telemetry/logging.py")
    ]
    assert loose == []
    assert len(found) > 15


def counted(meter: Meter, error_type: str) -> float:
    value = meter.registry.get_sample_value(LOG_LINES.prometheus_name, {"error_type": error_type})
    return value or 0.0


def test_lines_are_written_in_order_by_the_stop() -> None:
    written: list[bytes] = []
    meter = Meter(CollectorRegistry())

    def write(data: bytes) -> int:
        part = data[: max(1, len(data) // 2)]  # a pipe may take less than it was given
        written.append(part)
        return len(part)

    writer = LogWriter(meter, write=write)
    writer.start()
    lines = [b"line %d\n" % number for number in range(100)]
    for line in lines:
        writer.put(line)
    writer.stop(5)
    assert b"".join(written) == b"".join(lines)
    assert counted(meter, "") == 100


def test_a_blocked_pipe_drops_counts_and_does_not_hold_the_stop() -> None:
    meter = Meter(CollectorRegistry())
    reader, pipe = os.pipe()
    writer = LogWriter(meter, capacity=50, write=lambda data: os.write(pipe, data))
    writer.start()
    line = b"x" * 9_999 + b"\n"
    for _ in range(2_000):
        writer.put(line)
    full = counted(meter, "queue_full")
    assert full > 0
    assert counted(meter, "already_shutdown") == 0
    writer.stop(0.2)
    writer.put(line)
    assert counted(meter, "queue_full") == full
    assert counted(meter, "") + full + counted(meter, "already_shutdown") == 2_001
    os.close(reader)  # frees the thread, which is blocked in its write
    writer.stop(5)
    os.close(pipe)


def test_a_full_disk_is_counted() -> None:
    meter = Meter(CollectorRegistry())

    def write(_: bytes) -> int:
        raise OSError(28, "No space left on device")

    writer = LogWriter(meter, write=write)
    writer.start()
    writer.put(b"line\n")
    writer.stop(5)
    assert counted(meter, "write_failed") == 1
