"""One delivery to a collector that is broken in some way: how it ends, and what was read."""

import gzip
import json
import resource
import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceResponse,
)
from opentelemetry.sdk.resources import Resource

from telemetry.destinations import DeliveryError, JsonFile, OtlpHttp
from telemetry.errors import SettingsError
from telemetry.otlp_answer import rejected_spans
from telemetry.span_queue import Chunk, SpanBatch
from tests.servers import free_port
from tests.telemetry import faulty_collector as faults
from tests.telemetry.faulty_collector import Fault, answers, collector, healthy

SPANS = SpanBatch(own=[Chunk(b"", 3, 0)])
JSON_SPANS = SpanBatch(own=[Chunk(b",".join([b'{"name":"work"}'] * 3), 3, 0)])
PATIENCE_SECONDS = 20.0
SHORT_SECONDS = 0.2
"""For faults that end only with the time for a delivery."""


def destination(endpoint: str) -> closing[OtlpHttp]:
    return closing(OtlpHttp(endpoint, {}, Resource({})))


def failure(endpoint: str, seconds: float = PATIENCE_SECONDS) -> DeliveryError:
    with destination(endpoint) as sender, pytest.raises(DeliveryError) as raised:
        sender.deliver(SPANS, seconds)
    return raised.value


@pytest.mark.parametrize(
    ("fault", "reason", "seconds"),
    [
        (faults.held, "timeout", SHORT_SECONDS),
        (faults.deaf, "timeout", SHORT_SECONDS),
        (faults.closing_without_an_answer, "connection_lost", PATIENCE_SECONDS),
        (faults.ENDLESS_HEADERS, "malformed_answer", PATIENCE_SECONDS),
        (faults.ENDLESS_STATUS_LINE, "malformed_answer", PATIENCE_SECONDS),
        (faults.ENDLESS_CONTINUE, "malformed_answer", PATIENCE_SECONDS),
        (faults.GARBAGE, "malformed_answer", PATIENCE_SECONDS),
        (faults.then_for_ever(b"HTTP/1.1 200 OK\r\n", b""), "timeout", SHORT_SECONDS),
    ],
)
def test_a_broken_answer_is_a_failure_that_may_be_tried_again(
    fault: Fault, reason: str, seconds: float
) -> None:
    with collector(fault) as broken:
        error = failure(broken.endpoint, seconds)
    assert (error.reason, error.retryable) == (reason, True)


def test_a_dripping_answer_ends_with_the_time_of_the_delivery() -> None:
    """Each byte comes within the socket's timeout: only a deadline for all of them ends it."""

    def drips(serving: faults.FaultyCollector, connection: socket.socket) -> None:
        faults.receive(serving, connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nDrops: ")
        while not serving.released.wait(SHORT_SECONDS / 10):
            connection.sendall(b"H")

    with collector(drips) as broken:
        assert failure(broken.endpoint, SHORT_SECONDS).reason == "timeout"


def test_a_collector_that_is_not_there_may_be_tried_again() -> None:
    error = failure(f"http://127.0.0.1:{free_port()}")
    assert (error.reason, error.retryable) == ("connection_refused", True)


def test_a_name_that_does_not_resolve_may_be_tried_again() -> None:
    error = failure("http://collector.invalid:4318")
    assert (error.reason, error.retryable) == ("name_not_resolved", True)


@pytest.mark.parametrize("fault", [faults.ENDLESS_BODY, faults.ENDLESS_CHUNKS, faults.HUGE_BODY])
def test_what_is_read_of_a_body_is_bounded_and_its_status_stands(fault: Fault) -> None:
    with collector(fault) as broken, destination(broken.endpoint) as sender:
        assert sender.deliver(SPANS, PATIENCE_SECONDS) == 0
        assert sender.deliver(SPANS, PATIENCE_SECONDS) == 0
        # What is left of the first answer is not taken for the second.
        assert broken.connections == len(broken.requests) == 2


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_collector_that_is_overloaded_may_be_tried_again(status: int) -> None:
    with collector(answers(status)) as refusing:
        error = failure(refusing.endpoint)
    assert (error.reason, error.retryable) == (str(status), True)


@pytest.mark.parametrize("status", [301, 400, 401, 404, 413, 500])
def test_a_refusal_is_final(status: int) -> None:
    with collector(answers(status)) as refusing:
        error = failure(refusing.endpoint)
    assert (error.reason, error.retryable) == (str(status), False)


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [
        ("7", 7),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0),
        ("soon", None),
        ("-1", None),
        ("9" * 40, 999_999_999),
    ],
)
def test_retry_after_is_read_in_both_forms(asked: str, seconds: float | None) -> None:
    with collector(answers(503, headers=(f"retry-after: {asked}",))) as refusing:
        assert failure(refusing.endpoint).retry_after_seconds == seconds


