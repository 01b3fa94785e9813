"""The scorecard for people: a table for the terminal, Markdown, and the block in README.md."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from rich.table import Table

from compose.drill.record import Verdict
from compose.drill.scorecard import Scorecard
from compose.markdown import Block
from compose.markdown import table as markdown_table

README: Final = Path(__file__).resolve().parents[2] / "README.md"
BLOCK: Final = Block("scorecard", "python -m compose drill --write")
_HEADER: Final = ("fault", "told", "detect, s", "theory, s", "resolve, s", "to the trace", "false")


def table(scorecard: Scorecard) -> Table:
    """Return the table of the incidents."""
    drawn = Table(*_HEADER, title="Detection scorecard")
    for verdict in scorecard.verdicts:
        drawn.add_row(*_cells(verdict), style="" if verdict.passed else "red")
    return drawn


def summary(scorecard: Scorecard) -> Iterator[str]:
    """Yield the overall figures, then what is not as it should be."""
    yield (
        f"recall {scorecard.recall:.2f}, precision {scorecard.precision:.2f}, "
        f"{len(scorecard.false_alarms)} false alarms in {scorecard.healthy_s:.0f} s of health"
    )
    yield (
        f"median detection {_number(scorecard.median_detect_s)} s, by the rules within "
        f"{_number(scorecard.median_theory_s)} s; median resolution "
        f"{_number(scorecard.median_resolve_s)} s"
    )
    yield (
        f"{sum(one.links_ok for one in scorecard.with_trace)} of {len(scorecard.with_trace)} "
        "incidents that a trace can show: the message's links alone lead to the right one"
    )
    yield f"{len(scorecard.verdicts)} incidents in {scorecard.took_s / 60:.1f} min"
    yield from (f"BROKEN {line}" for line in scorecard.faults)


def markdown(scorecard: Scorecard) -> str:
    """Return the scorecard as Markdown."""
    lines = markdown_table(_HEADER, map(_cells, scorecard.verdicts), texts=len(_HEADER))
    said = [f"- {line}" for line in summary(scorecard)]
    scale = (
        f"Time runs {scorecard.scale} times as fast for the alerts; the theory is the shortest "
        "window, `for`, a scrape, an evaluation and the group's wait of the quickest rule, all one "
        "after the other: a grave fault passes the threshold before its window is full of it."
    )
    return "\n".join([*said, "", lines, "", scale])


def into_readme(scorecard: Scorecard, file: Path = README) -> None:
    """Replace the generated block; `NoPlaceError` where there is none."""
    BLOCK.write(file, markdown(scorecard))


def counts(answers: Mapping[str, int]) -> str:
    """Return answers by status, such as `200: 512, 503: 40`."""
    return ", ".join(f"{status}: {count}" for status, count in sorted(answers.items()))


def _cells(verdict: Verdict) -> tuple[str, ...]:
    missing = "".join(f", {name} missing" for name in verdict.missing)
    trace = "no trace shows it" if not verdict.has_trace else "yes" if verdict.links_ok else "no"
    return (
        verdict.fault,
        (", ".join(verdict.seen) or "nothing") + missing,
        _number(verdict.detect_s),
        _number(verdict.theory_s),
        _number(verdict.resolve_s),
        trace,
        ", ".join(verdict.false) or "none",
    )


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"
