"""`python -m bench`: run every comparison, print a table, write build/bench.json."""

import platform
from dataclasses import asdict
from pathlib import Path

import orjson
from rich.console import Console
from rich.table import Table

from bench import encoding

RESULT = Path("build/bench.json")
_COMPARISONS = (encoding.comparisons,)


def main() -> None:
    """Measure, show, store."""
    rows = [row for comparisons in _COMPARISONS for row in comparisons()]
    table = Table("name", "baseline", "ratio", "quartiles", "pairs", "CPU added, µs/op")
    for row in rows:
        quartiles = f"{row.q1:.2f} to {row.q3:.2f}"
        added = f"{row.cpu_us_added:+.2f}"
        table.add_row(row.name, row.baseline, f"{row.ratio:.2f}", quartiles, str(row.pairs), added)
    console = Console()
    console.print(table)
    console.print(
        f"ratio: throughput over the baseline's. Python {platform.python_version()}, "
        f"{platform.machine()}. A run whose .aa row is outside 0.97 to 1.03 is void."
    )
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_bytes(orjson.dumps([asdict(row) for row in rows], option=orjson.OPT_INDENT_2))


if __name__ == "__main__":
    main()
