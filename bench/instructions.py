"""User-space instructions a request costs, counted by callgrind: `python -m bench.instructions`.

In-process ASGI calls, without a server; each variant runs twice, and the difference between the
two numbers of requests leaves out the start. Counts repeat where times do not, so `--check LIMIT`,
which fails where ours adds more than LIMIT instructions a request, can stand in CI.
"""

import argparse
import asyncio
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from starlette.types import Message

from bench.processes import receiver
from bench.rows import Row
from bench.server import builder
from bench.variants import BODY, PATH, Wiring

_FEW: Final = 2_000
_MANY: Final = 4_000
_COLLECTED: Final = re.compile(rb"Collected : (\d+)")
_HEADERS: Final = [(b"host", b"127.0.0.1:8000"), (b"user-agent", b"bench"), (b"accept", b"*/*")]


class CountError(Exception):
    """Valgrind is missing, or counted nothing."""


def rows(variants: tuple[str, ...] = ("ours", "stock")) -> Iterator[Row]:
    """Yield a row a variant; the ratio is the bare application's instructions over its own."""
    bare = per_request("bare")
    for variant in variants:
        own = per_request(variant)
        ratio = bare / own
        more = {
            "instructions": own,
            "baseline_instructions": bare,
            "instructions_added": own - bare,
        }
        yield Row(f"instructions.{variant}", "bare", ratio, ratio, ratio, 1, None, more)


def per_request(variant: str) -> float:
    """Return the instructions that one request costs, in all threads of the process."""
    with ThreadPoolExecutor() as pool:
        few, many = pool.map(lambda requests: _instructions(variant, requests), (_FEW, _MANY))
    return (many - few) / (_MANY - _FEW)


def _instructions(variant: str, requests: int) -> int:
    log_read, log_write = os.pipe()
    with receiver(log_read) as collector:
        os.close(log_read)
        command = [
            *("valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"),
            *(sys.executable, "-m", "bench.instructions"),
            *("--run", variant, "--requests", str(requests), "--collector", collector.address),
        ]
        try:
            ended = subprocess.run(  # noqa: S603  # ours
                command,
                check=False,
                stdout=log_write,
                stderr=subprocess.PIPE,
                env={**os.environ, "PYTHONHASHSEED": "0"},
            )
        except FileNotFoundError:
            message = "valgrind is not on this machine: apt-get install valgrind"
            raise CountError(message) from None
        finally:
            os.close(log_write)
    counted = _COLLECTED.search(ended.stderr)
    if ended.returncode or counted is None:
        raise CountError(ended.stderr[-2000:].decode(errors="replace"))
    return int(counted[1])


async def _run(variant: str, requests: int, collector: str) -> None:
    """Serve so many requests as the ASGI server would, but from memory."""
    built = builder(variant)(Wiring(collector, 1.0, ""))
    bodies = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:  # ASGI's signature
        if message["type"] == "http.response.body" and message.get("body"):
            bodies.append(message["body"])

    for _ in range(requests):
        await built.app(_scope(), receive, send)
    if bodies != [BODY] * requests:
        message = "not every request was answered"
        raise CountError(message)
    await asyncio.to_thread(built.finish)


def _scope() -> dict[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "server": ("127.0.0.1", 8000),
        "client": ("127.0.0.1", 50_000),
        "scheme": "http",
        "root_path": "",
        "method": "GET",
        "path": PATH,
        "raw_path": PATH.encode(),
        "query_string": b"",
        "headers": list(_HEADERS),
        "state": {},
    }


def main() -> int:
    """Print the counts; return 1 where ours adds more than the limit."""
    parser = argparse.ArgumentParser(prog="python -m bench.instructions")
    parser.add_argument("--check", type=int, metavar="LIMIT", help="the most that ours may add")
    for hidden in ("--run", "--requests", "--collector"):
        parser.add_argument(hidden, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.run:
        asyncio.run(_run(options.run, int(options.requests), options.collector))
        return 0
    try:
        (row,) = rows(("ours",))
    except CountError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    added = float(str(row.more["instructions_added"]))
    sys.stdout.write(
        f"instructions a request: bare {row.more['baseline_instructions']:.0f}, ours adds "
        f"{added:.0f}" + (f" (at most {options.check} allowed)\n" if options.check else "\n")
    )
    return int(options.check is not None and added > options.check)


if __name__ == "__main__":
    sys.exit(main())
