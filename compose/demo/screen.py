"""What the demo shows: chapters with a clock, facts with their IDs, pictures in text."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table

from compose.chain.traces import SpanView
from compose.chain.waterfall import waterfall
from compose.demo.pictures import Pictures
from compose.inbox.letters import Letter

_SHOWN_LOG_KEYS: Final = (
    "timestamp",
    "level",
    "event",
    "http.route",
    "http.response.status_code",
    "error.type",
    "correlation_id",
)
_TOP: Final = Path(__file__).resolve().parents[2]


def place_of(path: Path) -> str:
    """Return a path as the project's reader has it: from its top, where it is in there."""
    return str(path.relative_to(_TOP) if path.is_relative_to(_TOP) else path)


class Screen:
    """Writes to a console, and takes a picture of each chapter where `pictures` are wanted."""

    def __init__(self, console: Console, pictures: Pictures | None = None) -> None:
        self._console = console
        self._pictures = pictures
        self._title = ""

    def chapter(self, seconds: float, title: str) -> None:
        """Begin a part of the story, `seconds` after the demo began."""
        if self._pictures and self._title:
            self._pictures.take(self._title)
        self._title = title
        self._console.print(f"\n[bold cyan]{seconds:6.1f} s  {escape(title)}[/]")

    def say(self, text: str) -> None:
        """Tell something that is not yet shown to hold."""
        self._console.print(f"          {escape(text)}", highlight=False)

    def held(self, link: str, *facts: str) -> None:
        """Tell that a link of the chain was verified, with the IDs that show it."""
        self._console.print(f"      [green]✔[/]   {escape(link)}", highlight=False)
        for fact in facts:
            self._console.print(f"            [dim]{escape(fact)}[/]", highlight=False)

    def broken(self, what: str) -> None:
        """Tell what did not hold."""
        self._console.print(f"\n      [bold red]✘[/]   {escape(what)}", highlight=False)

    def trace(self, spans: Sequence[SpanView]) -> None:
        """Draw a trace."""
        title = f"trace {spans[0].trace_id}, {spans[0].service}"
        text = escape("\n".join(waterfall(spans)))
        self._console.print(Panel(text, title=escape(title), title_align="left", expand=False))

    def log_lines(self, lines: Iterable[Mapping[str, Any]]) -> None:
        """Show log lines, shortened to what leads on."""
        for line in lines:
            shown = " ".join(f"{key}={line[key]}" for key in _SHOWN_LOG_KEYS if key in line)
            self._console.print(f"  [yellow]{escape(shown)}[/]", highlight=False)

    def mail(self, mail: Letter, *, most_lines: int = 40) -> None:
        """Show a mail as it arrived, in plain text."""
        lines = mail.text.strip().splitlines()[:most_lines]
        title = f"mail to {', '.join(mail.recipients)}: {mail.subject}"
        text = escape("\n".join(lines))
        self._console.print(Panel(text, title=escape(title), title_align="left", expand=False))

    def table(self, title: str, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """Show figures."""
        table = Table(*header, title=title, title_justify="left")
        for row in rows:
            table.add_row(*row)
        self._console.print(table)
