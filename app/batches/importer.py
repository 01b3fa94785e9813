"""One import from its checkpoint to its end.

    source -> portion ahead -> portion in hand -> writer -> checkpoint

One portion is read and parsed (in a thread) while the one before it is written: that is all of a
file that is ever in memory. Whatever happens, the next run begins where the last commit ended.
"""

import asyncio
import math
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

import structlog

from app import signals
from app.batches.kinds import KINDS, MAX_RECORD_BYTES, Layout, Reason
from app.batches.ledger import Checkpoint, Claim, Counts, FencedError
from app.batches.pace import Pace
from app.batches.portions import Portion, Position, Reject, header, parse
from app.batches.sources import Source, SourceError
from app.batches.writer import OvertakenError, Writer
from app.database.pool import DatabasePool
from app.errors import Unavailable
from telemetry.catalog.attributes import ERROR_TYPE
from telemetry.runtime import Telemetry
from telemetry.tracing import error_type_of

logger = structlog.stdlib.get_logger()

_SKIP_BYTES: Final = 256 * 1024


class Watcher:
    """Is told what an import does; may not block. This one takes no notice."""

    def rejected(self, rejects: Sequence[Reject]) -> None:
        """Hear of a portion's rejects, before it is committed: a retry says them again."""

    def committed(self, checkpoint: Checkpoint) -> None:
        """Hear that all before the checkpoint is committed."""


class ImportMetrics:
    """What imports tell; a process has one."""

    def __init__(self, telemetry: Telemetry) -> None:
        meter = telemetry.meter
        self.rows = meter.counter(signals.IMPORT_ROWS_READ)
        self.batch = meter.histogram(signals.IMPORT_BATCH_DURATION)
        self.finished = meter.counter(signals.IMPORTS_FINISHED)
        self._checkpoint_at: float | None = None
        meter.gauge(signals.IMPORT_CHECKPOINT_AGE).set_function(self._age)
        for kind in signals.IMPORT_KIND.values or ():
            for outcome in signals.ROW_OUTCOME.values or ():
                self.rows.add(0, kind, outcome)  # a rate needs a first sample
        for outcome in signals.IMPORT_OUTCOME.values or ():
            self.finished.add(0, outcome)

    def moved(self) -> None:
        """Note that the import in hand is at a checkpoint."""
        self._checkpoint_at = time.monotonic()

    def committed(self, kind: str, before: Counts, after: Counts) -> None:
        """Count the rows of a portion."""
        self.moved()
        self.rows.add(after.added - before.added, kind, "added")
        self.rows.add(after.unchanged - before.unchanged, kind, "unchanged")
        self.rows.add(after.rejected - before.rejected, kind, "rejected")

    def put_down(self, outcome: str) -> None:
        """Note that there is none in hand any more."""
        self._checkpoint_at = None
        self.finished.add(1, outcome)

    def _age(self) -> float:
        return 0.0 if self._checkpoint_at is None else time.monotonic() - self._checkpoint_at


