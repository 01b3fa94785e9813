"""W3C Trace Context Level 2, as a table after the cases of the W3C's own test suite.

That suite sends a request and reads the headers of the call that the service then makes; here the
service hands back what `inject` would send on. Where the suite still tests Level 1 (keys with more
than one `@`, or an `@` part of any length), Level 2's grammar decides.
"""

from collections.abc import Sequence

import pytest
from opentelemetry import trace
from starlette.types import Message, Receive, Scope, Send

from telemetry.catalog import Span, SpanKind
from telemetry.context import bound_correlation_id, correlation_id
from telemetry.propagation import inject, parse_traceparent, restored
from telemetry.testing import captured_telemetry
from telemetry.tracestate import Level2TraceState, parse_tracestate

TRACE_ID = b"0af7651916cd43dd8448eb211c80319c"
OTHER_TRACE_ID = b"1bf7651916cd43dd8448eb211c80319d"
SPAN_ID = b"b7ad6b7169203331"
WORK = Span("work", SpanKind.PRODUCER, "Some work.")
Headers = Sequence[tuple[bytes, bytes]]


def traceparent(
    version: bytes = b"00",
    trace_id: bytes = TRACE_ID,
    span_id: bytes = SPAN_ID,
    flags: bytes = b"01",
    more: bytes = b"",
) -> bytes:
    return b"-".join((version, trace_id, span_id, flags)) + more


async def sent_on(headers: Headers) -> dict[str, str]:
    """What a service sends on that was called with these headers."""
    carrier: dict[str, str] = {}

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        carrier.update(inject())
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        return

    scope = {
        "type": "http",
        "method": "GET",
        "path": "/",
        "query_string": b"",
        "headers": list(headers),
    }
    with captured_telemetry() as captured:
        await captured.telemetry.wrap(app)(scope, receive, send)
    return carrier


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"00", id="nothing but a version"),
        pytest.param(b"\xff" * 55, id="no ASCII"),
        pytest.param(traceparent()[:-1], id="54 characters"),
        pytest.param(traceparent().replace(b"-", b"_"), id="other delimiters"),
        pytest.param(traceparent(version=b"ff"), id="version ff"),
        pytest.param(traceparent(version=b"FF"), id="version in upper case"),
        pytest.param(traceparent(version=b"0"), id="version too short"),
        pytest.param(traceparent(version=b"000"), id="version too long"),
        pytest.param(traceparent(version=b"0000"), id="version much too long"),
        pytest.param(traceparent(version=b".0"), id="first digit of the version"),
        pytest.param(traceparent(version=b"0."), id="second digit of the version"),
        pytest.param(traceparent(trace_id=b"0" * 32), id="trace ID of zeros"),
        pytest.param(traceparent(trace_id=b"." + TRACE_ID[1:]), id="first digit of the trace ID"),
        pytest.param(traceparent(trace_id=TRACE_ID[1:] + b"."), id="last digit of the trace ID"),
        pytest.param(traceparent(trace_id=TRACE_ID + b"1"), id="trace ID too long"),
        pytest.param(traceparent(trace_id=TRACE_ID[1:]), id="trace ID too short"),
        pytest.param(traceparent(trace_id=TRACE_ID.upper()), id="trace ID in upper case"),
        pytest.param(traceparent(span_id=b"0" * 16), id="parent ID of zeros"),
        pytest.param(traceparent(span_id=b"." + SPAN_ID[1:]), id="first digit of the parent ID"),
        pytest.param(traceparent(span_id=SPAN_ID[1:] + b"."), id="last digit of the parent ID"),
        pytest.param(traceparent(span_id=SPAN_ID + b"1"), id="parent ID too long"),
        pytest.param(traceparent(span_id=SPAN_ID[1:]), id="parent ID too short"),
        pytest.param(traceparent(span_id=SPAN_ID.upper()), id="parent ID in upper case"),
        pytest.param(traceparent(flags=b".0"), id="first digit of the flags"),
        pytest.param(traceparent(flags=b"0."), id="second digit of the flags"),
        pytest.param(traceparent(flags=b"001"), id="flags too long"),
        pytest.param(traceparent(flags=b"1"), id="flags too short"),
        pytest.param(traceparent(flags=b"0A"), id="flags in upper case"),
        pytest.param(traceparent(more=b"."), id="version 00 with a character more"),
        pytest.param(traceparent(more=b"-"), id="version 00 with a dash more"),
        pytest.param(traceparent(more=b"-what-comes-later"), id="version 00 with fields more"),
        pytest.param(traceparent(more=b"\n"), id="a newline is no white space of a header"),
        pytest.param(traceparent(version=b"cc", more=b".more"), id="later version, no dash"),
        pytest.param(traceparent(version=b"cc", flags=b"1"), id="later version too short"),
        pytest.param(
            traceparent(version=b"cc", trace_id=b"0" * 32), id="later version, trace ID of zeros"
        ),
        pytest.param(
            traceparent(version=b"cc", more=b"-" + b"a" * 300), id="longer than our bound"
        ),
    ],
)
async def test_a_malformed_traceparent_begins_a_new_trace(raw: bytes) -> None:
    assert parse_traceparent(raw) is None
    carrier = await sent_on([(b"traceparent", raw), (b"tracestate", b"foo=1")])
    assert parse_traceparent(carrier["traceparent"].encode()) is not None
    assert TRACE_ID.decode() not in carrier["traceparent"]
    assert "tracestate" not in carrier


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(traceparent(), id="as it is mostly sent"),
        pytest.param(traceparent(version=b"01"), id="the next version"),
        pytest.param(traceparent(version=b"cc"), id="a later version"),
        pytest.param(traceparent(version=b"fe", more=b"-"), id="a later version with a dash"),
        pytest.param(
            traceparent(version=b"cc", more=b"-what-comes-later"), id="a later version with fields"
        ),
        pytest.param(traceparent(version=b"cc", more=b"-\xff\x00"), id="nothing assumed of these"),
        pytest.param(b" " + traceparent(), id="a space before"),
        pytest.param(b"\t" + traceparent(), id="a tab before"),
        pytest.param(traceparent() + b" ", id="a space behind"),
        pytest.param(traceparent() + b"\t", id="a tab behind"),
        pytest.param(b"\t " + traceparent() + b" \t", id="white space all around"),
    ],
)
async def test_a_fit_traceparent_is_gone_on_with(raw: bytes) -> None:
    context = parse_traceparent(raw)
    assert context is not None
    assert (context.trace_id, context.span_id) == (int(TRACE_ID, 16), int(SPAN_ID, 16))
    assert context.is_remote
    sent = (await sent_on([(b"traceparent", raw)]))["traceparent"]
    assert sent.startswith(f"00-{TRACE_ID.decode()}-")
    assert SPAN_ID.decode() not in sent
    assert len(sent) == 55


