"""A reader of stdout that is slow, stuck or gone: lines are lost and counted, answers are not."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import pytest

from telemetry.catalog.pipeline import LOG_LINES, LOG_QUEUE_CAPACITY, LOG_QUEUE_SIZE
from tests.telemetry.faulty_collector import collector, healthy
from tests.telemetry.outages import service

MANY = 600
"""Requests whose lines are several times what a pipe holds."""
PIPE_BYTES = 65_536


@contextmanager
def pipe() -> Iterator[tuple[int, IO[bytes]]]:
    """A pipe's end for reading, as a number, and the end for writing."""
    reader, writer = os.pipe()
    with os.fdopen(writer, "wb") as output:
        yield reader, output
    with suppress(OSError):  # a test has closed it
        os.close(reader)


def test_a_pipe_that_nobody_reads_costs_lines_and_nothing_else(tmp_path: Path) -> None:
    with (
        collector(healthy) as serving,
        pipe() as (reader, output),
        service(tmp_path, stdout=output, otlp_endpoint=serving.endpoint) as running,
    ):
        running.ask(MANY)
        waiting = running.counts(LOG_QUEUE_SIZE)[""]
        assert 0 < waiting <= running.counts(LOG_QUEUE_CAPACITY)[""]
        running.end()
        lines = running.lines_by_end()
        assert lines.pop("already_shutdown") > 0
        read = os.read(reader, 2 * PIPE_BYTES)
    # Of the chunk in which the writer was stuck, a part is in the pipe and counted as lost.
    assert read.count(b"\n") >= lines.get("", 0)


def test_a_pipe_that_is_read_again_loses_nothing(tmp_path: Path) -> None:
    with pipe() as (reader, output), service(tmp_path, stdout=output) as running:
        running.ask(MANY)
        assert running.counts(LOG_QUEUE_SIZE)[""] > 0
        read = b""
        while read.count(b"\n") < MANY:
            read += os.read(reader, PIPE_BYTES)
        running.wait_for(LOG_LINES, "", MANY)
        running.end()
        assert running.lines_by_end() == {"": MANY}
    assert read.count(b"\n") == MANY


@pytest.mark.parametrize("when", ["before", "between"])
def test_a_pipe_whose_reader_is_gone_costs_lines_and_nothing_else(
    tmp_path: Path, when: str
) -> None:
    with pipe() as (reader, output), service(tmp_path, stdout=output) as running:
        if when == "between":
            running.ask(MANY // 10)
        os.close(reader)
        running.ask(MANY)
        running.wait_for(LOG_LINES, "write_failed", MANY)
        running.end()
        assert set(running.lines_by_end()) <= {"", "write_failed"}
