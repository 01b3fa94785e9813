import logging
import os
from collections.abc import Iterator
from datetime import datetime

import pytest
import structlog
from prometheus_client import CollectorRegistry

from telemetry.catalog import Span, SpanKind
from telemetry.catalog.pipeline import LOG_LINES
from telemetry.context import bound_correlation_id
from telemetry.log_writer import LogWriter
from telemetry.logging import render_console
from telemetry.metrics import Meter
from telemetry.testing import Captured, captured_telemetry

WORK = Span("work", SpanKind.INTERNAL, "Some work.")
logger = structlog.stdlib.get_logger()


@pytest.fixture
def captured() -> Iterator[Captured]:
    with captured_telemetry() as captured:
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


def test_a_library_that_logs_gets_the_same_shape(captured: Captured) -> None:
    logging.getLogger("some.library").warning("went %s", "wrong\nfor once")
    [line] = captured.logs()
    assert line["event"] == "library.message"
    assert line["logger"] == "some.library"
    assert line["message"] == "went wrong\nfor once"


def test_a_library_that_logs_badly_fails_nobody(captured: Captured) -> None:
    bad = logging.LogRecord("some.library", logging.WARNING, "", 1, "%d", ("no number",), None)
    logging.getLogger().handlers[0].handle(bad)
    assert captured.logs()[0]["logger"] == "some.library"


def test_reserved_keys_are_not_overwritten(captured: Captured) -> None:
    logger.info("something", service="forged", level="forged")
    line = captured.logs()[0]
    assert (line["service"], line["level"]) == ("test", "info")


@pytest.mark.parametrize("value", [object(), "\ud800", {1: 2}, 2**80])
def test_no_value_stops_a_line(captured: Captured, value: object) -> None:
    logger.info("something", value=value)
    assert captured.events() == ["something"]


def test_the_level_is_respected() -> None:
    with captured_telemetry() as captured:
        logger.debug("seen")
    assert captured.events() == ["seen"]


def test_the_console_line_cannot_be_broken() -> None:
    line = {"timestamp": "2026-01-01T00:00:00.000000Z", "level": "info", "event": "a", "x": "1\n2"}
    assert render_console(line).count(b"\n") == 1


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
    assert counted(meter, "queue_full") > 0
    writer.stop(0.2)
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
