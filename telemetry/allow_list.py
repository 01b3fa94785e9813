"""Which attributes may leave: those of the catalog, and those that the service declares.

Whatever else is set on a span or given to a log line is dropped where the signal is made ready to
leave (`telemetry.otlp`, `telemetry.logging`), and counted.
"""

from collections.abc import Callable, Iterable
from typing import Final

from telemetry import catalog

SPAN: Final = "span"
LOG: Final = "log"

_MAX_NAMES: Final = 32


def _uncounted(_: str) -> None: ...


class AllowList:
    """`names` may leave. `count` is told of each that may not, as `SPAN` or `LOG`.

    `refused` has the first few names that were dropped, for a developer's eyes: a name that nobody
    declared may be anybody's text, so it leaves as little as its value.
    """

    def __init__(
        self, declared: Iterable[str] = (), count: Callable[[str], None] = _uncounted
    ) -> None:
        self.names = catalog.ATTRIBUTES | frozenset(declared)
        self.refused: set[str] = set()
        self._count = count

    def refuse(self, signal: str, name: str) -> None:
        """Note that an attribute was dropped."""
        self._count(signal)
        if len(self.refused) < _MAX_NAMES:
            self.refused.add(str(name))
