"""The results in a page of Markdown, between two marks; the rest of the page is written by hand."""

import datetime as dt
from pathlib import Path
from typing import Final

from bench.results import Results
from bench.sheets import EXPLANATION, Sheet, figures, ratios, remarks, where

BEGIN: Final = "<!-- measured: begin -->"
END: Final = "<!-- measured: end -->"


def has_place(page: Path) -> bool:
    """Return whether the page is there and has both marks, in order."""
    text = page.read_text("utf-8") if page.is_file() else ""
    return 0 <= text.find(BEGIN) < text.find(END)


def write(page: Path, results: Results) -> None:
    """Put the tables where the last ones were."""
    text = page.read_text("utf-8")
    before, after = text.partition(BEGIN)[0], text.partition(END)[2]
    today = dt.datetime.now(dt.UTC).date()
    length = "make bench ARGUMENTS=--long" if results.long else "make bench"
    parts = (
        f"{BEGIN}\nMeasured on {today} by `{length}`: {where(results)}",
        as_markdown(ratios(results)),
        EXPLANATION,
        as_markdown(figures(results)),
        *(f"- {remark}" for remark in remarks(results)),
        END,
    )
    page.write_text(before + "\n\n".join(parts) + after, "utf-8")


def as_markdown(sheet: Sheet) -> str:
    """Return a sheet as a table of Markdown."""
    rule = ("---" if number < sheet.texts else "--:" for number in range(len(sheet.head)))
    lines = (sheet.head, tuple(rule), *sheet.lines)
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
