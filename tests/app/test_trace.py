"""The trace of a check: a span for each layer that it touched, and for no more."""

from collections.abc import Iterable

import httpx
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanKind

from app import signals
from telemetry.catalog import database, http
from telemetry.testing import Captured
from tests.servers import PostgresServer, ValkeyServer

DECIDE_SUMMARY = (
    "SELECT group_members SELECT resource_parents SELECT action_implications SELECT grants"
    " SELECT grant_epoch"
)
CHECK = {"user": "alice", "resource": "ledger", "action": "read"}


def tree(spans: Iterable[ReadableSpan]) -> dict[str, list[str]]:
    """Each span's name with the names of its children, in the order of their start."""
    ordered = sorted(spans, key=lambda span: span.start_time or 0)
    names = {span.context.span_id: span.name for span in ordered if span.context}
    children: dict[str, list[str]] = {name: [] for name in names.values()}
    for span in ordered:
        if span.parent is not None:
            children[names[span.parent.span_id]].append(span.name)
    return children


async def test_a_cold_check_shows_every_layer(
    client: httpx.AsyncClient, captured: Captured, postgres: PostgresServer, valkey: ValkeyServer
) -> None:
    get, put = (f"{command} 127.0.0.1:{valkey.port}" for command in ("GET", "SET"))
    response = await client.post("/permissions/check", json=CHECK)
    assert response.json()["source"] == "database"
    assert tree(captured.spans()) == {
        "POST /permissions/check": ["cache.l1"],
        "cache.l1": ["cache.l2"],
        "cache.l2": [get, "grants.evaluate", put],
        get: [],
        "grants.evaluate": ["pool.acquire", DECIDE_SUMMARY],
        "pool.acquire": [],
        DECIDE_SUMMARY: [],
        put: [],
    }
    assert len({span.context.trace_id for span in captured.spans() if span.context}) == 1
    select = captured.span(DECIDE_SUMMARY)
    attributes = dict(select.attributes or {})
    assert "WHERE user_id = $1 AND resource = $2" in str(attributes.pop("db.query.text"))
    assert str(attributes.pop("db.namespace")).startswith("test_")
    assert attributes == {
        "db.system.name": "postgresql",
        "db.query.summary": DECIDE_SUMMARY,
        "server.address": "127.0.0.1",
        "server.port": postgres.port,
    }


async def test_a_warm_check_ends_in_the_first_layer(
    client: httpx.AsyncClient, captured: Captured
) -> None:
    await client.post("/permissions/check", json=CHECK)
    captured.clear()
    await client.post("/permissions/check", json=CHECK)
    assert tree(captured.spans()) == {"POST /permissions/check": ["cache.l1"], "cache.l1": []}


async def test_a_change_is_one_transaction_without_spans_for_its_bounds(
    client: httpx.AsyncClient, captured: Captured
) -> None:
    await client.post("/grants", json=CHECK)
    assert tree(captured.spans()) == {
        "POST /grants": [
            "pool.acquire",
            "INSERT grants",
            "UPDATE grant_epoch",
            "INSERT audit_entries",
        ],
        "pool.acquire": [],
        "INSERT grants": [],
        "UPDATE grant_epoch": [],
        "INSERT audit_entries": [],
    }


async def test_a_check_leaves_one_line_with_its_ids(
    client: httpx.AsyncClient, captured: Captured
) -> None:
    await client.post("/permissions/check", json=CHECK, headers={"X-Correlation-ID": "case-1"})
    [line] = captured.logs()
    request = captured.span("POST /permissions/check")
    assert request.context is not None
    assert line["event"] == http.REQUEST_FINISHED.name
    assert line["correlation_id"] == "case-1"
    assert line["trace_id"] == f"{request.context.trace_id:032x}"


async def test_the_metrics_of_a_check_are_counted(
    client: httpx.AsyncClient, captured: Captured
) -> None:
    for _ in range(3):
        await client.post("/permissions/check", json=CHECK)
    for source, count in (("database", 1), ("l1", 2)):
        labels = {"authorization.decision": "deny", "authorization.decision.source": source}
        assert captured.sample(signals.CHECK_DURATION, labels) == count
    names = [label.attribute for label in database.OPERATION_DURATION.labels]
    for span in captured.spans():
        if span.kind is SpanKind.CLIENT:
            attributes = dict(span.attributes or {})
            labels = {name: str(attributes.get(name, "")) for name in names}
            assert captured.sample(database.OPERATION_DURATION, labels) == 1
