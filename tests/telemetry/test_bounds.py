"""What bounds cut is counted, at the bound itself; what fits is not."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from telemetry.bounds import LOG_LINE, Bounds
from telemetry.catalog.declarations import Metric
from telemetry.catalog.pipeline import (
    INPUT_REFUSED,
    INPUTS,
    LOG_LINES,
    LOG_QUEUE_HELD,
    LOG_QUEUE_LIMIT,
    SIGNAL_BOUNDS,
    SIGNALS_CUT,
)
from telemetry.log_line import MAX_LINE_BYTES, shortened
from telemetry.log_writer import LogWriter
from telemetry.metrics import Meter
from telemetry.propagation import parse_traceparent

TRACEPARENT = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
LONG_MEMBER = b"=".join((b"long", b"v" * 200))


@pytest.fixture
def meter() -> Meter:
    return Meter(CollectorRegistry())


def value(meter: Meter, metric: Metric, *labels: str) -> float | None:
    named = dict(zip(metric.label_names, labels, strict=True))
    return meter.registry.get_sample_value(metric.prometheus_name, named)


def test_every_count_is_born_at_0(meter: Meter) -> None:
    Bounds(meter)
    assert {value(meter, INPUT_REFUSED, name) for name in INPUTS} == {0}
    assert {value(meter, SIGNALS_CUT, name) for name in SIGNAL_BOUNDS} == {0}


def test_each_cut_counts_once(meter: Meter) -> None:
    bounds = Bounds(meter)
    bounds.refused("tracestate")
    bounds.cut(LOG_LINE)
    bounds.cut(LOG_LINE)
    assert value(meter, INPUT_REFUSED, "tracestate") == 1
    assert value(meter, SIGNALS_CUT, LOG_LINE) == 2


@pytest.mark.parametrize(
    ("traceparent", "tracestate", "refused"),
    [
        (TRACEPARENT, b"", []),
        (TRACEPARENT, b"a=1, b=2", []),
        (TRACEPARENT, b" , ", []),
        (TRACEPARENT, b"a=1,a=2", []),
        (TRACEPARENT.upper(), b"", ["traceparent"]),
        (b"01" + TRACEPARENT[2:] + b"-" + b"x" * 256, b"", ["traceparent"]),
        (b"", b"A=1", ["traceparent"]),
        (TRACEPARENT, b"A=1", ["tracestate"]),
        (TRACEPARENT, b",".join(b"k%d=v" % number for number in range(33)), ["tracestate"]),
        (TRACEPARENT, b"a=1," + b" " * 8192, ["tracestate"]),
        (
            TRACEPARENT,
            b",".join((LONG_MEMBER, b"b" + LONG_MEMBER, b"c" + LONG_MEMBER)),
            ["tracestate"],
        ),
    ],
)
def test_trace_context_that_is_not_taken_is_told(
    traceparent: bytes, tracestate: bytes, refused: list[str]
) -> None:
    told: list[str] = []
    parse_traceparent(traceparent, tracestate, told.append)
    assert told == refused


def line_of(**fields: object) -> bytes:
    ids = {"timestamp": "2026-11-24T00:00:00Z", "event": "some.event", "trace_id": "ab" * 16}
    return orjson.dumps({**ids, **fields}, option=orjson.OPT_APPEND_NEWLINE)


def test_a_line_over_its_bound_keeps_its_ids_and_loses_text(meter: Meter) -> None:
    written: list[bytes] = []

    def write(data: bytes) -> int:
        written.append(data)
        return len(data)

    writer = LogWriter(meter, write=write)
    fits = line_of(text="x" * 20_000)
    writer.put(fits)
    writer.put(line_of(text="x" * 100_000, nested={"text": ["x"] * 100}, last=7))
    writer.start()
    writer.stop(5)
    whole, cut = b"".join(written).splitlines(keepends=True)
    assert whole == fits
    assert orjson.loads(cut) == orjson.loads(line_of(text="x" * 1024 + "…", nested="…", last=7))
    assert value(meter, SIGNALS_CUT, LOG_LINE) == 1
    assert value(meter, LOG_LINES, "") == 2


@given(
    st.one_of(
        st.binary(max_size=200).map(lambda data: data * (MAX_LINE_BYTES // 100)),
        st.text(min_size=1, max_size=20).map(
            lambda text: (text * MAX_LINE_BYTES).encode(errors="ignore")
        ),
        st.dictionaries(
            st.text(max_size=20).map(lambda text: text * 2_000),
            st.text(max_size=20).map(lambda text: text * 10_000),
            max_size=40,
        ).map(orjson.dumps),
        st.lists(st.integers(0, 9)).map(lambda values: orjson.dumps(values * 50_000)),
    )
)
def test_whatever_a_line_holds_it_fits_afterwards_and_is_one_line(line: bytes) -> None:
    short = shortened(line)
    assert len(short) <= MAX_LINE_BYTES
    assert short.endswith(b"\n")
    assert short.count(b"\n") == 1


def test_lines_that_wait_are_bounded_in_bytes_too(meter: Meter) -> None:
    writer = LogWriter(meter, capacity_bytes=1_000, write=len)
    assert value(meter, LOG_QUEUE_LIMIT) == 1_000
    for _ in range(5):
        writer.put(b"x" * 299 + b"\n")
    assert value(meter, LOG_QUEUE_HELD) == 900
    assert value(meter, LOG_LINES, "queue_full") == 2
    writer.start()
    writer.stop(5)
    assert value(meter, LOG_QUEUE_HELD) == 0
    assert value(meter, LOG_LINES, "") == 3
