"""The access report: who can do what, who granted it and since when, as text and as HTML.

Read in one snapshot and in keyset pages, so that neither a change meanwhile nor a large table
bends it. Names come from clients: control characters are shown as a mark, HTML is escaped.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from typing import Final

from app.database.pool import Connection, DatabasePool
from app.database.report_statements import GRANTS_PAGE, SNAPSHOT_TIME, USER_GRANTS_PAGE

MAX_GRANTS: Final = 10_000
"""Grants that one mail lists; past it the report says that there are more."""

_PAGE: Final = 500
_UNPRINTABLE: Final = "\N{REPLACEMENT CHARACTER}"


@dataclass(frozen=True, slots=True)
class Grant:
    """One line of the report."""

    user: str
    resource: str
    action: str
    granted_by: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Report:
    """A finished report; `grants` is how many it lists."""

    text: str
    html: str
    grants: int


async def make_report(
    pool: DatabasePool, subject: str | None = None, *, page: int = _PAGE, most: int = MAX_GRANTS
) -> Report:
    """Return the report on all users, or on `subject` alone; lists at most `most` grants."""
    async with (
        pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        builder = ReportBuilder(await connection.fetchval(SNAPSHOT_TIME), subject, most)
        async for grants in _grant_pages(connection, subject, page):
            if not builder.add(grants):
                break
    return builder.report()


async def _grant_pages(
    connection: Connection, subject: str | None, size: int
) -> AsyncIterator[Sequence[Grant]]:
    after = ("", "", "")
    while True:
        rows = await (
            connection.fetch(GRANTS_PAGE, *after, size)
            if subject is None
            else connection.fetch(USER_GRANTS_PAGE, *after, size, subject)
        )
        yield [Grant(*row) for row in rows]
        if len(rows) < size:
            return
        after = (rows[-1]["user_id"], rows[-1]["resource"], rows[-1]["action"])


class ReportBuilder:
    """Collects the lines of a report, at most `most`."""

    def __init__(self, as_of: datetime, subject: str | None, most: int) -> None:
        self._scope = "all users" if subject is None else f"user {_printable(subject)}"
        self._as_of = f"{as_of.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
        self._most = most
        self._lines: list[str] = []
        self._rows: list[str] = []
        self._cut = False

    def add(self, grants: Sequence[Grant]) -> bool:
        """Add lines in order; False once the report is full."""
        room = self._most - len(self._lines)
        self._cut = len(grants) > room
        for grant in grants[:room]:
            names = (grant.user, grant.action, grant.resource, grant.granted_by)
            user, action, resource, granted_by = map(_printable, names)
            since = f"{grant.since.astimezone(UTC):%Y-%m-%d}"
            self._lines.append(
                f"{user}: {action} on {resource} (granted by {granted_by}, {since})\n"
            )
            cells = "".join(
                f"<td>{escape(cell)}</td>" for cell in (user, action, resource, granted_by, since)
            )
            self._rows.append(f"<tr>{cells}</tr>\n")
        return not self._cut

    def report(self) -> Report:
        """Return the report of what was added."""
        count = len(self._lines)
        head = f"Access of {self._scope}, as of {self._as_of}"
        tail = f"{count} grants listed" + ("; there are more." if self._cut else ", which is all.")
        text = f"{head}\n\n{''.join(self._lines)}\n{tail}\n"
        columns = "".join(
            f"<th>{name}</th>" for name in ("User", "Action", "Resource", "Granted by", "Since")
        )
        html = (
            '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
            "<title>Access report</title></head>\n"
            f"<body><h1>{escape(head)}</h1>\n<table><thead><tr>{columns}</tr></thead>\n"
            f"<tbody>\n{''.join(self._rows)}</tbody></table>\n<p>{tail}</p></body></html>\n"
        )
        return Report(text, html, count)


def _printable(name: str) -> str:
    return "".join(char if char.isprintable() else _UNPRINTABLE for char in name)
