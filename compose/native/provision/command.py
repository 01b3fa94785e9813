"""Child processes of the provisioning: their lines as they come, their end with ours."""

import asyncio
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from compose.native.errors import MissingPartError
from compose.native.guard import GO, Guard, held
from compose.native.processes import TOKEN_VARIABLE, Identity, end_tree

_STOP_SECONDS: Final = 5.0
_LINE_LIMIT: Final = 1 << 20


class CommandError(MissingPartError):
    """A command failed; the message is its last line."""


async def run_command(
    words: Sequence[str],
    guard: Guard,
    *,
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
    line: Callable[[str], None] | None = None,
) -> str:
    """Run a command and return what it printed on stdout; `line` hears its stderr.

    Raises `CommandError` when it fails. It is ended when the caller is cancelled or killed.
    """
    process = await asyncio.create_subprocess_exec(
        *held(words),
        cwd=cwd,
        env={**os.environ, **(environment or {}), TOKEN_VARIABLE: guard.token},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
        limit=_LINE_LIMIT,
    )
    identity = Identity.of(process.pid) or Identity(process.pid, 0)
    guard.register(identity, signal.SIGTERM, _STOP_SECONDS)
    if process.stdin is None or process.stdout is None or process.stderr is None:  # all pipes
        raise AssertionError
    process.stdin.write(GO)
    process.stdin.close()
    last = ""
    try:
        output = asyncio.create_task(process.stdout.read())
        async for raw in process.stderr:
            text = raw.decode(errors="replace").rstrip()
            last = text or last
            if line is not None:
                line(text)
        printed = (await output).decode(errors="replace")
        status = await process.wait()
    except BaseException:
        await asyncio.to_thread(end_tree, identity, signal.SIGTERM, _STOP_SECONDS)
        raise
    if status != 0:
        raise CommandError(last or f"{words[0]} ended with status {status}")
    return printed
