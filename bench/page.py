"""The results in a page of Markdown, between two marks; the rest of the page is written by hand."""

import argparse
import datetime as dt
from pathlib import Path
from typing import Final

from bench.results import Results
from bench.sheets import EXPLANATION, Sheet, figures, ratios, remarks, where
from compose.markdown import Block, NoPlaceError, table

BLOCK: Final = Block("figures", "python -m bench --write docs/bench.md")


def add_option(parser: argparse.ArgumentParser, block: Block) -> None:
    """Let a command write its block into a page, which is looked at before anything is measured."""

    def with_place(word: str) -> Path:
        page = Path(word)
        try:
            block.filled(page.read_text("utf-8"), "")
        except (OSError, NoPlaceError) as error:
            raise argparse.ArgumentTypeError(str(error)) from error
        return page

    told = "put the tables into a page"
    parser.add_argument("--write", type=with_place, metavar="PAGE", help=told)


def write(page: Path, results: Results) -> None:
    """Put the tables where the last ones were."""
    today = dt.datetime.now(dt.UTC).date()
    length = "make bench ARGUMENTS=--long" if results.long else "make bench"
    parts = (
        f"Measured on {today} by `{length}`: {where(results)}",
        as_markdown(ratios(results)),
        EXPLANATION,
        as_markdown(figures(results)),
        "\n".join(f"- {remark}" for remark in remarks(results)),
    )
    BLOCK.write(page, "\n\n".join(parts))


def as_markdown(sheet: Sheet) -> str:
    """Return a sheet as a table of Markdown."""
    return table(sheet.head, sheet.lines, sheet.texts)