class Importer:
    """Runs imports that are claimed."""

    def __init__(
        self, pool: DatabasePool, telemetry: Telemetry, metrics: ImportMetrics, lease_seconds: float
    ) -> None:
        self._pool = pool
        self._tracing = telemetry.tracing
        self._metrics = metrics
        self._lease_seconds = lease_seconds

    async def run(
        self,
        claim: Claim,
        source: Source,
        stop: asyncio.Event,
        *,
        watcher: Watcher,
        patience_seconds: float = math.inf,
    ) -> Checkpoint:
        """Import until the end of the source, or until `stop`; return where that is.

        A database that is away is waited for, for `patience_seconds` without a commit, and then
        raised. Raises `HeaderError`, `SourceError`, `FencedError`, `Unavailable`.
        """
        self._metrics.moved()
        head = await source.read(0, min(source.size, MAX_RECORD_BYTES + 3))
        layout, records = header(head, KINDS[claim.request.kind], claim.request.format)
        writer = Writer(self._pool, claim, layout, lease_seconds=self._lease_seconds)
        pace = Pace()
        run = _Run(claim, source, pace, layout, records)
        waiting_since: float | None = None
        try:
            while not run.is_over and not stop.is_set():
                try:
                    portion = await run.next()
                    took = await self._commit(writer, portion, run, watcher)
                except OvertakenError as error:
                    await run.forget_ahead()
                    run.checkpoint = error.checkpoint
                    watcher.committed(run.checkpoint)
                except Unavailable as error:
                    await run.forget_ahead()
                    if waiting_since is None:
                        waiting_since = time.monotonic()
                        _log_waiting(claim, error)
                    if time.monotonic() - waiting_since >= patience_seconds:
                        raise
                    await _until(stop, pace.failed())
                else:
                    waiting_since = None
                    length = portion.end.offset - portion.start.offset
                    pace.committed(took, was_full=2 * length > pace.size)
        finally:
            await run.forget_ahead()
        return run.checkpoint

    async def _commit(
        self, writer: Writer, portion: Portion, run: "_Run", watcher: Watcher
    ) -> float:
        """Write one portion, told in a span and in the metrics; return how long it took (s)."""
        started, outcome = time.perf_counter(), "failed"
        before = run.checkpoint.counts
        with self._tracing.span(signals.IMPORT_BATCH) as span:
            try:
                run.checkpoint = await writer.write(portion, watcher.rejected)
                outcome = "committed"
            except FencedError:
                outcome = "fenced"
                raise
            finally:
                took = time.perf_counter() - started
                self._metrics.batch.observe(took, outcome)
            after = run.checkpoint.counts
            span.set_attribute(signals.IMPORT_ROWS, after.done - before.done)
        self._metrics.committed(writer.kind.name, before, after)
        watcher.committed(run.checkpoint)
        return took


def _log_waiting(claim: Claim, error: Unavailable) -> None:
    logger.warning(
        signals.IMPORT_WAITING.name,
        **{
            signals.IMPORT_ID: str(claim.id),
            ERROR_TYPE: error_type_of(error.__cause__ or error),
        },
    )


async def _until(stop: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)


class _Run:
    """One run of one import."""

    def __init__(
        self, claim: Claim, source: Source, pace: Pace, layout: Layout, records: Position
    ) -> None:
        self._format = claim.request.format
        self._source = source
        self._pace = pace
        self._layout = layout
        self._records = records
        self.checkpoint = claim.checkpoint
        self._ahead: asyncio.Task[Portion] | None = None

    @property
    def is_over(self) -> bool:
        """Tell whether all is committed; an empty file and a header alone have one checkpoint."""
        return self.checkpoint.position.offset >= self._source.size

    async def next(self) -> Portion:
        """Return the portion after the checkpoint, and begin to read the one after it."""
        ahead, self._ahead = self._ahead, None
        portion = await (ahead or self._read(self.checkpoint.position))
        if portion.end.offset < self._source.size:
            self._ahead = asyncio.create_task(self._read(portion.end), name="import-reader")
        return portion

    async def forget_ahead(self) -> None:
        """Drop what was read ahead."""
        ahead, self._ahead = self._ahead, None
        if ahead is not None:
            ahead.cancel()
            with suppress(asyncio.CancelledError, Unavailable, SourceError):
                await ahead

    async def _read(self, start: Position) -> Portion:
        begin = max(start, self._records)
        data = await self._source.read(begin.offset, self._pace.size)
        at_end = begin.offset + len(data) >= self._source.size
        portion = await asyncio.to_thread(
            parse, data, begin, self._layout, self._format, at_end=at_end
        )
        if portion.runs_over:
            long = portion.end
            portion.rejects.append(Reject(long.line, None, Reason.RECORD_TOO_LONG))
            portion.end = Position(await self._next_line(long.offset), long.line + 1)
        portion.start = start
        return portion

    async def _next_line(self, offset: int) -> int:
        while offset < self._source.size:
            data = await self._source.read(offset, _SKIP_BYTES)
            found = data.find(b"\n")
            if found >= 0:
                return offset + found + 1
            offset += len(data)
        return offset
