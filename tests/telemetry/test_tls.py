"""Spans to a collector over TLS: whole, over one connection, and only to one that is trusted."""

import socket
import ssl
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from telemetry.bounded_http import BoundedHttp
from telemetry.protobuf import Parts
from tests.telemetry.faulty_collector import FaultyCollector, collector, receive

PATIENCE_SECONDS = 20.0
PEM = Path(__file__).parent / "tls" / "collector.pem"
"""A key that protects nothing, and its certificate for 127.0.0.1, signed by itself."""


def over_tls(serving: FaultyCollector, connection: socket.socket) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(PEM)
    with context.wrap_socket(connection, server_side=True) as wrapped:
        while True:
            receive(serving, wrapped)
            wrapped.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")


def posting_to(serving: FaultyCollector) -> closing[BoundedHttp]:
    url = urlsplit(serving.endpoint.replace("http", "https"))
    return closing(BoundedHttp(url, "/v1/traces", {}))


def test_bodies_of_any_size_arrive_over_one_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(PEM))
    bodies = [Parts.of([bytes([number]) * 1_000] * number) for number in (1, 0, 250)]
    large = Parts.of([b"x" * 1_000_000] * 5)  # more than the sockets hold: it has to wait
    with collector(over_tls) as serving, posting_to(serving) as http:
        for body in (*bodies, large):
            assert http.post(body, PATIENCE_SECONDS).status == 200
        sent = [b"".join(body.parts) for body in (*bodies, large)]
        assert [request.body for request in serving.requests] == sent
        assert serving.connections == 1


def test_nothing_is_sent_to_a_collector_that_is_not_trusted() -> None:
    with (
        collector(over_tls) as serving,
        posting_to(serving) as http,
        pytest.raises(ssl.SSLCertVerificationError),
    ):
        http.post(Parts.of([b"span"]), PATIENCE_SECONDS)
    assert serving.requests == []
