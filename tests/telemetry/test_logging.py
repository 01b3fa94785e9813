import asyncio
import gc
import io
import logging
from collections.abc import Iterator
from datetime import datetime

import pytest
import structlog
from opentelemetry import trace
from opentelemetry.util.types import AttributeValue
from starlette.types import Receive, Scope, Send

from telemetry.catalog import Span, SpanKind
from telemetry.context import bound_correlation_id
from telemetry.logging import configure
from telemetry.testing import Captured, captured_telemetry
from tests.telemetry.asgi import END, START, call, scope_of

WORK = Span("work", SpanKind.INTERNAL, "Some work.")
logger = structlog.stdlib.get_logger()

SECRET = "hunter2-Zx81Qq"


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
