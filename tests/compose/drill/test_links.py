"""A message is read as it arrived, and its links lead there only if the fault's own trace is."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from compose.chain.traces import JaegerTraces, SpanView
from compose.drill.links import follow, shows
from compose.drill.watch import Notice, Said, of_mail
from compose.faults.catalogue import FAULTS, named
from compose.faults.model import Evidence, Fault
from compose.inbox.letters import Letter

BEGAN = 1_000.0
WITH_TRACE = [fault for fault in FAULTS if fault.evidence.span_name]


def healthy(evidence: Evidence) -> SpanView:
    """The span as it is when all is well: short, without an error, from before the fault."""
    return SpanView(
        trace_id="1" * 32,
        span_id="2" * 16,
        parent_id="",
        name=evidence.span_name,
        service="sightline-web",
        started=BEGAN - 1.0,
        seconds=0.002,
        attributes={"http.response.status_code": 200, "report.attempt": 1},
        links=(),
        failed=False,
    )


def as_broken(evidence: Evidence) -> SpanView:
    """The span as the fault makes it."""
    attributes = dict([evidence.attribute]) if evidence.attribute else {}
    return replace(
        healthy(evidence),
        started=BEGAN + 1.0,
        seconds=max(0.002, evidence.slow_seconds),
        attributes=attributes,
        failed=evidence.failed,
    )


@pytest.mark.parametrize("fault", WITH_TRACE, ids=lambda fault: fault.name)
def test_a_healthy_span_shows_no_fault(fault: Fault) -> None:
    evidence = fault.evidence

    assert not shows([healthy(evidence)], evidence, BEGAN)
    during = replace(healthy(evidence), started=BEGAN + 1.0)
    assert not shows([during], evidence, BEGAN), "any request while the fault lasts would do"
    assert shows([during, as_broken(evidence)], evidence, BEGAN)
    assert not shows([replace(as_broken(evidence), name="other")], evidence, BEGAN)
    assert not shows([replace(as_broken(evidence), started=BEGAN - 9.0)], evidence, BEGAN)


def test_a_span_that_met_the_fault_may_have_begun_before_it() -> None:
    failed = Evidence(("home", "Requests"), "GET /x", failed=True)
    span = replace(healthy(failed), started=BEGAN - 1.0, seconds=3.0, failed=True)

    assert shows([span], failed, BEGAN)
    assert not shows([span], Evidence(("home", "Requests"), "GET /x"), BEGAN)


def test_an_attributes_number_is_its_text() -> None:
    evidence = Evidence(("home", "Requests"), "GET /x", attribute=("code", "401"))
    span = replace(healthy(evidence), started=BEGAN + 1, attributes={"code": 401})

    assert shows([span], evidence, BEGAN)
    assert not shows([replace(span, attributes={"code": 200})], evidence, BEGAN)


def test_a_mail_is_read_by_its_subject_and_its_sections() -> None:
    text = (
        "FIRING, critical, 6h window\nWhat it is.\n"
        "RESOLVED, critical, 1h window\nrunbook: http://host/runbooks/ApiAvailabilityBudgetBurn\n"
        "FIRING, warning, sightline-web\n"
    )

    notice = of_mail(_letter("[FIRING] ApiAvailabilityBudgetBurn: it burns", text))

    assert notice is not None
    assert notice.via == "mail"
    assert [(one.status, one.window, one.job) for one in notice.said] == [
        ("firing", "6h", ""),
        ("resolved", "1h", ""),
        ("firing", "", "sightline-web"),
    ]
    assert notice.links == ("http://host/runbooks/ApiAvailabilityBudgetBurn",)


@pytest.mark.parametrize("more", ["", " (api-availability)", " sightline-web"])
def test_a_subject_may_say_more_before_its_colon(more: str) -> None:
    notice = of_mail(_letter(f"[RESOLVED] TargetDown{more}: it is back", "RESOLVED, critical\n"))

    assert notice is not None
    assert notice.said[0].name == "TargetDown"


def test_a_report_is_no_alert() -> None:
    assert of_mail(_letter("Your report", "FIRING, critical\n")) is None


@pytest.mark.parametrize(("status", "holds"), [(200, False), (401, True)])
def test_a_link_holds_only_where_a_trace_behind_it_shows_the_fault(
    status: int, *, holds: bool
) -> None:
    [fault] = named(["expired-key-flood"])
    with _answering(status) as url:
        links = (f"{url}/runbooks/CredentialsRefused", f"{url}/graph?g0.expr=up")
        search = f"{url}/search?service=sightline-web&limit=20"
        notice = Notice(
            BEGAN, "mail", (Said("firing", "CredentialsRefused", "warning"),), (*links, search), {}
        )

        followed = follow(notice, fault.evidence, JaegerTraces(url), BEGAN)

    assert {one.kind: one.holds for one in followed} == {
        "runbook": True,
        "graph": True,
        "traces": holds,
    }


def _letter(subject: str, text: str) -> Letter:
    message = EmailMessage()
    message["Subject"], message["From"] = subject, "alerts@sightline.example"
    message.set_content(text)
    return Letter(
        name="1",
        received=datetime(2026, 1, 1, tzinfo=UTC),
        sender="alerts@sightline.example",
        recipients=("oncall@sightline.example",),
        message=message,
    )


@contextmanager
def _answering(status: int) -> Iterator[str]:
    """A server that answers as runbooks, Prometheus and Jaeger do; its one trace has a status."""
    span = {
        "traceID": "1" * 32,
        "spanID": "2" * 16,
        "operationName": "POST /permissions/check",
        "references": [],
        "startTime": int((BEGAN + 1) * 1e6),
        "duration": 2_000,
        "tags": [{"key": "http.response.status_code", "value": status}],
        "processID": "p1",
    }
    trace = {
        "traceID": "1" * 32,
        "spans": [span],
        "processes": {"p1": {"serviceName": "sightline-web"}},
    }
    answers: dict[str, Any] = {
        "/api/v1/query_range": {"data": {"result": [{"values": [[BEGAN, "1"]]}]}},
        "/api/traces": {"data": [trace]},
    }

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            known: dict[str, Any] = next(
                (one for name, one in answers.items() if path.startswith(name)), {}
            )
            body = json.dumps(known | {"asked": parse_qs(urlsplit(self.path).query)}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
