"""What a check says: one fault, in one line; and what a check is."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from compose.check.project import Project


@dataclass(frozen=True)
class Finding:
    """A fault: the file or service it is in, and what is wrong with it."""

    where: str
    what: str

    def __str__(self) -> str:
        """Return the finding as the line that is printed."""
        return f"{self.where}: {self.what}"


Check: TypeAlias = Callable[[Project], Iterator[Finding]]
