"""The two endpoints of reports, behind the service's own keys, problems and telemetry."""

import json
from typing import Any
from uuid import uuid4

import httpx
import pytest
from opentelemetry import trace

from tests.app.reports.conftest import ALICE, BOB, Scene
from tests.app.reports.conftest import AUDIT_KEY as AUDIT
from tests.app.reports.conftest import OPS_KEY as OPS


async def test_a_report_is_accepted_at_once_and_its_way_can_be_followed(
    client: httpx.AsyncClient, scene: Scene
) -> None:
    accepted = await client.post("/reports", json={"recipient": ALICE, "user": BOB}, headers=OPS)
    assert accepted.status_code == 202
    answer = accepted.json()
    assert answer["status_url"] == accepted.headers["Location"] == f"/reports/{answer['task_id']}"

    queued = (await client.get(answer["status_url"], headers=OPS)).json()
    assert queued["task_id"] == answer["task_id"]
    assert (queued["status"], queued["finished_at"]) == ("queued", None)

    async def is_done() -> bool:
        shown = (await client.get(answer["status_url"], headers=OPS)).json()
        return bool(shown["status"] == "done" and shown["finished_at"])

    async with scene.working():
        await scene.eventually(is_done)


async def test_the_workers_trace_links_to_the_requests(
    client: httpx.AsyncClient, scene: Scene
) -> None:
    headers = OPS | {"X-Correlation-ID": "case-7"}
    accepted = await client.post("/reports", json={"recipient": ALICE}, headers=headers)
    assert accepted.headers["X-Correlation-ID"] == "case-7"
    async with scene.working():
        await scene.until(lambda: len(scene.mailbox.mails) == 1)
    assert scene.mailbox.mails[0]["X-Correlation-ID"] == "case-7"

    request = scene.captured.span("POST /reports")
    send = scene.captured.span("send reports")
    process = scene.captured.span("process reports")
    assert send.parent is not None
    assert send.parent.span_id == request.context.span_id
    (link,) = process.links
    assert link.context.span_id == send.context.span_id
    assert link.context.trace_id == request.context.trace_id != process.context.trace_id
    by_trace = {line["trace_id"]: line["correlation_id"] for line in scene.captured.logs()}
    for span in (request, process):
        assert by_trace[trace.format_trace_id(span.context.trace_id)] == "case-7"


async def test_a_repeated_request_is_the_same_report(client: httpx.AsyncClient) -> None:
    headers = OPS | {"Idempotency-Key": "once"}
    first = await client.post("/reports", json={"recipient": ALICE}, headers=headers)
    again = await client.post("/reports", json={"recipient": ALICE}, headers=headers)
    assert (again.status_code, again.json()) == (202, first.json())
    other = await client.post("/reports", json={"recipient": ALICE, "user": BOB}, headers=headers)
    assert other.status_code == 409
    assert other.headers["Content-Type"] == "application/problem+json"


async def test_a_report_tells_which_schedule_put_it_out(
    client: httpx.AsyncClient, scene: Scene
) -> None:
    accepted = await client.post("/reports", json={"recipient": ALICE}, headers=OPS)
    task_id, schedule_id = accepted.json()["task_id"], uuid4()
    await scene.sql("UPDATE report_jobs SET schedule_id = $1", schedule_id)

    shown = (await client.get(f"/reports/{task_id}", headers=OPS)).json()
    listed = (await client.get("/reports", headers=OPS)).json()["items"]

    assert shown["schedule_id"] == str(schedule_id)
    assert listed == [shown]


async def test_only_who_asked_for_a_report_sees_it(client: httpx.AsyncClient) -> None:
    accepted = await client.post("/reports", json={"recipient": ALICE}, headers=OPS)
    url = accepted.json()["status_url"]
    assert (await client.get(url, headers=OPS)).status_code == 200
    foreign = await client.get(url, headers=AUDIT)
    unknown = await client.get(f"/reports/{uuid4()}", headers=AUDIT)
    malformed = await client.get("/reports/1", headers=AUDIT)
    assert [answer.status_code for answer in (foreign, unknown, malformed)] == [404] * 3
    assert foreign.json()["detail"] == unknown.json()["detail"] == malformed.json()["detail"]
    assert (await client.get(url)).status_code == 401


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "recipient"),
        ({"recipient": 7}, "recipient"),
        ({"recipient": "alice"}, "recipient"),
        ({"recipient": "a@b.example\r\nBcc: c@d.example"}, "recipient"),
        ({"recipient": ALICE, "user": ""}, "user"),
        ({"recipient": ALICE, "user": "bo\x00b"}, "user"),
    ],
)
async def test_a_wrong_field_is_named_and_nothing_is_queued(
    client: httpx.AsyncClient, scene: Scene, body: dict[str, Any], field: str
) -> None:
    refused = await client.post("/reports", json=body, headers=OPS)
    assert refused.status_code == 422
    (error,) = refused.json()["errors"]
    assert error["field"] == field
    assert "Bcc" not in json.dumps(refused.json())
    assert await scene.sql("SELECT count(*) FROM report_jobs") == 0


@pytest.mark.parametrize("key", ["", "two words", "x" * 256, "\xe9"])
async def test_an_unfit_idempotency_key_is_refused(client: httpx.AsyncClient, key: str) -> None:
    headers = httpx.Headers(OPS | {"Idempotency-Key": key}, encoding="latin-1")
    refused = await client.post("/reports", json={"recipient": ALICE}, headers=headers)
    assert refused.status_code == 400
    assert "Idempotency-Key" in refused.json()["detail"]
