"""`traceparent`, as a table after the W3C's cases; see `trace_context`."""

import pytest

from telemetry.propagation import parse_traceparent
from tests.telemetry.trace_context import SPAN_ID, TRACE_ID, Headers, sent_on, traceparent

OTHER_TRACE_ID = b"1bf7651916cd43dd8448eb211c80319d"


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
