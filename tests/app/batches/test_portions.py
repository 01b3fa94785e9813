"""Records out of bytes: the dialects, what is rejected and where, and that pieces do not matter."""

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.batches import portions
from app.batches.kinds import KINDS, MAX_RECORD_BYTES, HeaderError, Kind, Layout, Reason
from app.batches.portions import (
    Format,
    Portion,
    Position,
    Reject,
    header,
    parse,
)

GRANTS = KINDS["grants"]
USERS = KINDS["users"]


def read(data: bytes, kind: Kind = GRANTS, format_: Format = Format.CSV) -> Portion:
    layout, begin = header(data, kind, format_)
    return parse(data[begin.offset :], begin, layout, format_, at_end=True)


def in_pieces(data: bytes, size: int, kind: Kind, format_: Format) -> Portion:
    """What a run that reads `size` bytes at a time makes of the file."""
    layout, position = header(data, kind, format_)
    whole = Portion(position, position, [], [])
    rows, lines = list(whole.rows), list(whole.lines)
    while position.offset < len(data):
        piece = data[position.offset : position.offset + size]
        at_end = position.offset + len(piece) >= len(data)
        portion = parse(piece, position, layout, format_, at_end=at_end)
        if portion.runs_over:
            portion.rejects.append(Reject(portion.end.line, None, Reason.RECORD_TOO_LONG))
            following = data.find(b"\n", portion.end.offset) + 1 or len(data)
            portion.end = Position(following, portion.end.line + 1)
        assert portion.end.offset > position.offset
        rows += portion.rows
        lines += portion.lines
        whole.rejects += portion.rejects
        position = portion.end
    return Portion(whole.start, position, rows, lines, whole.rejects)


def test_plain_rows_with_every_line_ending() -> None:
    for ending in (b"\n", b"\r\n"):
        data = ending.join((b"user,resource,action", b"ann,doc:1,read", b"bob,doc:2,write"))
        for tail in (b"", ending):
            portion = read(data + tail)
            assert portion.rows == [("ann", "doc:1", "read"), ("bob", "doc:2", "write")]
            assert list(portion.lines) == [2, 3]
            assert portion.end.offset == len(data + tail)
            assert not portion.rejects


def test_a_byte_order_mark_is_no_part_of_the_header() -> None:
    assert read(b"\xef\xbb\xbfuser,resource,action\nann,d,r\n").rows == [("ann", "d", "r")]
    assert read(b'\xef\xbb\xbf{"user":"ann"}\n', USERS, Format.NDJSON).rows == [("ann",)]


def test_quoted_fields_hold_commas_quotes_and_newlines() -> None:
    data = b'user,resource,action\n"a,b","say ""hi""",r\n"two\nlines",d,r\nlast,d,r\n'
    portion = read(data)
    assert portion.rows == [("a,b", 'say "hi"', "r"), ("last", "d", "r")]
    assert portion.lines == [2, 5]
    assert portion.rejects == [Reject(3, "user", Reason.CONTROL_CHARACTERS)]


@pytest.mark.parametrize(
    ("row", "column", "reason"),
    [
        (b"ann,d", None, Reason.COLUMN_COUNT),
        (b"ann,d,r,more", None, Reason.COLUMN_COUNT),
        (b"ann,,r", "resource", Reason.EMPTY),
        (b"ann,d\x00,r", "resource", Reason.CONTROL_CHARACTERS),
        (b"ann,d\r,r", "resource", Reason.CONTROL_CHARACTERS),
        (b"\xff\xfe,d,r", "user", Reason.NOT_UTF8),
        (b"ann," + b"x" * 257 + b",r", "resource", Reason.TOO_LONG),
        (b"ann," + "\N{SLIGHTLY SMILING FACE}".encode() * 193 + b",r", "resource", Reason.TOO_LONG),
        (b'an"n,d,r', None, Reason.QUOTING),
        (b'"ann"x,d,r', None, Reason.QUOTING),
        (b'"ann,d,r', None, Reason.QUOTING),
        (b"x" * (MAX_RECORD_BYTES + 9), None, Reason.RECORD_TOO_LONG),
    ],
)
def test_a_bad_row_is_told_and_costs_no_other(
    row: bytes, column: str | None, reason: Reason
) -> None:
    portion = read(b"user,resource,action\nbefore,d,r\n" + row + b"\nafter,d,r\n")
    assert portion.rejects == [Reject(3, column, reason)]
    assert portion.rows == [("before", "d", "r"), ("after", "d", "r")]
    assert portion.lines == [2, 4]


