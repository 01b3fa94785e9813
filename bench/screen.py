"""The results in a terminal: a line as each row comes, the tables at the end."""

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from bench.results import Results
from bench.rows import Row
from bench.sheets import EXPLANATION, Sheet, figures, ratios, remarks, where


def progress_line(row: Row, seconds: float) -> str:
    """Return what a row says on the way."""
    problems = f"  VOID: {'; '.join(row.problems)}" if row.problems else ""
    return f"{'':8}{row.name:28} {row.ratio:6.2f}  ({seconds:.0f} s){problems}"


def failure_line(name: str, error: Exception) -> str:
    """Return what is said of a measurement that could not be taken."""
    return f"{'':8}{name:28} FAILED: {type(error).__name__}: {error}"


def show(results: Results, console: Console) -> None:
    """Print the tables and what speaks against them."""
    for sheet in (ratios(results), figures(results)):
        console.print(as_table(sheet))
    console.print(EXPLANATION, where(results), markup=False, highlight=False, style="dim")
    for remark in remarks(results):
        console.print(remark, style="red", markup=False, highlight=False)


def as_table(sheet: Sheet) -> Table:
    """Return a sheet for a terminal."""
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, collapse_padding=True)
    for number, title in enumerate(sheet.head):
        text = number < sheet.texts
        table.add_column(title, justify="left" if text else "right", overflow="fold")
    for line in sheet.lines:
        table.add_row(*line)
    return table
