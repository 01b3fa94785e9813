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

from app.batches import plain
from app.batches.kinds import (
    MAX_RECORD_BYTES,
    HeaderError,
    Kind,
    Layout,
    Reason,
    Row,
    WrongError,
)

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
    lines = data if at_end else data[: data.rfind(b"\n") + 1]
    read_plain = plain.rows_of_csv if format_ is Format.CSV else plain.rows_of_objects
    rows = read_plain(lines, layout) if lines else None
    if rows is None:
        return _careful(data, start, layout, format_, at_end=at_end)
    end = Position(start.offset + len(lines), start.line + lines.count(b"\n"))
    return Portion(start, end, rows, range(start.line, start.line + len(rows)))


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
