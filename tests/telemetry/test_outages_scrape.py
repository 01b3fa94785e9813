"""Scrapers that never end their scrape: nobody waits for them, neither a request nor the stop."""

import socket
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from telemetry.catalog.http import REQUEST_DURATION
from telemetry.catalog.pipeline import LOG_LINES
from telemetry.exposition import MAX_CONNECTIONS
from tests.telemetry.outages import Service, service

MANY = 100


def silent(running: Service) -> socket.socket:
    """Connect and say nothing."""
    return socket.create_connection(("127.0.0.1", running.ports["metrics"]))


def unfinished(running: Service) -> socket.socket:
    """Send half a request."""
    connection = silent(running)
    connection.sendall(b"GET /metrics HTTP/1.1\r\nhost: x\r\n")
    return connection


def unread(running: Service) -> socket.socket:
    """Ask for the metrics again and again, and read none of them."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
    connection.connect(("127.0.0.1", running.ports["metrics"]))
    connection.sendall(b"GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n" * 200)
    return connection


@pytest.mark.parametrize("scraper", [silent, unfinished, unread])
def test_a_scrape_without_end_holds_nobody(
    tmp_path: Path, scraper: Callable[[Service], socket.socket]
) -> None:
    with service(tmp_path) as running, ExitStack() as held:
        for _ in range(MAX_CONNECTIONS + 4):
            held.enter_context(scraper(running))
        running.ask(MANY)
        assert REQUEST_DURATION.prometheus_name in running.scrape()
        running.ask(MANY)
        running.wait_for(LOG_LINES, "", 2 * MANY)
        running.end()
        assert running.lines_by_end() == {"": 2 * MANY}
