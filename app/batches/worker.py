"""The worker's imports: claim the next, find its bytes, run it, record its end.

What goes wrong for good (the file is another one, its header is none) fails the import; anything
else leaves it at its checkpoint, and whoever claims it when the lease has run out goes on there.
"""

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

import structlog

from app import signals
from app.batches.importer import Importer, ImportMetrics, Watcher
from app.batches.kinds import HeaderError
from app.batches.ledger import QUEUE, Checkpoint, Claim, Ledger, Origin
from app.batches.sources import FileSource, Source, SourceError, StoredSource, fingerprint
from app.database.failures import DRIVER_ERRORS
from app.database.pool import DatabasePool
from app.errors import Unavailable
from app.settings import Settings
from telemetry.catalog.attributes import ERROR_TYPE
from telemetry.messaging import Messaging
from telemetry.runtime import Telemetry
from telemetry.tracing import error_type_of

logger = structlog.stdlib.get_logger()

_LONGEST_PAUSE_SECONDS: Final = 10.0
_MESSAGING_SYSTEM: Final = "postgresql"
_FOR_GOOD: Final = (HeaderError, SourceError)


class ExhaustedError(Exception):
    """The import was claimed again and again without a single checkpoint."""


class ImportRunner:
    """Runs one claimed import to its end, whatever that is."""

    def __init__(self, pool: DatabasePool, telemetry: Telemetry, settings: Settings) -> None:
        self._pool = pool
        self._messaging = Messaging(telemetry.tracing, telemetry.meter, system=_MESSAGING_SYSTEM)
        self._metrics = ImportMetrics(telemetry)
        self.ledger = Ledger(pool, telemetry, lease_seconds=settings.lease_seconds)
        self._importer = Importer(pool, telemetry, self._metrics, settings.lease_seconds)
        self._folder = settings.import_folder
        self._max_tries = settings.max_attempts

    async def run(
        self,
        claim: Claim,
        stop: asyncio.Event,
        *,
        watcher: Watcher | None = None,
        patience_seconds: float = math.inf,
    ) -> bool:
        """Run the import; return whether it is done. False: `stop` came, or it failed for good.

        Raises `FencedError` and `Unavailable`, and whatever else ended this try alone.
        """
        outcome = "interrupted"
        described: dict[str, str | int] = {
            signals.IMPORT_ID: str(claim.id),
            signals.IMPORT_KIND.attribute: claim.request.kind,
        }
        with self._messaging.processing(
            signals.PROCESS_IMPORT, QUEUE, str(claim.id), carrier=claim.carrier
        ) as processing:
            logger.info(signals.IMPORT_STARTED.name, **described)
            try:
                source = await self._source(claim)
                reached = await self._importer.run(
                    claim,
                    source,
                    stop,
                    watcher=watcher or Watcher(),
                    patience_seconds=patience_seconds,
                )
                outcome = await self._end(claim, reached, source)
                described |= _counts(reached)
            except (*_FOR_GOOD, ExhaustedError) as error:
                processing.failed(error)
                await self.ledger.finish(claim, type(error).__name__)
                outcome = "failed"
                described[ERROR_TYPE] = error_type_of(error)
            except Exception as error:
                described[ERROR_TYPE] = error_type_of(error)
                raise
            finally:
                self._metrics.put_down(outcome)
                _log(outcome, described)
        return outcome == "done"

    async def _end(self, claim: Claim, reached: Checkpoint, source: Source) -> str:
        if reached.position.offset >= source.size:
            await self.ledger.finish(claim)
            return "done"
        await self.ledger.hand_back(claim)
        return "handed_back"

    async def _source(self, claim: Claim) -> Source:
        wanted = claim.request
        if claim.fruitless > self._max_tries:
            raise ExhaustedError
        if wanted.origin is Origin.UPLOAD:
            return StoredSource(self._pool, claim.id, wanted.size)
        path = Path(wanted.path or "")
        if wanted.origin is Origin.REFERENCE:
            if self._folder is None:
                raise SourceError
            path = self._folder / path
        if await fingerprint(path) != (wanted.file_hash, wanted.size):
            raise SourceError
        return FileSource(path, wanted.size)


class ImportWorker:
    """Takes one import after the other for as long as its process works."""

    def __init__(self, runner: ImportRunner, *, poll_seconds: float) -> None:
        self._runner = runner
        self._poll_seconds = poll_seconds

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop`. Nothing that an import does ends it."""
        pause = self._poll_seconds
        while not stop.is_set():
            try:
                claim = await self._runner.ledger.claim()
                if claim is not None:
                    await self._take(claim, stop)
                    continue
                pause = self._poll_seconds
            except (Unavailable, *DRIVER_ERRORS):
                pause = min(_LONGEST_PAUSE_SECONDS, 2 * pause)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), pause)

    async def _take(self, claim: Claim, stop: asyncio.Event) -> None:
        # It has been told, and counted; the lease's end is the pause before the next try.
        with suppress(Exception):
            await self._runner.run(claim, stop)


@asynccontextmanager
async def importing(
    settings: Settings, telemetry: Telemetry, pool: DatabasePool
) -> AsyncIterator[None]:
    """Import beside the block, and stop at a checkpoint when it ends."""
    stop = asyncio.Event()
    worker = ImportWorker(
        ImportRunner(pool, telemetry, settings), poll_seconds=settings.poll_seconds
    )
    task = asyncio.create_task(worker.run(stop), name="imports")
    try:
        yield
    finally:
        stop.set()
        # What does not end in time is cut: it goes on from its checkpoint elsewhere.
        await asyncio.wait((task,), timeout=settings.stop_budget.closing)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def _counts(reached: Checkpoint) -> dict[str, int]:
    return {
        signals.IMPORT_ROWS: reached.counts.done,
        signals.IMPORT_REJECTED: reached.counts.rejected,
    }


def _log(outcome: str, described: dict[str, str | int]) -> None:
    if outcome == "done":
        logger.info(signals.IMPORT_FINISHED.name, **described)
    elif outcome == "failed":
        logger.error(signals.IMPORT_FAILED.name, **described)
    elif outcome == "handed_back":
        logger.info(signals.IMPORT_HANDED_BACK.name, **described)
    else:
        logger.warning(signals.IMPORT_INTERRUPTED.name, **described)
