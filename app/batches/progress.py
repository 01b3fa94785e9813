"""How far an import is, in one line: redrawn in a terminal, a line a tenth where there is none."""

import time
from collections.abc import Callable, Sequence
from typing import Final, TextIO

from app.batches.importer import Watcher
from app.batches.ledger import Checkpoint
from app.batches.portions import Reject
from app.batches.rejects_file import RejectsFile

_WIDTH: Final = 30
_REDRAW_SECONDS: Final = 0.1


class ProgressLine(Watcher):
    """Writes the line after a commit; `size` is the file's, in bytes."""

    def __init__(
        self,
        out: TextIO,
        size: int,
        rejects: RejectsFile | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._out = out
        self._redraws = out.isatty()
        self._size = size
        self._rejects = rejects
        self._clock = clock
        self._started = clock()
        self._rows_before: int | None = None
        self._drawn = -1.0
        self._tenth = -1
        self._last: Checkpoint | None = None

    @property
    def rejects(self) -> int:
        """Rejected rows so far."""
        return 0 if self._last is None else self._last.counts.rejected

    def begin(self, checkpoint: Checkpoint) -> None:
        """Say where the import begins."""
        self._last = checkpoint
        self._rows_before = checkpoint.counts.done
        if checkpoint.position.offset:
            self._out.write(f"resuming at line {checkpoint.position.line:,}\n")

    def rejected(self, rejects: Sequence[Reject]) -> None:
        """Put the rejects into their file."""
        if self._rejects is not None:
            self._rejects.put(rejects)

    def committed(self, checkpoint: Checkpoint) -> None:
        """Draw the line, if it is time."""
        self._last = checkpoint
        if self._rejects is not None:
            self._rejects.committed()
        if self._redraws:
            if self._clock() - self._drawn >= _REDRAW_SECONDS:
                self._drawn = self._clock()
                self._out.write(f"\r{self.line(checkpoint)}\x1b[K")
                self._out.flush()
        elif (tenth := int(10 * self._share(checkpoint))) > self._tenth:
            self._tenth = tenth
            self._out.write(f"{self.line(checkpoint)}\n")
            self._out.flush()

    def end(self) -> None:
        """Draw the last line."""
        if self._redraws and self._last is not None:
            self._out.write(f"\r{self.line(self._last)}\x1b[K\n")

    def line(self, checkpoint: Checkpoint) -> str:
        """Return the line for a checkpoint."""
        counts = checkpoint.counts
        seconds = max(1e-6, self._clock() - self._started)
        rate = (counts.done - (self._rows_before or 0)) / seconds
        share = self._share(checkpoint)
        bar = "#" * int(_WIDTH * share)
        return (
            f"[{bar:<{_WIDTH}}] {share:6.1%}  {counts.done:,} rows, {counts.added:,} added, "
            f"{counts.unchanged:,} unchanged, {counts.rejected:,} rejected, {rate:,.0f} rows/s"
        )

    def _share(self, checkpoint: Checkpoint) -> float:
        return checkpoint.position.offset / self._size if self._size else 1.0
