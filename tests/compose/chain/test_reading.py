"""What the chain's links make of what they read; the reading itself is in tests/chain."""

import json
from email.message import EmailMessage
from pathlib import Path

import pytest

from compose.chain.alert import links_of
from compose.chain.logs import lines_with
from compose.chain.traces import FileTraces, SpanView
from compose.chain.waiting import BrokenLinkError, wait_for
from compose.chain.waterfall import waterfall
from compose.inbox.letters import Letters
from telemetry.catalog import Span, SpanKind
from telemetry.runtime import Telemetry, TelemetrySettings

OUTER = Span("outer", SpanKind.SERVER, "The outer.")
INNER = Span("inner", SpanKind.CLIENT, "The inner.")


@pytest.fixture
def traces(tmp_path: Path) -> FileTraces:
    path = tmp_path / "traces.jsonl"
    settings = TelemetrySettings(service_name="shop", metrics_port=0, traces_file=path)
    telemetry = Telemetry(settings)
    telemetry.start()
    with telemetry.tracing.span(OUTER):
        try:
            with telemetry.tracing.span(INNER, {"db.system.name": "redis"}):
                raise KeyError
        except KeyError:
            pass
    telemetry.stop()
    with path.open("a") as file:
        file.write('{"half a li')
    return FileTraces(path)


def test_a_file_gives_its_traces_back(traces: FileTraces) -> None:
    [trace_id] = traces.failed("shop")
    outer, inner = traces.trace(trace_id)
    assert (outer.name, inner.name) == ("outer", "inner")
    assert inner.parent_id == outer.span_id
    assert (outer.failed, inner.failed) == (False, True)
    assert inner.attributes["db.system.name"] == "redis"
    assert inner.attributes["error.type"] == "KeyError"
    assert outer.service == "shop"
    assert traces.trace("0" * 32) == []
    assert traces.failed("other") == []


def test_a_waterfall_shows_tree_time_and_failure(traces: FileTraces) -> None:
    [trace_id] = traces.failed("shop")
    outer, inner = waterfall(traces.trace(trace_id))
    assert outer.startswith("  outer ")
    assert inner.startswith("✗   inner ")
    assert inner.endswith("KeyError")


def span(span_id: str, parent_id: str, started: float, seconds: float) -> SpanView:
    return SpanView("t", span_id, parent_id, span_id, "s", started, seconds, {}, (), failed=False)


def test_a_span_whose_parent_is_elsewhere_is_a_root() -> None:
    first, second = waterfall([span("a", "far-away", 0.0, 1.0), span("b", "a", 0.5, 0.0)])
    assert first.startswith("  a ")
    assert second.startswith("    b ")


def test_log_lines_are_found_by_all_wanted_fields(tmp_path: Path) -> None:
    log = tmp_path / "log"
    lines = [{"trace_id": "1", "n": 1}, {"trace_id": "1", "n": 2}, {"trace_id": "2", "n": 3}]
    log.write_text("no JSON\n" + "".join(json.dumps(line) + "\n" for line in lines) + '{"cut')
    assert [line["n"] for line in lines_with([log, tmp_path / "none"], trace_id="1")] == [1, 2]


def test_waiting_says_what_was_found_instead() -> None:
    with pytest.raises(BrokenLinkError, match="the thing: not within 0 s; only another"):
        wait_for("the thing", lambda: None, seconds=0, found_instead=lambda: "only another")


def test_links_are_read_from_the_plain_text(tmp_path: Path) -> None:
    message = EmailMessage()
    message["Subject"] = "x"
    message.set_content("Runbook:\nhttp://a.test/runbooks/X\nand (http://b.test/search?q=1&r=2).")
    message.add_alternative("<a href='http://html.test'>no</a>", subtype="html")
    letters = Letters(tmp_path)
    letters.keep("a@b.test", ["c@d.test"], message.as_bytes())
    [letter] = letters.all()
    assert links_of(letter) == ["http://a.test/runbooks/X", "http://b.test/search?q=1&r=2"]
