"""Leads a reader through the steps, asks for the cause, and tells why it is so."""

import textwrap
from collections.abc import Callable, Sequence
from typing import Final

from rich.console import Console
from rich.markup import escape
from rich.panel import Panel

from compose.incident.elements import clean
from compose.incident.model import Incident
from compose.incident.story import how_it_ended
from compose.tour.quiz import Choice, choices
from compose.tour.steps import Step, steps

Ask = Callable[[str], str]
_LETTERS: Final = "abcdefgh"
_INDENT: Final = "   "


class Guide:
    """Writes to a console; `ask` reads a line of the reader's, or is None where nobody answers."""

    def __init__(self, console: Console, ask: Ask | None) -> None:
        self._console = console
        self._ask = ask

    def lead(self, incident: Incident) -> bool:
        """Go through it all; return whether the first answer was right (True if none was asked)."""
        every = tuple(steps(incident))
        self._console.print(
            f"\n[bold]One incident, {len(every)} things to look at, then a question: what broke?[/]"
        )
        for number, step in enumerate(every, 1):
            self._show(number, step)
        possible = choices(incident)
        self._console.print("\n[bold cyan]?  What broke?[/]\n")
        for letter, one in zip(_LETTERS, possible, strict=False):
            self._say(f"{letter})  {one.cause}")
        first = self._answers(possible)
        self._end(incident)
        return first

    def _show(self, number: int, step: Step) -> None:
        text = escape(clean("\n".join(step.lines)))
        self._console.print(f"\n[bold cyan]{number}  {step.title}[/]")
        self._say(f"{step.says}")
        self._console.print(Panel(text, expand=False, border_style="dim"), highlight=False)
        if self._ask is not None:
            self._ask("   Enter: go on ")

    def _answers(self, possible: Sequence[Choice]) -> bool:
        if self._ask is None:
            self._console.print()
            for letter, one in zip(_LETTERS, possible, strict=False):
                self._judge(letter, one)
            return True
        tries = 0
        while True:
            letter = self._ask(f"\n   Your answer ({', '.join(_LETTERS[: len(possible)])}): ")
            place = _LETTERS.find(letter.strip().lower()) if letter.strip() else -1
            if not 0 <= place < len(possible):
                continue
            tries += 1
            self._judge(_LETTERS[place], possible[place])
            if possible[place].right:
                return tries == 1

    def _judge(self, letter: str, one: Choice) -> None:
        word, colour = ("✔ right", "green") if one.right else ("✘ wrong", "red")
        text = self._wrapped(f"{letter})  {word}  {one.why}")
        self._console.print(text.replace(word, f"[{colour}]{word}[/]", 1), highlight=False)

    def _end(self, incident: Incident) -> None:
        self._console.print("\n[bold cyan]✔  The cause[/]")
        self._say(f"{incident.breaks} {how_it_ended(incident)}")
        self._say("A page about each incident: python -m compose report")

    def _say(self, text: str) -> None:
        self._console.print(self._wrapped(text), highlight=False)

    def _wrapped(self, text: str) -> str:
        width = self._console.width - 1
        lines = textwrap.fill(clean(text), width, initial_indent=_INDENT, subsequent_indent=_INDENT)
        return escape(lines)
