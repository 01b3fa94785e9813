"""One contestant under uvicorn, a process: see `bench.processes`, which starts it.

Its log goes to stdout. On the status descriptor: a line with its ports and threads when it listens,
and, when everything has been delivered after SIGINT, one with the number of spans that were
sampled.
"""

import argparse
import contextlib
import os
import socket
import threading
from typing import Any

import orjson
import uvicorn

from bench.variants import VARIANTS, Wiring, builder


def main() -> None:
    """Serve until SIGINT."""
    options = _options()
    os.sched_setaffinity(0, {options.core})
    built = builder(options.variant)(Wiring(options.collector, options.sampling, options.store))
    listening = socket.create_server(("127.0.0.1", 0), backlog=1024)
    config = uvicorn.Config(
        built.app,
        loop="uvloop",
        http=built.protocol,
        lifespan="on",
        access_log=False,
        log_config=None,
        log_level="error",
    )
    threads = {str(each.native_id): each.name for each in threading.enumerate()}
    ports = {"port": listening.getsockname()[1], "metrics_port": built.metrics_port}
    _say(options.status, {**ports, "threads": threads})
    with contextlib.suppress(KeyboardInterrupt):  # uvicorn raises the signal again at its end
        uvicorn.Server(config).run(sockets=[listening])
    _say(options.status, {"sampled": built.finish()})


def _options() -> Any:  # noqa: ANN401  # argparse's namespace
    parser = argparse.ArgumentParser()
    parser.add_argument("variant", choices=sorted(VARIANTS))
    parser.add_argument("--core", type=int, required=True)
    parser.add_argument("--collector", required=True)
    parser.add_argument("--sampling", type=float, required=True)
    parser.add_argument("--store", default="")
    parser.add_argument("--status", type=int, required=True)
    return parser.parse_args()


def _say(status: int, value: object) -> None:
    os.write(status, orjson.dumps(value) + b"\n")


if __name__ == "__main__":
    main()