@pytest.mark.parametrize(
    ("flags", "sent"),
    [
        pytest.param(b"00", "00", id="not sampled"),
        pytest.param(b"01", "01", id="sampled"),
        pytest.param(b"02", "02", id="random trace ID"),
        pytest.param(b"03", "03", id="sampled, random trace ID"),
        pytest.param(b"08", "00", id="unknown"),
        pytest.param(b"fe", "02", id="all but sampled"),
        pytest.param(b"ff", "03", id="all"),
    ],
)
async def test_the_two_known_flags_go_on_and_no_other(flags: bytes, sent: str) -> None:
    carrier = await sent_on([(b"traceparent", traceparent(flags=flags))])
    assert carrier["traceparent"][-2:] == sent


async def test_a_trace_that_begins_here_says_that_its_id_is_random() -> None:
    assert (await sent_on([]))["traceparent"][-2:] == "03"


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param(
            [(b"traceparent", traceparent()), (b"traceparent", traceparent())], id="twice the same"
        ),
        pytest.param(
            [
                (b"traceparent", traceparent()),
                (b"traceparent", traceparent(trace_id=OTHER_TRACE_ID)),
            ],
            id="two",
        ),
        pytest.param(
            [(b"traceparent", b""), (b"traceparent", traceparent())], id="the first one empty"
        ),
        pytest.param([(b"traceparent", traceparent())] * 3, id="three times"),
        pytest.param([(b"trace-parent", traceparent())], id="another name"),
        pytest.param([(b"trace.parent", traceparent())], id="yet another name"),
    ],
)
async def test_not_exactly_one_traceparent_begins_a_new_trace(headers: Headers) -> None:
    carrier = await sent_on([*headers, (b"tracestate", b"foo=1")])
    assert TRACE_ID.decode() not in carrier["traceparent"]
    assert OTHER_TRACE_ID.decode() not in carrier["traceparent"]
    assert "tracestate" not in carrier


async def test_every_call_has_a_parent_of_its_own() -> None:
    headers = [(b"traceparent", traceparent())]
    assert len({(await sent_on(headers))["traceparent"] for _ in range(3)}) == 3


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


def test_a_carrier_brings_back_the_link_and_the_correlation_id() -> None:
    with captured_telemetry() as captured:
        with bound_correlation_id("caller-1"), captured.telemetry.tracing.span(WORK) as span:
            carrier = inject()
        assert correlation_id() is None
        with restored(carrier) as link:
            assert correlation_id() == "caller-1"
            assert link is not None
            assert link.context.span_id == span.get_span_context().span_id
        assert correlation_id() is None


@pytest.mark.parametrize(
    "carrier",
    [{}, {"traceparent": "nonsense", "correlation_id": "not fit"}, {"traceparent": "ü" * 55}],
)
def test_a_broken_carrier_stops_nothing(carrier: dict[str, str]) -> None:
    with restored(carrier) as link:
        assert link is None
        assert correlation_id() is None


def test_without_a_span_only_the_correlation_id_travels() -> None:
    assert trace.get_current_span() is trace.INVALID_SPAN
    with bound_correlation_id("caller-1"):
        assert inject() == {"correlation_id": "caller-1"}
