"""Ours in an outage of what telemetry depends on: a collector that is silent, a log nobody reads.

Both outages last from the start to the end. A run in which nothing was lost for it was none, and
fails: the queues have to be full while the latencies are measured.
"""

import os
import socket
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from bench.apps import handlers
from bench.apps.ours import ended_spans, started
from bench.variants import Built, Wiring
from telemetry.catalog.declarations import Metric
from telemetry.catalog.pipeline import LOG_LINES, SPANS_PROCESSED
from telemetry.runtime import Telemetry

_STOP_SECONDS: Final = 5.0
_STDOUT: Final = 1
_QUEUE_FULL: Final = "queue_full"


def build_silent_collector(wiring: Wiring) -> Built:
    """Return the application whose collector takes connections and never answers."""
    silent = socket.create_server(("127.0.0.1", 0))  # the kernel takes them: nobody has to
    port = silent.getsockname()[1]
    telemetry = started(replace(wiring, collector=f"http://127.0.0.1:{port}"))

    def spans_that_left() -> int:
        silent.close()
        return 0

    return _built(telemetry, SPANS_PROCESSED, spans_that_left)


def build_unread_stdout(wiring: Wiring) -> Built:
    """Return the application whose standard output is a pipe that nobody reads."""
    os.dup(_STDOUT)  # while the log is open, its reader waits for the spans
    _, unread = os.pipe()
    os.dup2(unread, _STDOUT)
    telemetry = started(wiring)
    return _built(telemetry, LOG_LINES, lambda: ended_spans(telemetry))


def _built(telemetry: Telemetry, losing: Metric, sampled: Callable[[], int]) -> Built:
    def finish() -> int:
        telemetry.stop(_STOP_SECONDS)
        lost = telemetry.meter.registry.get_sample_value(
            losing.prometheus_name, {"error_type": _QUEUE_FULL}
        )
        if not lost:
            message = f"the outage was none: {losing.name} counts nothing as {_QUEUE_FULL}"
            raise RuntimeError(message)
        return sampled()

    app = telemetry.wrap(handlers.decisions())
    return Built(app, telemetry.endpoint.port, finish)
