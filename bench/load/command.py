"""`python -m bench load`: the knee of the whole service, then its replicas behind a proxy."""

import argparse
import time
from pathlib import Path
from typing import Final

from rich.console import Console

from bench import page
from bench.load import knee, replicas, results, rig
from bench.load.knee import Effort, Step
from bench.load.mix import Mix
from bench.load.results import Results
from bench.screen import as_table

RESULT: Final = Path("build/load.json")
MOST_REPLICAS: Final = 3
_QUICK: Final = Effort(stretches=1, seconds=2.0)
_WIDTH: Final = 150
_RATE: Final = 100.0
"""Of the replicas where the knee was not looked for."""


def main(arguments: list[str]) -> int:
    """Measure, show, store; return 1 where a count was not exact."""
    options = _options(arguments)
    console = Console(width=_WIDTH)
    effort = _QUICK if options.quick else Effort()
    found = Results(quick=options.quick)
    started = time.monotonic()

    def tell(step: Step) -> None:
        console.print(
            f"{time.monotonic() - started:5.0f} s  {step.name:24} {step.answered:7,.0f}/s "
            f"p99 {step.p99 * 1e3:8.2f} ms",
            highlight=False,
        )

    if options.only != "replicas":
        with rig.running(1, proxy=False) as running:
            running.watch()
            found.found = knee.search(running, Mix(running.plan.api_key), effort, tell)
        found.write(RESULT)
    if options.only != "knee":
        rate = found.found.knee / 2 if found.found else _RATE
        for number in range(1, MOST_REPLICAS + 1):
            row = replicas.measure(number, rate, effort)
            found.rows = (*found.rows, row)
            tell(row.full)
            found.write(RESULT)
    for sheet in results.sheets(found):
        console.print(as_table(sheet))
    for sentence in results.sentences(found):
        console.print(sentence, markup=False, highlight=False)
    if options.write:
        results.put_into(options.write, found)
    return int(not found.is_exact)


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench load", description=__doc__)
    parser.add_argument("--only", choices=("knee", "replicas"), help="half of it")
    parser.add_argument(
        "--quick", action="store_true", help="short stretches: to see that it works"
    )
    page.add_option(parser, results.BLOCK)
    return parser.parse_args(arguments)
