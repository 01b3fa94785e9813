"""Records that are right as they stand: the lines of a piece of a file, all at once, as most are.

`app.batches.portions` asks here first. Whatever takes a closer look, a wrong record above all, is
none of this module's: its answer is None then, and every record of the piece is read by itself.
"""

import re
from collections.abc import Sequence
from itertools import chain
from operator import itemgetter
from typing import Any, Final

import orjson

from app.batches.kinds import (
    MAX_CHARACTERS,
    MAX_RECORD_BYTES,
    SURELY_FIT,
    HeaderError,
    Layout,
    Row,
    WrongError,
)

_CONTROLS: Final = r"\x00-\x1f\x7f-\x9f"
_FIELD: Final = rf"([^,\"{_CONTROLS}]{{1,{MAX_CHARACTERS}}})"
_STRING: Final = rf"\"([^\"\\{_CONTROLS}]{{1,{MAX_CHARACTERS}}})\""


def rows_of_csv(lines: bytes, layout: Layout) -> Sequence[Row] | None:
    """Return the rows of whole lines without a quote, or None."""
    if b'"' in lines:
        return None
    try:
        return _matched(lines.decode(), ",".join([_FIELD] * len(layout.names)), layout)
    except UnicodeDecodeError:
        return None


def rows_of_objects(lines: bytes, layout: Layout) -> Sequence[Row] | None:
    """Return the rows of whole lines that are objects with the fields of the first one, or None.

    Most have the same order and spaces too, and no escapes: those need not be parsed as JSON.
    """
    try:
        first = orjson.loads(lines.partition(b"\n")[0])
        if not isinstance(first, dict):
            return None
        given = Layout.of_header(layout.kind, list(first))
        rows = None if b"\\" in lines else _written_alike(lines, given)
        if rows is None:
            rows = _decoded(lines, given)
    except (HeaderError, UnicodeDecodeError, orjson.JSONDecodeError):
        return None
    return None if rows is None else _widened(rows, given, layout)


def _written_alike(lines: bytes, given: Layout) -> Sequence[Row] | None:
    fields = ", ?".join(f'"{name}": ?{_STRING}' for name in given.names)
    return _matched(lines.decode(), rf"\{{{fields}\}}", given)


def _decoded(lines: bytes, given: Layout) -> Sequence[Row] | None:
    """Return the same from objects that are parsed one by one.

    The fields are checked as lines of a CSV file would be; what that would quote is not plain.
    """
    each = lines.removesuffix(b"\n").split(b"\n")
    if max(map(len, each)) >= MAX_RECORD_BYTES:
        return None
    try:
        records = [orjson.loads(line) for line in each]
        rows = [tuple([record[name] for name in given.names]) for record in records]
        text = "\n".join(map(",".join, rows))
    except (KeyError, TypeError):
        return None
    if set(map(len, records)) != {len(given.names)}:
        return None
    # A value with a newline may look like two lines that are right.
    as_lines = _matched(text, ",".join([_FIELD] * len(given.names)), given)
    return as_lines if as_lines == rows else None


def _matched(text: str, line: str, layout: Layout) -> Sequence[Row] | None:
    """Return the rows if the pattern matches every line, and what it finds makes a good row."""
    if layout.may_be_empty:
        return None
    found: list[Any] = re.findall(rf"^{line}\r?$", text, re.MULTILINE)
    if len(found) != text.count("\n") + (not text.endswith("\n")):
        return None
    # A pattern of one group yields its text, not a tuple of one.
    rows: list[tuple[str, ...]] = [(one,) for one in found] if len(layout.names) == 1 else found
    if not text.isascii() and max(map(len, chain.from_iterable(rows))) > SURELY_FIT:
        return None
    if layout.kind.unequal is not None:
        try:
            for row in rows:
                layout.compare(row)
        except WrongError:
            return None
    return rows


def _widened(rows: Sequence[Row], given: Layout, layout: Layout) -> Sequence[Row]:
    """Return rows of the given columns as rows of all of the layout's."""
    if given.names == layout.names:
        return rows
    # The place after a row's last value has None, for the columns that are not given.
    nothing = len(given.names)
    places = [given.names.index(one) if one in given.names else nothing for one in layout.names]
    widened = itemgetter(*places)
    return [widened((*row, None)) for row in rows]
