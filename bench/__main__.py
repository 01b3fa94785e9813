"""`python -m bench`: run every comparison, print a table, write build/bench.json.

`python -m bench load` is another: the whole service under load (`bench.load`).

The file is written anew after every row, so that a run that is cut off leaves what it measured; a
comparison, or a row, that fails takes no other with it.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Final

from rich.console import Console

from bench import exposition, instructions, memory, outage, page, screen, service
from bench.processes import Cores
from bench.results import Results
from bench.rounds import Effort
from bench.rows import Measurement

RESULT: Final = Path("build/bench.json")
_REQUESTS: Final = 50_000
_REQUESTS_LONG: Final = 1_000_000
_WIDTH: Final = 100
"""Columns where no terminal says how many there are."""

Comparison = Callable[[], Iterable[Measurement]]


def comparisons(cores: Cores, *, long: bool) -> Mapping[str, Comparison]:
    """Return what can be measured, by name, in the order in which it is."""
    effort = Effort(rounds=9) if long else Effort()
    return {
        "requests": lambda: service.requests(cores, effort),
        "stores": lambda: service.data_stores(cores, effort),
        "outages": lambda: outage.measurements(cores, effort),
        "memory": lambda: memory.measurements(cores, _REQUESTS_LONG if long else _REQUESTS),
        "exposition": exposition.measurements,
        # Needs what only the bench's own environment has.
        "encoding": lambda: import_module("bench.encoding").measurements(),
        "instructions": instructions.measurements,
        # The service's own: imported late, it needs what the service needs.
        "ingestion": lambda: import_module("bench.ingestion").measurements(pairs=15 if long else 7),
        "checks": lambda: import_module("bench.domain.checks").measurements(cores, effort),
        "scale": lambda: import_module("bench.domain.scale").measurements(
            pairs=300 if long else 100
        ),
        "jobs": lambda: import_module("bench.domain.jobs").measurements(
            cores, pairs=15 if long else 7
        ),
    }


def measure(name: str, comparison: Comparison, results: Results, console: Console) -> None:
    """Take every measurement that can be taken; what fails is noted beside the rows."""
    try:
        for measurement in comparison():
            started = time.monotonic()
            try:
                row = measurement.take()
            except Exception as error:  # noqa: BLE001  # whatever it is, the others go on
                results.failed(measurement.name, error)
                console.print(screen.failure_line(measurement.name, error), markup=False)
            else:
                results.add(name, row)
                seconds = time.monotonic() - started
                console.print(screen.progress_line(row, seconds), markup=False, highlight=False)
            results.write(RESULT)
    except Exception as error:  # noqa: BLE001  # the same, of what all of them need
        results.failed(name, error)
        results.write(RESULT)
        console.print(screen.failure_line(name, error), markup=False)


def main() -> int:
    """Measure, show, store; return 1 where a row is void or failed."""
    if sys.argv[1:2] == ["load"]:  # no comparison: the whole platform, on every core
        command: Callable[[list[str]], int] = import_module("bench.load.command").main
        return command(sys.argv[2:])
    console = Console(width=None if sys.stdout.isatty() else _WIDTH)
    cores = Cores.of_this_machine()
    options = _options(comparisons(cores, long=False))
    known = comparisons(cores, long=options.long)
    results = Results.of_this_machine(long=options.long)
    started = time.monotonic()
    try:
        for name in options.only or known:
            console.print(f"[dim]{time.monotonic() - started:4.0f} s  {name}[/dim]")
            # Counting instructions takes no time that matters: it may use every core.
            os.sched_setaffinity(0, cores.all if name == "instructions" else cores.others)
            measure(name, known[name], results, console)
    except KeyboardInterrupt:
        results.failed("the run", KeyboardInterrupt("interrupted"))
    results.write(RESULT)
    screen.show(results, console)
    if options.write:
        page.write(options.write, results)
    return int(results.is_void())


def _options(known: Mapping[str, Comparison]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench")
    parser.add_argument("only", nargs="*", help=", ".join(known))
    parser.add_argument("--long", action="store_true", help="more rounds, a million requests")
    page.add_option(parser, page.BLOCK)
    options = parser.parse_args()
    unknown = set(options.only) - set(known)
    if unknown:
        parser.error(f"no such comparison: {', '.join(sorted(unknown))}")
    return options


if __name__ == "__main__":
    sys.exit(main())
