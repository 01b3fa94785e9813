"""Lines leave in order, or are counted; whoever waits for the stop does not wait for a pipe."""

import os

from prometheus_client import CollectorRegistry

from telemetry.catalog.pipeline import LOG_LINES
from telemetry.log_writer import LogWriter
from telemetry.metrics import Meter


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
