"""Files on a disk that is full: lines and spans are lost and counted, whole ones are kept."""

import json
import resource
from pathlib import Path

from telemetry.catalog.pipeline import LOG_LINES, SPANS_EXPORTED
from tests.telemetry.faulty_collector import collector, healthy
from tests.telemetry.outages import SPANS_OF_A_REQUEST, Service, service

MANY = 300
ROOM_BYTES = 50_000
"""For less than `MANY` lines or spans."""


def fill_the_disk(running: Service) -> None:
    """Let no file of the service grow past `ROOM_BYTES`; what a full disk does, to one process."""
    unlimited = resource.RLIM_INFINITY
    resource.prlimit(running.process.pid, resource.RLIMIT_FSIZE, (ROOM_BYTES, unlimited))


def empty_the_disk(running: Service) -> None:
    unlimited = resource.RLIM_INFINITY
    resource.prlimit(running.process.pid, resource.RLIMIT_FSIZE, (unlimited, unlimited))


def whole_lines(path: Path) -> list[str]:
    return [line for line in path.read_text().split("\n") if is_json(line)]


def is_json(line: str) -> bool:
    try:
        json.loads(line)
    except ValueError:
        return False
    return True


def test_a_full_disk_under_the_log_costs_lines_and_nothing_else(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with (
        collector(healthy) as serving,
        log.open("wb") as output,
        service(tmp_path / "run", stdout=output, otlp_endpoint=serving.endpoint) as running,
    ):
        fill_the_disk(running)
        running.ask(MANY)
        running.wait_for(LOG_LINES, "write_failed", 1)
        assert log.stat().st_size == ROOM_BYTES

        empty_the_disk(running)
        running.ask(MANY)
        running.wait_for(SPANS_EXPORTED, "", 2 * MANY * SPANS_OF_A_REQUEST)
        running.wait_for(LOG_LINES, "", MANY)
        running.wait_for(LOG_LINES, "", 2 * MANY - running.counts(LOG_LINES)["write_failed"])
        running.end()
        lines = running.lines_by_end()
        assert running.spans_by_end() == {"": 2 * MANY * SPANS_OF_A_REQUEST}
    assert set(lines) == {"", "write_failed"}
    assert lines[""] >= MANY  # those after the disk had room again
    assert len(whole_lines(log)) == lines[""]


def test_a_device_that_takes_nothing_costs_every_line_and_nothing_else(tmp_path: Path) -> None:
    with (
        Path("/dev/full").open("wb", buffering=0) as output,
        service(tmp_path, stdout=output) as running,
    ):
        running.ask(MANY)
        running.wait_for(LOG_LINES, "write_failed", MANY)
        running.end()
        assert running.lines_by_end() == {"write_failed": MANY}


def test_a_full_disk_under_the_traces_costs_spans_and_nothing_else(tmp_path: Path) -> None:
    traces = tmp_path / "traces.jsonl"
    with service(tmp_path / "run", traces_file=str(traces)) as running:
        fill_the_disk(running)
        running.ask(MANY)
        running.wait_for(SPANS_EXPORTED, "disk_full", 1)
        running.wait_for(LOG_LINES, "", MANY)
        running.end()
        ends = running.spans_by_end()
        assert running.lines_by_end() == {"": MANY}
    kept = sum(line.count('"spanId"') for line in whole_lines(traces))
    assert ends.get("", 0) == kept
    assert set(ends) <= {"", "disk_full"}


def test_a_folder_that_is_gone_costs_spans_and_nothing_else(tmp_path: Path) -> None:
    with service(tmp_path / "run", traces_file=str(tmp_path / "gone" / "traces")) as running:
        running.ask(MANY)
        running.wait_for(SPANS_EXPORTED, "FileNotFoundError", MANY * SPANS_OF_A_REQUEST)
        running.end()
        assert running.spans_by_end() == {"FileNotFoundError": MANY * SPANS_OF_A_REQUEST}