@pytest.mark.parametrize(
    ("row", "column", "reason"),
    [
        (b"{", None, Reason.NOT_JSON),
        (b'{"user":"a\\u0000b"}', "user", Reason.CONTROL_CHARACTERS),
        (b'{"user":"\xff"}', None, Reason.NOT_UTF8),
        (b'["ann"]', None, Reason.NOT_AN_OBJECT),
        (b'{"user":7}', "user", Reason.NOT_A_STRING),
        (b'{"user":"ann","secret":"x"}', None, Reason.UNKNOWN_FIELD),
        (b"{}", "user", Reason.EMPTY),
        (b'{"user":"' + b"[" * MAX_RECORD_BYTES, None, Reason.RECORD_TOO_LONG),
    ],
)
def test_a_bad_object_is_told(row: bytes, column: str | None, reason: Reason) -> None:
    portion = read(b'{"user":"before"}\n' + row + b'\n{"user":"after"}', USERS, Format.NDJSON)
    assert portion.rejects == [Reject(2, column, reason)]
    assert portion.rows == [("before",), ("after",)]


def test_a_grant_is_a_users_or_a_groups() -> None:
    portion = read(b"user,group,resource,action\nann,,d,r\n,staff,d,r\nann,staff,d,r\n,,d,r\n")
    assert portion.rows == [("ann", None, "d", "r"), (None, "staff", "d", "r")]
    wrong = [Reject(line, "group/user", Reason.NOT_EXACTLY_ONE) for line in (4, 5)]
    assert portion.rejects == wrong


def test_nothing_is_above_itself() -> None:
    portion = read(b"parent,resource\na,b\nb,b\n", KINDS["parents"])
    assert portion.rows == [("a", "b")]
    assert portion.rejects == [Reject(3, "parent", Reason.SAME)]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n",
        b"user,resource\nann,d\n",
        b"user,resource,action,extra\n",
        b"user,user,resource,action\n",
        b"resource,action\n",
        b"\xff\xfeu\x00s\x00e\x00r\x00\n",
        b'"user,resource,action\n',
        b"x" * (2 * MAX_RECORD_BYTES),
    ],
)
def test_what_is_no_header_is_refused_without_its_text(data: bytes) -> None:
    with pytest.raises(HeaderError) as raised:
        header(data, GRANTS, Format.CSV)
    assert "extra" not in str(raised.value)


VALUES = st.text(
    st.one_of(st.sampled_from(list('a,"\r\n \x00é')), st.characters(codec="utf-8")), max_size=12
)


@given(st.lists(st.tuples(VALUES, VALUES, VALUES), max_size=30), st.sampled_from(["\n", "\r\n"]))
def test_what_the_standard_library_writes_is_read_back(
    rows: list[tuple[str, str, str]], ending: str
) -> None:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator=ending, quoting=csv.QUOTE_ALL)
    writer.writerow(("user", "resource", "action"))
    writer.writerows(rows)
    layout = Layout.of_header(GRANTS, ("user", "resource", "action"))
    expected, rejected = [], 0
    for row in rows:
        try:
            expected.append(layout.row(row))
        except Exception:  # noqa: BLE001  # a row that no dialect would make right
            rejected += 1
    portion = read(out.getvalue().encode())
    assert portion.rows == expected
    assert len(portion.rejects) == rejected


