"""The rejects of an import as a file of JSON lines: all of them, where the database keeps some.

A portion's rejects are written before it is committed. What a crash leaves after the checkpoint is
cut off by the next run, which finds those rejects again: each is there once.
"""

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import orjson

from app.batches.portions import Reject


class RejectsFile:
    """Line, column and reason of each reject, never what stood there."""

    def __init__(self, path: Path, next_line: int) -> None:
        """Open the file where the rejects of lines before `next_line` end."""
        self._file = path.open("a+b")
        self._kept = 0
        self._file.seek(0)
        for raw in self._file if next_line > 1 else ():
            if not raw.endswith(b"\n") or orjson.loads(raw)["line"] >= next_line:
                break
            self._kept += len(raw)
        self._cut()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._file.close()

    def put(self, rejects: Sequence[Reject]) -> None:
        """Write a portion's rejects in place of those that were not committed."""
        self._cut()
        self._file.write(b"".join(orjson.dumps(one._asdict()) + b"\n" for one in rejects))
        self._file.flush()

    def committed(self) -> None:
        """Keep what was put."""
        self._kept = self._file.seek(0, 2)

    def _cut(self) -> None:
        self._file.truncate(self._kept)
        self._file.seek(self._kept)
