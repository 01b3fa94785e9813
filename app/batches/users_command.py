"""`python -m app users offboard|review`: a batch of users, with a line of progress.

The batch is on record before anything is done, so that a worker goes on with it should this
process end; where a worker is faster, this one shows how far that is.
"""

import argparse
import asyncio
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Final, TextIO
from uuid import UUID

from pydantic import TypeAdapter, ValidationError

from app.batches.operations import Operation
from app.batches.user_ledger import Claim, Wanted
from app.batches.user_worker import UserBatchRunner
from app.batches.users import BatchReport
from app.bootstrap import connected
from app.database.pool import DatabasePool
from app.errors import StartupError
from app.http.bodies import Identifier
from app.reports.address import recipient_address
from app.settings import Settings
from telemetry.runtime import Telemetry

DONE: Final = 0
STOPPED: Final = 1
SOME_FAILED: Final = 3
_PIECE: Final = 1_000
_WIDTH: Final = 30
_POLL_SECONDS: Final = 0.5
_IDENTIFIER: Final[TypeAdapter[str]] = TypeAdapter(Identifier)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument("operation", choices=[one.value for one in Operation])
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--file", type=Path, metavar="FILE", help="one user a line, UTF-8")
    which.add_argument("--all", action="store_true", help="everybody in the directory")
    parser.add_argument("--recipient", metavar="ADDRESS", help="to whom the reports of a review go")
    parser.add_argument(
        "--as", dest="actor", default="command", metavar="NAME", help="who is on record"
    )


class UsersCommand:
    """The command with its arguments; `code` is the exit code once it has run."""

    def __init__(self, given: argparse.Namespace, out: TextIO = sys.stderr) -> None:
        self._operation = Operation(given.operation)
        self._file: Path | None = given.file
        self._actor: str = given.actor
        self._out = out
        self._recipient: str | None = given.recipient
        self.code = STOPPED
        if (self._operation is Operation.REVIEW) != (self._recipient is not None):
            message = "a review has a --recipient, and nothing else has one"
            raise StartupError(message)
        if self._operation is Operation.OFFBOARD and self._file is None:
            message = "only those whom a --file names can be offboarded"
            raise StartupError(message)
        if self._recipient is not None:
            try:
                self._recipient = recipient_address(self._recipient)
            except ValueError as error:
                message = f"the recipient is {error}"
                raise StartupError(message) from None

    async def run(self, settings: Settings, telemetry: Telemetry, stop: asyncio.Event) -> None:
        """Process the users. Raises `StartupError` where it cannot be, `Unavailable`."""
        pool = DatabasePool(settings, telemetry, application=telemetry.settings.service_name)
        async with connected(pool, settings, telemetry):
            runner = UserBatchRunner(pool, telemetry, settings)
            wanted = Wanted(
                operation=self._operation,
                recipient=self._recipient,
                names=None if self._file is None else _pieces(self._file),
                requested_by=self._actor,
            )
            batch_id = await runner.batches.accept(wanted)
            self._out.write(f"batch {batch_id}\n")
            claim = await runner.batches.claim(batch_id)
            if claim is not None:
                await runner.run(claim, stop, self._hear)
            await self._see_to_its_end(runner, batch_id, stop)

    async def _see_to_its_end(
        self, runner: UserBatchRunner, batch_id: UUID, stop: asyncio.Event
    ) -> None:
        while (status := await runner.batches.status(batch_id, self._actor)) is not None:
            users = status["users"]
            if status["status"] not in {"queued", "running"}:
                self._out.write(_line(users["done"], users["failed"], users["total"]))
                self.code = DONE
                if status["status"] != "done" or users["failed"]:
                    self.code = SOME_FAILED
                return
            if stop.is_set():
                self._out.write("stopped; a worker goes on from here\n")
                return
            try:
                await asyncio.wait_for(stop.wait(), _POLL_SECONDS)
            except TimeoutError:
                continue

    def _hear(self, claim: Claim, reached: BatchReport) -> None:
        if self._out.isatty():
            line = _line(claim.done + reached.done, claim.failed + reached.failed, claim.total)
            self._out.write(f"\r{line.rstrip()}\x1b[K")
            self._out.flush()


def _line(done: int, failed: int, total: int) -> str:
    share = min(1.0, (done + failed) / total) if total else 1.0
    bar = "#" * int(_WIDTH * share)
    return f"\r[{bar:<{_WIDTH}}] {share:6.1%}  {done:,} done, {failed:,} failed of {total:,}\n"


async def _pieces(path: Path) -> AsyncIterator[Sequence[str]]:
    names = _names(path)
    while piece := await asyncio.to_thread(lambda: list(islice(names, _PIECE))):
        yield piece


def _names(path: Path) -> Iterator[str]:
    try:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, start=1):
                if name := line.rstrip("\r\n"):
                    yield _fit(name, number)
    except (OSError, UnicodeDecodeError) as error:
        message = f"the file cannot be read ({type(error).__name__})"
        raise StartupError(message) from None


def _fit(name: str, number: int) -> str:
    try:
        return _IDENTIFIER.validate_python(name)
    except ValidationError:
        message = f"line {number} of the file is no name of a user"
        raise StartupError(message) from None
