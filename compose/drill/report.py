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
_HEADER: Final = (
    "fault",
    "told",
    "also told",
    "false",
    "detect, s",
    "theory, s",
    "its window over, s",
    "all clear, s",
    "trace",
    "log",
    "panel",
)


_COLUMNS: Final = (
    "“Told” is what had to be told, by mail and before the repair; “also told” are effects, which "
    "the catalogue names fault by fault. “Its window over” is the message that the window is over "
    "that found the fault. “All clear” is the first after which nothing of the alert fires any "
    "more: a budget's slower windows go on, and a dash says that none had come when the drill gave "
    "the budgets back. “None can” has its reason in the catalogue."
)


def table(scorecard: Scorecard) -> Table:
    """Return the table of the incidents."""
    drawn = Table(*_HEADER, title="Detection scorecard")
    for verdict in scorecard.verdicts:
        cells = _cells(verdict, is_late=verdict in scorecard.late)
        drawn.add_row(*cells, style="" if verdict.passed else "red")
    return drawn


def summary(scorecard: Scorecard) -> Iterator[str]:
    """Yield the overall figures, then what is not as it should be."""
    yield (
        f"recall {scorecard.recall:.2f}, precision {scorecard.precision:.2f}, "
        f"{len(scorecard.false_alarms)} false alarms in {scorecard.healthy_s:.0f} s of health"
    )
    yield (
        f"precision counting effects {scorecard.precision_with_effects:.2f}: as if nothing but the "
        "expected alerts might be told"
    )
    yield (
        f"median detection {_number(scorecard.median_detect_s)} s, by the rules within "
        f"{_number(scorecard.median_theory_s)} s; the window that found it told to be over "
        f"{_number(scorecard.median_resolve_s)} s after the repair (median)"
    )
    yield (
        f"{sum(one.message_ok for one in scorecard.with_trace)} of {len(scorecard.with_trace)} "
        "incidents that a trace can show: the message's links alone lead to the right one"
    )
    for name, shown in (
        ("a log line", [one.log_ok for one in scorecard.verdicts]),
        ("a panel", [one.panel_ok for one in scorecard.verdicts]),
    ):
        could = [one for one in shown if one is not None]
        yield f"{sum(could)} of {len(could)} incidents that {name} can show: the named one does"
    yield f"{len(scorecard.verdicts)} incidents in {scorecard.took_s / 60:.1f} min"
    yield from (
        f"late: {one.fault}, told after {_number(one.detect_s)} s, by the rules and the fault "
        f"within {_number(one.theory_s + one.later_s)} s"
        for one in scorecard.late
    )
    yield from (f"BROKEN {line}" for line in scorecard.faults)


def markdown(scorecard: Scorecard) -> str:
    """Return the scorecard as Markdown."""
    rows = (_cells(one, is_late=one in scorecard.late) for one in scorecard.verdicts)
    lines = markdown_table(_HEADER, rows, texts=len(_HEADER))
    said = [f"- {line}" for line in summary(scorecard)]
    scale = (
        f"Time runs {scorecard.scale} times as fast for the alerts; the theory is the shortest "
        "window or the age that the rule allows, `for`, a scrape, an evaluation and the group's "
        "wait of the quickest rule, all one after the other: a grave fault passes the threshold "
        "before its window is full of it. What a fault itself needs longer stands behind a plus:"
    )
    later = [
        f"- {one.fault}, {one.later_s:g} s: {one.why_later}"
        for one in scorecard.verdicts
        if one.later_s
    ]
    return "\n".join([*said, "", lines, "", _COLUMNS, "", scale, "", *later])


def into_readme(scorecard: Scorecard, file: Path = README) -> None:
    """Replace the generated block; `NoPlaceError` where there is none."""
    BLOCK.write(file, markdown(scorecard))


def counts(answers: Mapping[str, int]) -> str:
    """Return answers by status, such as `200: 512, 503: 40`."""
    return ", ".join(f"{status}: {count}" for status, count in sorted(answers.items()))


def _cells(verdict: Verdict, *, is_late: bool) -> tuple[str, ...]:
    missing = "".join(f", {name} missing" for name in verdict.missing)
    more = f" + {verdict.later_s:g}" if verdict.later_s else ""
    return (
        verdict.fault,
        (", ".join(verdict.seen) or "nothing") + missing,
        ", ".join(verdict.effects) or "none",
        ", ".join(verdict.false) or "none",
        _number(verdict.detect_s) + (", late" if is_late else ""),
        _number(verdict.theory_s) + more,
        _number(verdict.resolve_s),
        _number(verdict.clear_s),
        _shown(verdict.message_ok if verdict.has_trace else None),
        _shown(verdict.log_ok),
        _shown(verdict.panel_ok),
    )


def _shown(ok: bool | None) -> str:  # noqa: FBT001  # yes, no, or none can
    return "none can" if ok is None else "yes" if ok else "no"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"
