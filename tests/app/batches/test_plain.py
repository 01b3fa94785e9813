"""The quick way for whole pieces: when it is taken, and that it says nothing of its own."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.batches import plain, portions
from app.batches.kinds import KINDS, Layout
from app.batches.portions import Format, Position, parse

GRANTS = Layout.whole(KINDS["grants"])
GRANT = {"user": "ann", "resource": "doc:1,2", "action": "lésen"}
ROW = ("ann", None, "doc:1,2", "lésen")


@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": ")])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("tail", ["", "\n"])
def test_objects_that_are_written_alike_are_not_parsed_one_by_one(
    separators: tuple[str, str], ending: str, tail: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(plain, "_decoded")
    text = json.dumps(GRANT, separators=separators, ensure_ascii=False)
    lines = (ending.join([text] * 3) + tail).encode()
    assert plain.rows_of_objects(lines, GRANTS) == [ROW] * 3


@pytest.mark.parametrize(
    "second",
    [
        b'{"user":"\\u0061nn","resource":"d","action":"r"}',
        b'{"action":"r","resource":"d","user":"ann"}',
        b'  { "user" : "ann" , "resource" : "d" , "action" : "r" }  ',
        b'{"user":"bob","user":"ann","resource":"d","action":"r"}',
    ],
)
def test_objects_of_the_same_fields_are_still_read_together(second: bytes) -> None:
    lines = b'{"user":"ann","resource":"d","action":"r"}\n' + second
    assert plain.rows_of_objects(lines, GRANTS) == [("ann", None, "d", "r")] * 2


@pytest.mark.parametrize(
    "second",
    [
        b"",
        b"{",
        b'{"user":"ann","resource":"d"}',
        b'{"user":"ann","resource":"d","action":"r","more":"x"}',
        b'{"user":"ann","resource":"d","action":"r"}{"user":"ann","resource":"d","action":"r"}',
        b'{"user":"ann","resource":"d","action":""}',
        b'{"user":"ann","resource":"d","action":7}',
        b'{"user":"ann","resource":"d","action":"\x7f"}',
        b'{"user":"ann","resource":"d","action":"\xff"}',
        b'{"user":"ann","resource":"d","action":"' + b"r" * 257 + b'"}',
        b'{"user":"ann","resource":"d","action":"' + "€".encode() * 256 + b'"}' + b" " * 16_384,
        b'{"user":"ann","resource":"d","action":"'
        + "\N{SLIGHTLY SMILING FACE}".encode() * 255
        + b'"}',
    ],
)
def test_what_takes_a_closer_look_is_left_to_the_careful_way(second: bytes) -> None:
    right = b'{"user":"ann","resource":"d","action":"r"}\n'
    assert plain.rows_of_objects(right + second + b"\n", GRANTS) is None
    assert plain.rows_of_objects(second + b"\n" + right, GRANTS) is None


LINES = st.sampled_from(
    [
        b'{"user":"ann","resource":"d","action":"r"}',
        b'{"user": "ann", "resource": "d", "action": "r"}',
        b'{"user":"ann","resource":"d, e","action":"r"}',
        b'{"user":"ann","resource":"d\\","action":"r"}',
        b'{"user":"ann","resource":"d\\\\","action":"r"}',
        b'{"user":"ann","resource":"d\\nann,d,r","action":"r"}',
        b'{"user":"ann","resource":"d","action":"\\ud800"}',
        b'{"user":"ann","resource":"d","action":"r"},',
        b'{"user":"ann","resource":"d","action":"r","action":"w"}',
        b'{"user":"ann","resource":"d","action":NaN}',
        b'{"user":"ann","resource":"d","action":123456789012345678901234567890}',
        b'{"user":"ann","resource":"d",',
        b'"action":"r"}',
        b'{"group":"staff","resource":"d","action":"r"}',
        b'{"user":"ann","group":"staff","resource":"d","action":"r"}',
        b'{"user":"ann","group":null,"resource":"d","action":"r"}',
        b'{" user":"ann","resource":"d","action":"r"}',
        b'["user","resource","action"]',
        b"[" * 2_000,
        b"\xef\xbb\xbf{}",
        b"",
    ]
)


@given(st.lists(LINES, max_size=6), st.sampled_from([b"\n", b"\r\n"]), st.booleans())
def test_it_finds_what_the_careful_way_finds(
    lines: list[bytes],
    ending: bytes,
    is_ended: bool,  # noqa: FBT001  # drawn
) -> None:
    data = ending.join(lines) + (ending if is_ended else b"")
    begin = Position(0, 1)
    quick = parse(data, begin, GRANTS, Format.NDJSON, at_end=True)
    careful = portions._careful(data, begin, GRANTS, Format.NDJSON, at_end=True)
    assert list(quick.rows) == list(careful.rows)
    assert list(quick.lines) == list(careful.lines)
    assert (quick.rejects, quick.end) == (careful.rejects, careful.end)


def test_two_columns_that_are_the_same_are_not_plain() -> None:
    parents = Layout.whole(KINDS["parents"])
    assert plain.rows_of_objects(b'{"resource":"a","parent":"b"}', parents) == [("a", "b")]
    assert plain.rows_of_objects(b'{"resource":"a","parent":"a"}', parents) is None
