"""The results as plain sheets of text, for a terminal (`bench.screen`) or a page (`bench.page`)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bench.results import Results
from bench.rows import HALF_LOAD_P99, Row

VOID: Final = "void"
_BY_CPU: Final = "*"
EXPLANATION: Final = (
    "ratio: the baseline's cost over the row's, as throughput, median of the pairs "
    "(*: by CPU, for a core was not kept busy). CPU: added an operation, all threads and "
    "processes, µs. p50 x, p99 x: times the baseline's latency with every connection busy; half "
    "load: p99 at half of what the bare application can take (overload: this one cannot take it)."
)
_SMALL: Final = 100
_LEAST: Final = 0.005


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table; the first so many columns are text, the others figures."""

    head: tuple[str, ...]
    lines: tuple[tuple[str, ...], ...]
    texts: int


def ratios(results: Results) -> Sheet:
    """Return a line a row."""
    void, columns = results.reasons(), results.void_columns()
    head = (
        *("comparison", "against", "ratio", "quartiles", "pairs"),
        *("CPU", "p50 x", "p99 x", "half load"),
    )
    lines = tuple(
        (
            *(row.name, row.baseline),
            *(_spread(row) if row.name not in void else (VOID, "", "")),
            "" if row.cpu_us_added is None else f"{row.cpu_us_added:+,.1f}",
            _ratio(row, "p50_ratio"),
            _ratio(row, "p99_ratio"),
            _half_load(row, void=HALF_LOAD_P99 in columns),
        )
        for row in results.every_row()
    )
    return Sheet(head, lines, 2)


def figures(results: Results) -> Sheet:
    """Return a line an absolute quantity; a layer that neither side uses has none."""
    lines = tuple(
        (
            row.name,
            figure.name,
            *(_quantity(each) for each in (figure.own, figure.baseline)),
            _quantity(figure.own - figure.baseline, sign="+"),
        )
        for row in results.every_row()
        for figure in row.figures
        if max(figure.own, figure.baseline) >= _LEAST
    )
    return Sheet(("comparison", "figure", "its own", "baseline's", "added"), lines, 2)


def remarks(results: Results) -> Sequence[str]:
    """Return what speaks against the results, a sentence each."""
    void: dict[str, list[str]] = {}
    for name, reason in results.reasons().items():
        void.setdefault(reason, []).append(name)
    return (
        *(f"VOID {', '.join(names)}: {reason}" for reason, names in void.items()),
        *(f"VOID, half load alone: {reason}" for reason in results.void_columns().values()),
        *(f"FAILED {name}: {reason}" for name, reason in results.failures.items()),
    )


def where(results: Results) -> str:
    """Return the machine and the versions in a sentence."""
    facts = results.machine
    packages = ", ".join(f"{name} {version}" for name, version in results.versions.items())
    return (
        f"{facts['cores']} cores of {facts['processor']}, {facts['system']}, "
        f"Python {facts['python']}; {packages}."
    )


def _spread(row: Row) -> tuple[str, str, str]:
    ratio = f"{row.ratio:.2f}{_BY_CPU if row.more.get('measured_by') == 'cpu' else ''}"
    quartiles = f"{row.q1:.2f}-{row.q3:.2f}" if row.pairs > 1 else ""
    return ratio, quartiles, str(row.pairs)


def _ratio(row: Row, key: str) -> str:
    value = row.more.get(key)
    return f"{value:.2f}" if isinstance(value, float) else value or ""


def _half_load(row: Row, *, void: bool) -> str:
    if HALF_LOAD_P99 not in row.more:
        return ""
    return VOID if void else _ratio(row, HALF_LOAD_P99) or VOID


def _quantity(value: float, sign: str = "") -> str:
    digits = 0 if abs(value) >= _SMALL else 2
    return f"{value:{sign},.{digits}f}"
