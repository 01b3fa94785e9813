"""From bytes to rows: the records of a piece of a file, with the line of each.

`parse` is given the bytes from one record's start on and takes all the records that are whole. A
record's meaning depends on its own bytes alone, never on where a piece of the file ended, so a run
that resumes sees the rows that the first one saw. One that is not right is rejected, and reading
goes on at the next line.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple

import orjson

from app.batches.kinds import SURELY_FIT, HeaderError, Kind, Layout, Reason, Row, WrongError

MAX_RECORD_BYTES: Final = 16_384
_BOM: Final = b"\xef\xbb\xbf"
# RFC 4180: a field is quoted as a whole or not at all; "" is a quote in one. Possessive, so that
# a quote that never ends costs one look at its text.
_FIELD: Final = rb'(?:"(?:[^"]++|"")*+"|[^",\r\n]*+)'
_RECORD: Final = re.compile(_FIELD + rb"(?:," + _FIELD + rb")*+(?:\r?\n|\Z)")
_FIELDS: Final = re.compile(rb'(?:"((?:[^"]++|"")*+)"|([^",\r\n]*+))(?:,|\r?\n|\Z)')


class Format(StrEnum):
    """How a file is written."""

    CSV = "csv"
    NDJSON = "ndjson"


class Position(NamedTuple):
    """A place between two records: the bytes before it, and the number of its line from 1."""

    offset: int
    line: int


class Reject(NamedTuple):
    """A record that was not taken."""

    line: int
    column: str | None
    reason: Reason


@dataclass(slots=True)
class Portion:
    """The records between two positions; `lines` has the line of each row."""

    start: Position
    end: Position
    rows: Sequence[Row] = ()
    lines: Sequence[int] = ()
    rejects: list[Reject] = field(default_factory=list)
    runs_over: bool = False
    """The record at `end` is too long; where it ends, these bytes do not tell."""


def header(data: bytes, kind: Kind, format_: Format) -> tuple[Layout, Position]:
    """Return a file's layout and where its records begin, from its first bytes.

    `data` is the whole file or at least `MAX_RECORD_BYTES` of it. Raises `HeaderError`.
    """
    begin = len(_BOM) if data.startswith(_BOM) else 0
    if format_ is Format.NDJSON:
        return Layout.whole(kind), Position(begin, 1)
    limit = min(len(data), begin + MAX_RECORD_BYTES)
    found = _RECORD.match(data, begin, limit)
    if found is None or not found[0].strip():
        message = "The first line is no header."
        raise HeaderError(message)
    try:
        names = [name.decode() for name in _split(found[0])]
    except UnicodeDecodeError:
        message = "The header is not UTF-8."
        raise HeaderError(message) from None
    return Layout.of_header(kind, names), Position(found.end(), 1 + found[0].count(b"\n"))


def parse(
    data: bytes, start: Position, layout: Layout, format_: Format, *, at_end: bool
) -> Portion:
    """Return the whole records of `data`, which begins at `start`; `at_end` if the file ends there.

    At least one record is taken, or found to run over, where `data` has `MAX_RECORD_BYTES`.
    """
    if format_ is Format.NDJSON:
        portion = _plain_objects(data, start, layout, at_end=at_end)
    else:
        portion = None if b'"' in data else _plain(data, start, layout, at_end=at_end)
    return portion or _careful(data, start, layout, format_, at_end=at_end)


def _plain(data: bytes, start: Position, layout: Layout, *, at_end: bool) -> Portion | None:
    """Return the records if every one is right as it stands, else None: most files, all at once."""
    length = len(data) if at_end else data.rfind(b"\n") + 1
    if layout.plain is None or not length:
        return None
    lines = data.count(b"\n", 0, length) + (data[length - 1 : length] != b"\n")
    end = Position(start.offset + length, start.line + data.count(b"\n", 0, length))
    try:
        text = data[:length].decode()
        found = layout.plain.findall(text)
        # A pattern of one group yields its text, not a tuple of one.
        rows: list[Row] = [(value,) for value in found] if len(layout.names) == 1 else found
        if layout.kind.unequal is not None:
            for row in rows:
                layout.compare(row)
    except (UnicodeDecodeError, WrongError):
        return None
    may_be_long = not text.isascii() and any(
        len(one or "") > SURELY_FIT for row in rows for one in row
    )
    if len(found) != lines or may_be_long:
        return None
    return Portion(start, end, rows, range(start.line, start.line + lines))


def _plain_objects(data: bytes, start: Position, layout: Layout, *, at_end: bool) -> Portion | None:
    """Return the records if all are objects of the same plain fields, else None.

    The fields are checked as lines of a CSV file would be; what that would quote is not plain.
    """
    length = len(data) if at_end else data.rfind(b"\n") + 1
    lines = data[:length].removesuffix(b"\n").split(b"\n")
    if max(map(len, lines)) >= MAX_RECORD_BYTES:
        return None
    try:
        records = [orjson.loads(line) for line in lines]
        given = Layout.of_header(layout.kind, [name for name in layout.names if name in records[0]])
        rows = [tuple([record[name] for name in given.names]) for record in records]
        text = "\n".join(map(",".join, rows))
    except (orjson.JSONDecodeError, HeaderError, KeyError, TypeError, IndexError):
        return None
    as_lines = _plain(text.encode(), start, given, at_end=True)
    # A value with a newline may look like two lines that are right.
    if as_lines is None or as_lines.rows != rows:
        return None
    if any(len(record) != len(given.names) for record in records):
        return None
    places = [given.names.index(name) if name in given.names else None for name in layout.names]
    rows_wide = [tuple([None if at is None else row[at] for at in places]) for row in rows]
    end = Position(start.offset + length, start.line + data.count(b"\n", 0, length))
    return Portion(start, end, rows_wide, range(start.line, start.line + len(rows)))


class _Record(NamedTuple):
    begin: int
    end: int
    wrong: Reason | None


def _careful(
    data: bytes, start: Position, layout: Layout, format_: Format, *, at_end: bool
) -> Portion:
    rows: list[Row] = []
    lines: list[int] = []
    rejects: list[Reject] = []
    end, line = 0, start.line
    runs_over = False
    read = _csv_values if format_ is Format.CSV else _json_values
    for record in _records(data, format_, at_end=at_end):
        if record.end > len(data):
            runs_over = True
            break
        end = record.end
        raw = data[record.begin : end]
        try:
            _require_right(record)
            if raw.strip(b"\r\n"):
                rows.append(layout.row(read(raw, layout)))
                lines.append(line)
        except WrongError as wrong:
            rejects.append(Reject(line, wrong.column, wrong.reason))
        line += raw.count(b"\n")
    position = Position(start.offset + end, line)
    return Portion(start, position, rows, lines, rejects, runs_over)


def _require_right(record: _Record) -> None:
    if record.wrong:
        raise WrongError(record.wrong)


def _records(data: bytes, format_: Format, *, at_end: bool) -> Iterator[_Record]:
    """Yield the whole records. One that ends past the data is too long for it to be told."""
    begin, length = 0, len(data)
    while begin < length:
        limit = min(length, begin + MAX_RECORD_BYTES)
        end = data.find(b"\n", begin, limit) + 1
        if not end:
            if limit - begin == MAX_RECORD_BYTES:
                end = data.find(b"\n", limit) + 1 or (length if at_end else length + 1)
                yield _Record(begin, end, Reason.RECORD_TOO_LONG)
                begin = end
                continue
            if not at_end:
                return
            end = length
        wrong = None
        if format_ is Format.CSV and data.find(b'"', begin, end) >= 0:
            found = _RECORD.match(data, begin, limit)
            ends_whole = found and (found[0].endswith(b"\n") or (at_end and found.end() == length))
            if found and ends_whole:
                end = found.end()
            elif limit - begin < MAX_RECORD_BYTES and not at_end:
                return  # its quote may yet end
            else:
                wrong = Reason.QUOTING
        yield _Record(begin, end, wrong)
        begin = end


def _csv_values(raw: bytes, layout: Layout) -> list[str | None]:
    fields = _split(raw) if b'"' in raw else raw.rstrip(b"\n").removesuffix(b"\r").split(b",")
    if len(fields) != len(layout.names):
        raise WrongError(Reason.COLUMN_COUNT)
    values: list[str | None] = []
    for name, value in zip(layout.names, fields, strict=True):
        try:
            values.append(value.decode())
        except UnicodeDecodeError:
            raise WrongError(Reason.NOT_UTF8, name) from None
    return values


def _split(raw: bytes) -> list[bytes]:
    """Return the fields of a record that `_RECORD` matches."""
    fields: list[bytes] = []
    for found in _FIELDS.finditer(raw):
        quoted, bare = found.groups()
        fields.append(bare if quoted is None else quoted.replace(b'""', b'"'))
        if not found[0].endswith(b","):
            break
    return fields


def _json_values(raw: bytes, layout: Layout) -> list[str | None]:
    try:
        record = orjson.loads(raw)
    except orjson.JSONDecodeError:
        try:
            raw.decode()
        except UnicodeDecodeError:
            raise WrongError(Reason.NOT_UTF8) from None
        raise WrongError(Reason.NOT_JSON) from None
    if not isinstance(record, dict):
        raise WrongError(Reason.NOT_AN_OBJECT)
    values: list[str | None] = []
    for name in layout.names:
        value = record.pop(name, None)
        if value is not None and not isinstance(value, str):
            raise WrongError(Reason.NOT_A_STRING, name)
        values.append(value)
    if record:
        raise WrongError(Reason.UNKNOWN_FIELD)
    return values
