"""Valgrind's callgrind: where it is, and one run of a command under it.

From PATH, else from Debian's package, unpacked into the cache folder at the first use: no root.
"""

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from compose.native.errors import MissingPartError
from compose.native.guard import Guard
from compose.native.provision.debian import VALGRIND, obtain_package
from compose.native.tools import Tools

_COLLECTED: Final = re.compile(rb"Collected : (\d+)")


class CountError(Exception):
    """Valgrind is missing, or counted nothing."""


@dataclass(frozen=True, slots=True)
class Callgrind:
    """Counts the user-space instructions of a command, all threads together."""

    program: Path
    environment: Mapping[str, str]

    def count(self, words: Sequence[str], *, stdout: int) -> int:
        """Run the command to its end; `CountError` holds its last words where it fails."""
        ended = subprocess.run(  # noqa: S603  # ours
            [
                *(str(self.program), "--tool=callgrind", "--callgrind-out-file=/dev/null"),
                *words,
            ],
            check=False,
            stdout=stdout,
            stderr=subprocess.PIPE,
            # The order of sets, and with it the work, would differ from run to run.
            env={**os.environ, **self.environment, "PYTHONHASHSEED": "0"},
        )
        counted = _COLLECTED.search(ended.stderr)
        if ended.returncode or counted is None:
            raise CountError(ended.stderr[-2000:].decode(errors="replace"))
        return int(counted[1])


def callgrind(tools: Tools | None = None) -> Callgrind:
    """Return what counts, obtained first if need be; `CountError` says what is missing."""
    where = tools or Tools()
    try:
        if where.look("valgrind") is None:
            asyncio.run(_obtain(where))
        program = where.find("valgrind")
    except MissingPartError as error:
        raise CountError(str(error)) from None
    if not program.is_relative_to(where.cache):
        return Callgrind(program, {})
    # Unpacked and not installed: it must be told where its parts are.
    parts = next((program.parents[1]).glob("lib*/**/callgrind-*-linux")).parent
    return Callgrind(program, {"VALGRIND_LIB": str(parts)})


async def _obtain(tools: Tools) -> None:
    with Guard() as guard:
        await obtain_package(VALGRIND, tools, guard, _say)


def _say(text: str) -> None:
    sys.stderr.write(f"Valgrind: {text}\n")
