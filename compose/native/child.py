"""One running part: its process, its log, its end."""

import contextlib
import shutil
import signal
import subprocess
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, Self

from compose.native.errors import PartFailedError
from compose.native.guard import GO, Guard, held
from compose.native.part import Part
from compose.native.processes import TOKEN_VARIABLE, Identity, end_tree

_ROOT: Final = Path(__file__).resolve().parents[2]
_LAST_LINES: Final = 5
_LINE_LIMIT: Final = 300


@dataclass(frozen=True)
class Child:
    """A part's process."""

    part: Part
    identity: Identity
    log: Path
    _process: subprocess.Popen[bytes]

    @classmethod
    def spawn(cls, part: Part, log: Path, guard: Guard) -> Self:
        """Start the part in a session of its own: a Ctrl-C reaches us, and we stop it in order."""
        environment = part.whole_environment() | {TOKEN_VARIABLE: guard.token}
        if shutil.which(part.command[0]) is None:
            message = f"{part.name} does not start: there is no program {part.command[0]}"
            raise PartFailedError(message)
        with log.open("ab") as output:
            process = subprocess.Popen(  # noqa: S603  # the plan's own words
                held(part.command),
                cwd=_ROOT,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                user=part.user,
                group=_group_of(part.user),
                extra_groups=None if part.user is None else [],
            )
        identity = Identity.of(process.pid) or Identity(process.pid, 0)
        guard.register(identity, part.stop, part.stop_seconds)
        if process.stdin is not None:
            _let_go(process.stdin)
        return cls(part, identity, log, process)

    def status(self) -> str | None:
        """Return how it ended, or None while it runs."""
        code = self._process.poll()
        if code is None:
            return None
        return f"status {code}" if code >= 0 else signal.Signals(-code).name

    def succeeded(self) -> bool:
        """Tell whether it has ended with status 0."""
        return self._process.poll() == 0

    def end(self, number: signal.Signals) -> None:
        """Stop it and everything it started; blocks until that is done."""
        end_tree(self.identity, number, self.part.stop_seconds)
        self._process.wait()

    def story(self, headline: str) -> str:
        """Return the headline, its last lines, and where the others are."""
        with self.log.open(encoding="utf-8", errors="replace") as lines:
            last = deque((line.rstrip()[:_LINE_LIMIT] for line in lines), maxlen=_LAST_LINES)
        return "\n".join([f"{headline}; its log is {self.log}", *(f"  | {line}" for line in last)])


def _let_go(stdin: IO[bytes]) -> None:
    # A pipe that is broken is of a process that has ended: its status tells.
    with contextlib.suppress(BrokenPipeError), stdin:
        stdin.write(GO)


def _group_of(user: str | None) -> int | None:
    if user is None:
        return None
    import pwd  # noqa: PLC0415  # no such module where there are no accounts to change to

    return pwd.getpwnam(user).pw_gid
