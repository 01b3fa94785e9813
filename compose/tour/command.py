"""`python -m compose tour [FAULT]`: walk through an incident, and find its cause."""

import argparse
import sys
from pathlib import Path
from typing import Final

from rich.console import Console

from compose.drill.record import FOLDER
from compose.incident.reading import read
from compose.incident.sample import SAMPLE
from compose.native.errors import RunError
from compose.tour.guide import Guide

_WIDTH: Final = 120
_INTERRUPTED: Final = 130


def run(arguments: list[str]) -> int:
    """Walk through one incident, from the page to the cause. All at once without a terminal."""
    parser = argparse.ArgumentParser(prog="python -m compose tour", description=run.__doc__)
    parser.add_argument(
        "fault", nargs="?", help="an incident that a drill recorded; a sample's without it"
    )
    parser.add_argument("--all", action="store_true", help="print it all, ask nothing")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where the records are")
    options = parser.parse_args(arguments)
    asks = sys.stdin.isatty() and sys.stdout.isatty() and not options.all
    console = Console(width=None if sys.stdout.isatty() else _WIDTH)
    try:
        incident = read(
            SAMPLE if options.fault is None else options.folder / f"{options.fault}.json"
        )
        Guide(console, console.input if asks else None).lead(incident)
    except RunError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except (EOFError, KeyboardInterrupt):  # the reader has seen enough
        console.print()
        return _INTERRUPTED
    return 0
