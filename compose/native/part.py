"""A part of the platform as plain data: what to run, how it shows that it is ready, how it ends."""

import os
import signal
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

ReadyCheck = Callable[[], Awaitable[bool]]

# What a part takes over from us. Nothing else: an OTEL_*, proxy or PG* variable of the caller's
# would make two runs of one platform differ.
_INHERITED: Final = ("HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "PATH", "TMPDIR", "TZ")


@dataclass(frozen=True)
class Part:
    """One process, or a task that ends by itself when `ready` is None."""

    name: str
    command: tuple[str, ...]
    ready: ReadyCheck | None
    """Answers whether it serves; asked again and again until it does."""
    needs: tuple[str, ...] = ()
    """Parts that must be ready before it starts, and stop after it."""
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    user: str | None = None
    """The account to run as, when not ours."""
    stop: signal.Signals = signal.SIGTERM
    start_seconds: float = 60.0
    stop_seconds: float = 15.0

    @property
    def ends_by_itself(self) -> bool:
        """Tell whether it is a task, done when it ends with status 0."""
        return self.ready is None

    def whole_environment(self) -> dict[str, str]:
        """Return its own variables and the few that every process needs."""
        inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
        return inherited | dict(self.environment)
