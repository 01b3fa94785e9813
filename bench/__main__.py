"""`python -m bench`: run every comparison, print a table, write build/bench.json."""

import argparse
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final

import orjson
from rich.console import Console

from bench import encoding, exposition, instructions, memory, service
from bench.processes import Cores
from bench.report import reasons_against, table_of
from bench.rounds import Effort
from bench.rows import Row

RESULT: Final = Path("build/bench.json")
_REQUESTS: Final = 50_000
_REQUESTS_LONG: Final = 1_000_000

Comparison = Callable[[], Iterable[Row]]

_WIDTH = 140
"""Columns where no terminal says how many there are."""


def comparisons(cores: Cores, *, long: bool) -> Mapping[str, Comparison]:
    """Return what can be measured, by name, in the order in which it is."""
    effort = Effort(rounds=9) if long else Effort()
    return {
        "requests": lambda: service.requests(cores, effort),
        "stores": lambda: service.data_stores(cores, effort),
        "memory": lambda: memory.rows(cores, _REQUESTS_LONG if long else _REQUESTS),
        "exposition": exposition.rows,
        "encoding": encoding.comparisons,
        "instructions": instructions.rows,
    }


def main() -> int:
    """Measure, show, store; return 1 where the run is void."""
    console = Console(width=None if sys.stdout.isatty() else _WIDTH)
    cores = Cores.of_this_machine()
    parser = argparse.ArgumentParser(prog="python -m bench")
    parser.add_argument("only", nargs="*", help=", ".join(comparisons(cores, long=False)))
    parser.add_argument("--long", action="store_true", help="more rounds, a million requests")
    options = parser.parse_args()
    known = comparisons(cores, long=options.long)
    unknown = set(options.only) - set(known)
    if unknown:
        parser.error(f"no such comparison: {', '.join(sorted(unknown))}")
    rows: list[Row] = []
    for name in options.only or known:
        console.print(f"[dim]{name}[/dim]")
        # Counting instructions takes no time that matters: it may use every core.
        os.sched_setaffinity(0, cores.all if name == "instructions" else cores.others)
        rows.extend(known[name]())
    console.print(table_of(rows))
    against = reasons_against(rows)
    for reason in against:
        console.print(f"VOID: {reason}", style="red", markup=False)
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_bytes(orjson.dumps([row.as_json() for row in rows], option=orjson.OPT_INDENT_2))
    return int(bool(against))


if __name__ == "__main__":
    sys.exit(main())