def test_batches_share_a_connection() -> None:
    with collector(healthy) as serving, destination(serving.endpoint) as sender:
        for _ in range(3):
            sender.deliver(SPANS, PATIENCE_SECONDS)
        assert (serving.connections, len(serving.requests)) == (1, 3)


def test_the_headers_are_sent_as_they_are_and_the_body_as_gzip_where_asked() -> None:
    with collector(healthy) as serving:
        headers = {"Authorization": "Basic aHVzaA==", "x-tenant": "a b"}
        sender = OtlpHttp(serving.endpoint, headers, Resource({"a": "b"}), compressed=True)
        with closing(sender):
            sender.deliver(SPANS, PATIENCE_SECONDS)
        [request] = serving.requests
    assert request.headers["authorization"] == "Basic aHVzaA=="
    assert request.headers["x-tenant"] == "a b"
    assert request.headers["content-encoding"] == "gzip"
    assert gzip.decompress(request.body)


@pytest.mark.parametrize(
    "header", [("a b", "c"), ("a", "b\r\nc: d"), ("", "b"), ("a", "b\0"), ("a", "\u20ac")]
)
def test_a_header_that_http_does_not_allow_is_refused_without_its_value(
    header: tuple[str, str],
) -> None:
    name, value = header
    with pytest.raises(SettingsError) as raised:
        OtlpHttp("http://127.0.0.1", {name: value}, Resource({}))
    assert value not in str(raised.value).replace(repr(name), "")


def response(rejected: int) -> bytes:
    partial = ExportTracePartialSuccess(rejected_spans=rejected, error_message="too old")
    message: bytes = ExportTraceServiceResponse(partial_success=partial).SerializeToString()
    return message


@pytest.mark.parametrize("rejected", [0, 1, 2, 3, 200, 2**40])
def test_a_partial_success_tells_how_many_were_rejected(rejected: int) -> None:
    assert rejected_spans(response(rejected)) == rejected
    answering = answers(200, body=response(rejected))
    with collector(answering) as serving, destination(serving.endpoint) as sender:
        assert sender.deliver(SPANS, PATIENCE_SECONDS) == min(rejected, 3)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"\x0a",
        b"\x0a\xff",
        b"\xff" * 12,
        response(2)[:-1],
        response(-1),
        b"\x0a\x02\x0a\x00",
        b"\x0f",
        b"\x10\x02",
    ],
)
def test_an_answer_that_is_no_such_message_rejects_nothing(body: bytes) -> None:
    assert rejected_spans(body) == 0


@pytest.fixture
def limited_files() -> Iterator[int]:
    """What a file may have, in bytes: as on a full disk, writing ends there."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, before[1]))
    yield 1_000
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_file_that_is_full_for_a_while_has_whole_lines_for_what_was_delivered(
    tmp_path: Path, limited_files: int
) -> None:
    path = tmp_path / "traces.jsonl"
    file = JsonFile(path, Resource({}))
    ends = [end_of(file) for _ in range(20)]
    assert path.stat().st_size == limited_files
    assert set(ends) == {"", "disk_full"}

    resource.setrlimit(resource.RLIMIT_FSIZE, resource.getrlimit(resource.RLIMIT_FSIZE)[1:] * 2)
    file.deliver(JSON_SPANS, PATIENCE_SECONDS)
    assert sum(map(is_json, path.read_text().splitlines())) == ends.count("") + 1


def end_of(file: JsonFile) -> str:
    try:
        file.deliver(JSON_SPANS, PATIENCE_SECONDS)
    except DeliveryError as error:
        return "again" if error.retryable else error.reason
    return ""


def is_json(line: str) -> bool:
    try:
        json.loads(line)
    except ValueError:
        return False
    return True


def test_processes_may_share_a_file(tmp_path: Path) -> None:
    path = tmp_path / "traces.jsonl"

    def deliver() -> None:
        file = JsonFile(path, Resource({}))
        for _ in range(50):
            file.deliver(JSON_SPANS, PATIENCE_SECONDS)

    writers = [threading.Thread(target=deliver) for _ in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    lines = path.read_text().splitlines()
    assert len(lines) == 200
    assert all(map(is_json, lines))