PIECES = st.sampled_from(
    [
        *(b"ann,d,r\n", b"bob,e,w\r\n", b'"q,q","a""b",r\n', b'"two\nlines",d,r\n', b"\n"),
        *(b'open "quote,d,r\n', b'"never closed,d,r\n', b"\xff,d,r\n", b"a,b\n", b",,\n"),
        *(b"l" * (MAX_RECORD_BYTES + 5) + b"\n", "é,ü,ß\n".encode(), b'"', b"tail"),
        *(b'"' + b"z" * (MAX_RECORD_BYTES - 9) + b'"\n', b"p,q,r\n" * 3_000),
    ]
)


@pytest.mark.parametrize("size", range(MAX_RECORD_BYTES, MAX_RECORD_BYTES + 20))
def test_a_piece_may_end_within_quotes(size: int) -> None:
    data = b"user,resource,action\n" + b'"a\nb",d,r\n"q,""q",d,r\n' * 2_000
    pieced = in_pieces(data, size, GRANTS, Format.CSV)
    assert list(pieced.rows) == [('q,"q', "d", "r")] * 2_000
    assert [one.reason for one in pieced.rejects] == [Reason.CONTROL_CHARACTERS] * 2_000
    assert pieced.rejects == read(data).rejects


@given(st.lists(PIECES, max_size=12), st.integers(MAX_RECORD_BYTES, 3 * MAX_RECORD_BYTES))
def test_it_does_not_matter_where_a_piece_ends(parts: list[bytes], size: int) -> None:
    data = b"user,resource,action\n" + b"".join(parts)
    whole, pieced = read(data), in_pieces(data, size, GRANTS, Format.CSV)
    assert list(pieced.rows) == list(whole.rows)
    assert list(pieced.lines) == list(whole.lines)
    assert pieced.rejects == whole.rejects
    assert pieced.end == whole.end


def test_a_value_that_looks_like_two_rows_is_one_bad_one() -> None:
    trick = {"user": "a", "resource": "b", "action": "c\nd,e,f"}
    portion = read(json.dumps(trick).encode() + b"\n", GRANTS, Format.NDJSON)
    assert portion.rejects == [Reject(1, "action", Reason.CONTROL_CHARACTERS)]


OBJECTS = st.lists(
    st.one_of(
        st.fixed_dictionaries(
            {"user": VALUES, "resource": VALUES, "action": VALUES},
            optional={"group": st.none() | VALUES},
        ),
        st.fixed_dictionaries({"group": VALUES, "resource": VALUES, "action": VALUES}),
        st.just({"user": "ann", "resource": "doc:1", "action": "read"}),
        st.just({"user": "ann", "resource": 7, "action": "read"}),
        st.just([1]),
    ),
    max_size=8,
)


@given(OBJECTS, st.sampled_from(["\n", "\r\n", "\n\n"]), st.booleans())
def test_the_quick_way_of_objects_is_the_careful_one(
    objects: list[object],
    ending: str,
    is_ended: bool,  # noqa: FBT001  # drawn
) -> None:
    data = ending.join(json.dumps(one) for one in objects).encode()
    data += ending.encode() if is_ended else b""
    layout, begin = Layout.whole(GRANTS), Position(0, 1)
    quick = parse(data, begin, layout, Format.NDJSON, at_end=True)
    careful = portions._careful(data, begin, layout, Format.NDJSON, at_end=True)
    assert list(quick.rows) == list(careful.rows)
    assert list(quick.lines) == list(careful.lines)
    assert (quick.rejects, quick.end) == (careful.rejects, careful.end)


@given(st.binary(max_size=400))
def test_no_bytes_are_a_crash(data: bytes) -> None:
    for format_, head in ((Format.CSV, b"user\n"), (Format.NDJSON, b"")):
        portion = read(head + data, USERS, format_)
        assert portion.end.offset == len(head + data)


@given(st.lists(st.text(max_size=20), max_size=20))
def test_objects_are_read_as_they_were_written(names: list[str]) -> None:
    data = "".join(json.dumps({"user": name}) + "\n" for name in names).encode()
    portion = read(data, USERS, Format.NDJSON)
    assert len(portion.rows) + len(portion.rejects) == len(names)
    assert [row[0] for row in portion.rows] == [names[line - 1] for line in portion.lines]
