"""The list in the mail itself, as text and as HTML; what is too long for it says so."""

from datetime import UTC, datetime
from html import escape
from typing import Final

from app.reports.access import COLUMNS, Access, printable
from app.reports.paths import BEYOND
from app.reports.reach import MOST_NAMED

_READING: Final = (
    "A grant also holds for what lies beneath its resource, and for the actions that its action"
    f" implies: of either at most {MOST_NAMED} are named, and {BEYOND} stands for more."
)


class Listing:
    """Collects the rows that the mail lists, at most `most`; further ones are only counted."""

    def __init__(self, as_of: datetime, subject: str | None, most: int) -> None:
        scope = "all users" if subject is None else f"user {printable(subject)}"
        self._head = f"Access of {scope}, as of {as_of.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
        self._most = most
        self._count = 0
        self._lines: list[str] = []
        self._rows: list[str] = []

    def add(self, access: Access) -> None:
        """Add a row, in order."""
        self._count += 1
        if self._count > self._most:
            return
        cells = access.cells()
        user, action, resource, through, way, granted_by, since, decision, decided, *more = cells
        implied, beneath = more
        by_group = f" through group {through}" if through else ""
        by_group += f" ({way})" if way else ""
        last = f"; last decision: {decision}, {decided}" if decision else ""
        also = f"; also allows {implied}" if implied else ""
        also += f"; also on {beneath}" if beneath else ""
        self._lines.append(
            f"{user}: {action} on {resource}{by_group}"
            f" (granted by {granted_by}, {since}{last}){also}\n"
        )
        self._rows.append(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>\n")

    def text(self) -> str:
        """Return the list as text."""
        return f"{self._head}\n\n{''.join(self._lines)}\n{self._tail()}\n{_READING}\n"

    def html(self) -> str:
        """Return the list as a page."""
        columns = "".join(f"<th>{name}</th>" for name in COLUMNS)
        return (
            '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
            "<title>Access report</title></head>\n"
            f"<body><h1>{escape(self._head)}</h1>\n<table><thead><tr>{columns}</tr></thead>\n"
            f"<tbody>\n{''.join(self._rows)}</tbody></table>\n"
            f"<p>{self._tail()}</p>\n<p>{_READING}</p></body></html>\n"
        )

    def _tail(self) -> str:
        if self._count <= self._most:
            return f"{self._count} grants listed, which is all."
        return f"{self._most} of {self._count} grants listed; the CSV has them all."
