"""The rows as a table, and what speaks against believing them."""

import platform
from collections.abc import Iterable
from typing import Final

from rich.table import Table

from bench.rows import Row

_FAIR: Final = (0.97, 1.03)
_FIGURES: Final = (
    ("measured_by", "by"),
    ("p50_ratio", "p50 x"),
    ("p99_ratio", "p99 x"),
    ("p99_ratio_half_knee", "p99 x at half load"),
)
_ELSEWHERE: Final = (
    "memory_mib",
    "baseline_memory_mib",
    "grown_mib",
    "instructions",
    "baseline_instructions",
    "instructions_added",
)


def table_of(rows: Iterable[Row]) -> Table:
    """Return what is printed."""
    table = Table(
        *("name", "baseline", "ratio", "quartiles", "pairs", "CPU added, µs"),
        *(title for _, title in _FIGURES),
        "also",
        caption=(
            "ratio: the baseline's cost over the row's, as throughput (by time; by CPU where a "
            "core was not kept busy). CPU of all threads, a request. x: times the baseline's, all "
            "connections busy; at half load: of what the baseline can take, at random moments. "
            f"Python {platform.python_version()}, {platform.machine()}."
        ),
    )
    for row in rows:
        table.add_row(
            *(row.name, row.baseline, f"{row.ratio:.2f}", f"{row.q1:.2f} to {row.q3:.2f}"),
            *(str(row.pairs), "" if row.cpu_us_added is None else f"{row.cpu_us_added:+.2f}"),
            *(_shown(row.more.get(key)) for key, _ in _FIGURES),
            ", ".join(f"{key} {row.more[key]:,.0f}" for key in _ELSEWHERE if key in row.more),
        )
    return table


def _shown(value: float | str | None) -> str:
    return f"{value:.2f}" if isinstance(value, float) else value or ""


def reasons_against(rows: Iterable[Row]) -> list[str]:
    """Return why the run is void: something did not arrive, or equals did not come out equal."""
    found: list[str] = []
    for row in rows:
        found.extend(row.problems)
        if row.name.endswith(".aa") and not _FAIR[0] <= row.ratio <= _FAIR[1]:
            found.append(
                f"{row.name} compares a thing with itself and came out at {row.ratio:.3f}, outside "
                f"{_FAIR[0]} to {_FAIR[1]}: this machine was too busy for a comparison"
            )
    return found
