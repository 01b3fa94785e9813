"""`tracestate`, as a table after the W3C's cases; see `trace_context`."""

import pytest

from telemetry.tracestate import Level2TraceState, parse_tracestate
from tests.telemetry.trace_context import TRACE_ID, sent_on, traceparent

EVERY_KEY_CHARACTER = b"abcdefghijklmnopqrstuvwxyz0123456789_-*/"
EVERY_VALUE_CHARACTER = bytes(code for code in range(0x20, 0x7F) if code not in b",=")
THIRTY_TWO = b",".join(b"bar%02d=%02d" % (number, number) for number in range(1, 33))


@pytest.mark.parametrize(
    ("lines", "sent"),
    [
        pytest.param([b"foo=1,bar=2"], "foo=1,bar=2", id="two members"),
        pytest.param(
            [b"foo=1,bar=2", b"rojo=1,congo=2", b"baz=3"],
            "foo=1,bar=2,rojo=1,congo=2,baz=3",
            id="several headers in their order",
        ),
        pytest.param([b""], None, id="empty"),
        pytest.param([b" \t"], None, id="white space"),
        pytest.param([b",", b" , \t,"], None, id="nothing but empty members"),
        pytest.param([b"foo=1", b""], "foo=1", id="an empty header after"),
        pytest.param([b"", b"foo=1"], "foo=1", id="an empty header before"),
        pytest.param([b"foo=1, \t,,bar=2,"], "foo=1,bar=2", id="empty members between"),
        pytest.param([b"foo=1 \t , \t bar=2, \t baz=3"], "foo=1,bar=2,baz=3", id="white space in"),
        pytest.param([b"\t foo=1 \t"], "foo=1", id="white space around"),
        pytest.param([b"foo=  1  "], "foo=  1", id="leading spaces are of the value"),
        pytest.param([b"foo=1,foo=1"], "foo=1", id="a key twice"),
        pytest.param([b"foo=2,bar=1,foo=1"], "foo=2,bar=1", id="of two the left is the newer"),
        pytest.param([b"foo=2", b"foo=1"], "foo=2", id="a key in two headers"),
        pytest.param([THIRTY_TWO], THIRTY_TWO.decode(), id="32 members"),
        pytest.param([THIRTY_TWO, b"bar33=33"], None, id="33 members"),
        pytest.param([b"z" * 256 + b"=1"], "z" * 256 + "=1", id="key of 256"),
        pytest.param([b"foo=1", b"z" * 257 + b"=1"], None, id="key of 257"),
        pytest.param([b"foo=" + b"v" * 256], "foo=" + "v" * 256, id="value of 256"),
        pytest.param([b"bar=1,foo=" + b"v" * 257], None, id="value of 257"),
        pytest.param(
            [b"t" * 241 + b"@" + b"v" * 14 + b"=1"],
            "t" * 241 + "@" + "v" * 14 + "=1",
            id="a tenant's key of Level 1",
        ),
        pytest.param([b"t@" + b"v" * 20 + b"=1"], "t@" + "v" * 20 + "=1", id="long after the @"),
        pytest.param([b"a@b@c=1,d@=2"], "a@b@c=1,d@=2", id="@ anywhere but first"),
        pytest.param([b"0foo=1"], "0foo=1", id="a digit first"),
        pytest.param([b"@foo=1,bar=2"], None, id="@ first"),
        pytest.param([b"_foo=1,bar=2"], None, id="an underscore first"),
        pytest.param(
            [EVERY_KEY_CHARACTER + b"@a-z0-9_-*/=" + EVERY_VALUE_CHARACTER],
            (EVERY_KEY_CHARACTER + b"@a-z0-9_-*/=" + EVERY_VALUE_CHARACTER).decode(),
            id="all that is allowed",
        ),
        pytest.param([b"foo =1"], None, id="a space behind the key"),
        pytest.param([b"FOO=1"], None, id="upper case"),
        pytest.param([b"foo.bar=1"], None, id="a dot in a key"),
        pytest.param([b"foo=bar=baz"], None, id="two equals signs"),
        pytest.param([b"foo=,bar=3"], None, id="no value"),
        pytest.param([b"foo=  ,bar=3"], None, id="a value of spaces"),
        pytest.param([b"foo,bar=3"], None, id="no equals sign"),
        pytest.param([b"=1"], None, id="no key"),
        pytest.param([b"foo=a\tb"], None, id="a tab in a value"),
        pytest.param([b"foo=\xc3\xbc"], None, id="a letter that is not ASCII"),
        pytest.param([b"foo=\x7f"], None, id="DEL"),
        pytest.param([b"foo=1\n"], None, id="a newline"),
    ],
)
async def test_tracestate_goes_on_or_is_discarded_whole(
    lines: list[bytes], sent: str | None
) -> None:
    headers = [(b"traceparent", traceparent()), *((b"tracestate", line) for line in lines)]
    carrier = await sent_on(headers)
    assert carrier["traceparent"].startswith(f"00-{TRACE_ID.decode()}-")
    assert carrier.get("tracestate") == sent


async def test_tracestate_alone_or_by_another_name_is_discarded() -> None:
    assert "tracestate" not in await sent_on([(b"tracestate", b"foo=1")])
    for name in (b"trace-state", b"trace.state"):
        headers = [(b"traceparent", traceparent()), (name, b"foo=1")]
        assert "tracestate" not in await sent_on(headers)


def member(key: bytes, length: int) -> bytes:
    return key + b"=" + b"v" * (length - len(key) - 1)


@pytest.mark.parametrize(
    ("members", "kept"),
    [
        pytest.param(
            [member(b"a", 170), member(b"b", 170), member(b"c", 170)], "abc", id="512 characters"
        ),
        pytest.param(
            [member(b"a", 100), member(b"b", 129), *(member(b"%c" % key, 100) for key in b"cdef")],
            "acdef",
            id="the long one goes first",
        ),
        pytest.param(
            [member(b"%c" % key, 128) for key in b"abcde"], "abc", id="then from the right"
        ),
        pytest.param(
            [member(b"a", 200), member(b"b", 200), member(b"c", 100), member(b"d", 100)],
            "acd",
            id="no more than is needed",
        ),
        pytest.param([b"k" * 256 + b"=" + b"v" * 256], "", id="a member that is longer than all"),
    ],
)
def test_a_long_tracestate_is_cut_by_whole_members(members: list[bytes], kept: str) -> None:
    state = parse_tracestate(b",".join(members))
    assert "".join(state) == kept
    assert len(state.to_header()) <= 512


def test_a_tracestate_beyond_all_reason_is_not_read() -> None:
    assert not parse_tracestate(b"foo=1," + b" " * 8192)


def test_a_changed_member_moves_to_the_left_and_the_right_most_makes_room() -> None:
    state = parse_tracestate(THIRTY_TWO)
    assert list(state.update("bar32", "new"))[:2] == ["bar32", "bar01"]
    assert len(state.update("bar32", "new")) == 32
    grown = state.add("1@2@3", "v")
    assert list(grown)[0] == "1@2@3"  # noqa: RUF015  # the order is what is looked at
    assert (len(grown), "bar32" in grown) == (32, False)
    assert grown.add("bar01", "other")["bar01"] == "01"
    assert dict(grown.update("UPPER", "v")) == dict(grown)
    assert "bar01" not in state.delete("bar01")
    assert isinstance(state.delete("bar01"), Level2TraceState)
