"""The access review: who can do what, by which group, who granted it, since when, what was decided.

Read in one snapshot through a cursor, a page at a time, so that neither a change meanwhile bends it
nor a large table fills the memory: what is kept is the mail's list, which is cut at `MAX_LISTED`,
and one part of the CSV, which is handed on as it fills.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from app.database.pool import Connection, DatabasePool
from app.database.review_statements import ACCESS_COUNT, ACCESS_ROWS, SNAPSHOT_TIME
from app.reports.access import Access
from app.reports.csv_text import CsvWriter
from app.reports.decisions import with_decisions
from app.reports.listing import Listing
from app.reports.paths import with_paths
from app.reports.reach import with_reach

MAX_LISTED: Final = 1_000
"""Rows that the mail itself lists; the CSV has them all."""

PART_BYTES: Final = 256 * 1024
"""The CSV is handed on when it has grown by this much."""

_PAGE: Final = 1_000
_STATEMENT_SECONDS: Final = 60
"""A sort of millions of rows takes longer than a request may."""

KeepPart = Callable[[bytes], Awaitable[None]]
Progress = Callable[[int, int], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Report:
    """A finished report: its mail's two forms, the CSV's last part, and how many rows it has."""

    text: str
    html: str
    last_part: bytes
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much of a report is in memory at a time."""

    listed: int = MAX_LISTED
    page: int = _PAGE
    part_bytes: int = PART_BYTES


DEFAULT_LIMITS: Final = Limits()


async def make_report(
    pool: DatabasePool,
    subject: str | None,
    keep_part: KeepPart,
    progress: Progress,
    limits: Limits | None = None,
) -> Report:
    """Return the report on all users, or on `subject` alone.

    `keep_part` is given the CSV as it grows; `progress`, after each page but a first that has all,
    how many rows are done and how many there are. What either raises ends the work.
    """
    limits = limits or DEFAULT_LIMITS
    async with (
        pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        await connection.execute(f"SET LOCAL statement_timeout = '{_STATEMENT_SECONDS}s'")
        listing = Listing(await connection.fetchval(SNAPSHOT_TIME), subject, limits.listed)
        csv = CsvWriter()
        cursor = await connection.cursor(ACCESS_ROWS, subject, timeout=_STATEMENT_SECONDS)
        total: int | None = None
        done = 0
        while rows := await cursor.fetch(limits.page, timeout=_STATEMENT_SECONDS):
            if total is None:
                total = await _total(connection, subject, len(rows), limits.page)
            decided = await with_decisions(connection, [Access(*row) for row in rows])
            reaching = await with_reach(connection, decided)
            for access in await with_paths(connection, reaching):
                listing.add(access)
                csv.add(access)
            done += len(rows)
            if csv.size >= limits.part_bytes:
                await keep_part(csv.take())
            if total > limits.page:
                await progress(done, total)
    return Report(listing.text(), listing.html(), csv.take(), done)


async def _total(connection: Connection, subject: str | None, first: int, page: int) -> int:
    """Return how many rows there will be; a first page that is not full has them all."""
    if first < page:
        return first
    total: int = await connection.fetchval(ACCESS_COUNT, subject, timeout=_STATEMENT_SECONDS)
    return total
