"""`python -m app import FILE --kind KIND`: one file, in this process, with a line of progress.

Run again after a crash it goes on from the checkpoint; run again after its end it does nothing.
"""

import argparse
import asyncio
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Final, TextIO

from app.batches.kinds import KINDS, MAX_RECORD_BYTES, HeaderError
from app.batches.ledger import Claim, FencedError, Origin, Request
from app.batches.portions import Format, header
from app.batches.progress import ProgressLine
from app.batches.rejects_file import RejectsFile
from app.batches.sources import SourceError, fingerprint
from app.batches.worker import ImportRunner
from app.bootstrap import connected
from app.database.pool import DatabasePool
from app.errors import StartupError
from app.settings import Settings
from telemetry.runtime import Telemetry

DONE: Final = 0
STOPPED: Final = 1
SOME_REJECTED: Final = 3
_PATIENCE_SECONDS: Final = 60.0
_SUFFIXES: Final = {
    ".csv": Format.CSV,
    ".ndjson": Format.NDJSON,
    ".jsonl": Format.NDJSON,
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument("file", type=Path, metavar="FILE")
    parser.add_argument("--kind", required=True, choices=sorted(KINDS))
    parser.add_argument(
        "--format", choices=[one.value for one in Format], help="default: by the file's suffix"
    )
    parser.add_argument(
        "--rejects", type=Path, metavar="PATH", help="write every rejected line's reason here"
    )
    parser.add_argument(
        "--as", dest="actor", default="command", metavar="NAME", help="who is on record"
    )
    parser.add_argument("--again", action="store_true", help="even if the file was imported before")


class ImportCommand:
    """The command with its arguments; `code` is the exit code once it has run."""

    def __init__(self, given: argparse.Namespace, out: TextIO = sys.stderr) -> None:
        self._file: Path = given.file.resolve()
        self._kind: str = given.kind
        self._rejects: Path | None = given.rejects
        self._actor: str = given.actor
        self._again: bool = given.again
        self._out = out
        format_ = Format(given.format) if given.format else _SUFFIXES.get(self._file.suffix.lower())
        if format_ is None:
            message = "the file's suffix is neither .csv, .ndjson nor .jsonl: say --format"
            raise StartupError(message)
        self._format = format_
        self.code = STOPPED

    async def run(self, settings: Settings, telemetry: Telemetry, stop: asyncio.Event) -> None:
        """Import the file. Raises `StartupError` where it cannot be, `Unavailable`."""
        wanted = await self._wanted()
        if self._rejects is not None:
            _require_writable(self._rejects)
        pool = DatabasePool(settings, telemetry, application=telemetry.settings.service_name)
        async with connected(pool, settings, telemetry):
            runner = ImportRunner(pool, telemetry, settings)
            import_id = await runner.ledger.accept(wanted, None, again=self._again)
            while not stop.is_set():
                claim = await runner.ledger.claim(import_id)
                if claim is not None:
                    await self._import(runner, claim, stop)
                    return
                if await runner.ledger.is_finished(import_id):
                    self._out.write("this file was imported before; --again imports it again\n")
                    self.code = DONE
                    return
                # A run that crashed holds its lease for a while; one that goes on keeps it.
                self._out.write("waiting: another process has this import in hand\n")
                await _pause(stop, settings.lease_seconds / 4)

    async def _import(self, runner: ImportRunner, claim: Claim, stop: asyncio.Event) -> None:
        with ExitStack() as stack:
            rejects = None
            if self._rejects is not None:
                next_line = claim.checkpoint.position.line
                rejects = stack.enter_context(RejectsFile(self._rejects, next_line))
            line = ProgressLine(self._out, claim.request.size, rejects)
            line.begin(claim.checkpoint)
            try:
                ended = await runner.run(
                    claim, stop, watcher=line, patience_seconds=_PATIENCE_SECONDS
                )
            except FencedError:
                message = "another process has taken the import over"
                raise StartupError(message) from None
            line.end()
        if not ended:
            self._out.write("stopped; the same command goes on from here\n")
        else:
            self.code = SOME_REJECTED if line.rejects else DONE

    async def _wanted(self) -> Request:
        try:
            file_hash, size = await fingerprint(self._file)
            with self._file.open("rb") as file:  # one block, before anything runs
                header(file.read(MAX_RECORD_BYTES + 3), KINDS[self._kind], self._format)
        except (SourceError, OSError) as error:
            reason = type(error.__cause__ or error).__name__
            message = f"the file cannot be read ({reason})"
            raise StartupError(message) from error
        except HeaderError as error:
            raise StartupError(str(error)) from None
        return Request(
            kind=self._kind,
            format=self._format,
            origin=Origin.COMMAND,
            path=str(self._file),
            file_hash=file_hash,
            size=size,
            requested_by=self._actor,
        )


def _require_writable(path: Path) -> None:
    """Raise `StartupError` before anything is on record, not when the first row is rejected."""
    try:
        path.open("ab").close()
    except OSError as error:
        message = f"{path} cannot be written ({type(error).__name__})"
        raise StartupError(message) from None


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return
