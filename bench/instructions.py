"""User-space instructions a request costs, counted by callgrind: `python -m bench.instructions`.

ASGI calls in the process, without a server, as many at once as a busy service has; each variant
runs twice, and the difference between the two numbers of requests leaves out the start. Counts
repeat where times do not, so `--check LIMIT`, which fails where ours adds more than LIMIT
instructions a request, stands in `make check`.
"""

import argparse
import os
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from typing import Final

from bench.processes import Receiver, receiver
from bench.rows import Figure, Measurement, Row
from bench.valgrind import Callgrind, CountError, callgrind
from bench.variants import VARIANTS

_FEW: Final = 960
_MANY: Final = 2_880
_FIGURE: Final = "instructions a request"
_SETTINGS: Final = (("ours", 1.0), ("ours", 0.1), ("stock", 1.0), ("stock", 0.1))
_LIMIT_REACHED, _NOT_COUNTED = 1, 2


def measurements() -> Iterator[Measurement]:
    """Yield a measurement a variant: its ratio is the bare application's count over its own."""
    tool = cache(callgrind)
    bare = cache(lambda: per_request("bare", 1.0, tool()))
    for variant, sampling in _SETTINGS:
        name = f"instructions.{variant}.sampling{sampling * 100:.0f}"
        yield Measurement(name, partial(_row, name, variant, sampling, tool, bare))


def _row(
    name: str,
    variant: str,
    sampling: float,
    tool: Callable[[], Callgrind],
    bare: Callable[[], float],
) -> Row:
    own = per_request(variant, sampling, tool())
    return Row.of_one(name, "bare", bare() / own, Figure(_FIGURE, own, bare()))


def per_request(variant: str, sampling: float, tool: Callgrind) -> float:
    """Return the instructions that one request costs, in all threads of the process.

    `CountError` where a run fails, or where a span or a log line did not arrive.
    """
    run = partial(_instructions, variant, sampling, tool)
    with ThreadPoolExecutor() as pool:
        few, many = pool.map(run, (_FEW, _MANY))
    return (many - few) / (_MANY - _FEW)


def _instructions(variant: str, sampling: float, tool: Callgrind, requests: int) -> int:
    log_read, log_write = os.pipe()
    with receiver(log_read) as collector:
        os.close(log_read)
        words = (
            *(sys.executable, "-m", "bench.in_process", variant, "--requests", str(requests)),
            *("--collector", collector.address, "--sampling", str(sampling)),
        )
        try:
            counted = tool.count(words, stdout=log_write)
        finally:
            os.close(log_write)
        _check_arrived(variant, sampling, requests, collector)
    return counted


def _check_arrived(variant: str, sampling: float, requests: int, collector: Receiver) -> None:
    expected = VARIANTS[variant]
    received = collector.received()
    lines = requests * expected.lines
    spans = requests * expected.spans
    if received["lines"] != lines or (sampling == 1 and received["spans"] != spans):
        message = f"{variant}: {received} arrived in place of {lines} lines and {spans} spans"
        raise CountError(message)


def main(arguments: list[str] | None = None) -> int:
    """Print the counts; return 1 where ours adds more than the limit, 2 where none was counted."""
    parser = argparse.ArgumentParser(prog="python -m bench.instructions")
    parser.add_argument("--check", type=int, metavar="LIMIT", help="the most that ours may add")
    options = parser.parse_args(arguments)
    try:
        tool = callgrind()
        bare, own = (per_request(variant, 1.0, tool) for variant in ("bare", "ours"))
    except CountError as error:
        sys.stderr.write(f"{error}\n")
        return _NOT_COUNTED
    return verdict(bare, own, options.check)


def verdict(bare: float, own: float, limit: int | None) -> int:
    """Print both counts and return the exit status."""
    allowed = "" if limit is None else f", at most {limit:,} allowed"
    sys.stdout.write(
        f"instructions a request: bare {bare:,.0f}, ours adds {own - bare:,.0f}{allowed}\n"
    )
    return _LIMIT_REACHED if limit is not None and own - bare > limit else 0


if __name__ == "__main__":
    sys.exit(main())
