"""What a waiting person sees: a live list on a terminal, plain lines anywhere else."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Protocol

from rich.console import Console
from rich.progress import Progress as Bars
from rich.progress import SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

_PLAIN_EVERY_SECONDS: Final = 10.0


class Progress(Protocol):
    """Steps that begin, say how far they are, and end."""

    def begin(self, step: str) -> None:
        """Show that a step has begun."""

    def update(self, step: str, text: str) -> None:
        """Show how far a step is."""

    def end(self, step: str, text: str) -> None:
        """Show that a step is done."""


class Silent:
    """Shows nothing: for tests."""

    def begin(self, step: str) -> None:
        """Show nothing."""

    def update(self, step: str, text: str) -> None:
        """Show nothing."""

    def end(self, step: str, text: str) -> None:
        """Show nothing."""


class PlainProgress:
    """A line when a step ends; and, of a step that takes long, one every ten seconds."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._said: dict[str, float] = {}

    def begin(self, step: str) -> None:
        """Start the step's clock."""
        self._said[step] = time.monotonic()

    def update(self, step: str, text: str) -> None:
        """Say it if the last line about this step is old."""
        now = time.monotonic()
        if now - self._said.get(step, 0.0) >= _PLAIN_EVERY_SECONDS:
            self._said[step] = now
            self._say(step, text)

    def end(self, step: str, text: str) -> None:
        """Say how it ended."""
        self._say(step, text)

    def _say(self, step: str, text: str) -> None:
        self._console.print(f"{step:<14} {text}", markup=False, highlight=False, soft_wrap=True)


class LiveProgress:
    """A spinner and a clock a step."""

    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._tasks: dict[str, TaskID] = {}

    def begin(self, step: str) -> None:
        """Show the step."""
        self._tasks[step] = self._bars.add_task(step, total=1, text="")

    def update(self, step: str, text: str) -> None:
        """Show how far it is."""
        if step in self._tasks:
            self._bars.update(self._tasks[step], text=text)

    def end(self, step: str, text: str) -> None:
        """Show it as done."""
        if step in self._tasks:
            self._bars.update(self._tasks[step], completed=1, text=text)


@contextmanager
def shown(console: Console) -> Iterator[Progress]:
    """Show progress on a console while the block runs, in the way it can."""
    if not console.is_terminal:
        yield PlainProgress(console)
        return
    columns = (
        SpinnerColumn(finished_text="[green]✓[/]"),
        TextColumn("{task.description:<14}"),
        TimeElapsedColumn(),
        TextColumn("{task.fields[text]}", markup=False),
    )
    with Bars(*columns, console=console) as bars:
        yield LiveProgress(bars)
