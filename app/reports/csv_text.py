"""The CSV of an access review (RFC 4180, UTF-8), safe to open in a spreadsheet.

A cell that a spreadsheet would take for a formula gets an apostrophe before it, and every cell is
quoted (OWASP, "CSV Injection"): names come from clients.
"""

from typing import Final

from app.reports.access import COLUMNS, Access

# Also the full-width forms, which some spreadsheets read alike.
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")


class CsvWriter:
    """Collects rows until they are taken."""

    def __init__(self) -> None:
        self._lines = [_line(COLUMNS)]
        self.size = len(self._lines[0])

    def add(self, access: Access) -> None:
        """Add a row."""
        line = _line(access.cells())
        self._lines.append(line)
        self.size += len(line)

    def take(self) -> bytes:
        """Return what has come since the last take; the head is in the first."""
        taken = b"".join(self._lines)
        self._lines.clear()
        self.size = 0
        return taken


def _line(cells: tuple[str, ...]) -> bytes:
    return (",".join(map(_cell, cells)) + "\r\n").encode("utf-8", "replace")


def _cell(text: str) -> str:
    # Spreadsheets pass over leading blanks before they look for a formula.
    if text.lstrip().startswith(_FORMULA_STARTS):
        text = f"'{text}"
    quoted = text.replace('"', '""')
    return f'"{quoted}"'
