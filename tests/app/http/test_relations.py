"""Groups, hierarchies, implied actions, tokens, batches and explanations, over HTTP."""

import itertools
from typing import Any

import httpx

from app import signals
from telemetry.testing import Captured

ALICE = {"user": "alice@example.com", "resource": "page", "action": "read"}
RELATIONS: dict[str, dict[str, str]] = {
    "/groups/members": {"group": "team", "user": "alice@example.com"},
    "/resources/parents": {"resource": "page", "parent": "site"},
    "/actions/implications": {"action": "read", "implied_by": "write"},
}


async def send(
    client: httpx.AsyncClient, method: str, path: str, body: dict[str, Any]
) -> httpx.Response:
    return await client.request(method, path, json=body)


async def allowed(client: httpx.AsyncClient, consistency: Any = "minimize_latency") -> bool:  # noqa: ANN401  # JSON
    answer = await client.post("/permissions/check", json={**ALICE, "consistency": consistency})
    assert answer.status_code == 200, answer.text
    return bool(answer.json()["allowed"])


async def test_a_group_inherits_through_every_relation(
    client: httpx.AsyncClient, captured: Captured
) -> None:
    await client.post("/grants", json={"group": "team", "resource": "site", "action": "write"})
    for path, body in RELATIONS.items():
        assert not await allowed(client)
        assert (await client.post(path, json=body)).status_code == 201
        again = await client.post(path, json=body)
        assert again.status_code == 200
        assert again.json() == {**body, "consistency_token": again.headers["consistency-token"]}
    assert await allowed(client)
    for path, body in RELATIONS.items():
        assert (await send(client, "DELETE", path, body)).status_code == 204
        assert (await send(client, "DELETE", path, body)).status_code == 404
        assert not await allowed(client)
        await client.post(path, json=body)
    for kind in ("membership", "parent", "implication"):
        for change, times in (("add", 2), ("remove", 1)):
            labels = {"authorization.relation": kind, "authorization.relation.change": change}
            assert captured.sample(signals.RELATION_CHANGES, labels) == times
    assert captured.events().count("relation.changed") == 9


async def test_a_write_answers_a_token_that_a_check_can_demand(
    client: httpx.AsyncClient,
) -> None:
    granted = await client.post("/grants", json=ALICE)
    token = granted.json()["consistency_token"]
    assert token == granted.headers["consistency-token"]
    assert await allowed(client, {"at_least": token})
    revoked = await send(client, "DELETE", "/grants", ALICE)
    assert revoked.headers["consistency-token"] not in {"", token}
    assert not await allowed(client, {"at_least": revoked.headers["consistency-token"]})
    assert not await allowed(client, "full")


async def test_a_token_of_another_database_is_a_conflict(client: httpx.AsyncClient) -> None:
    body = {**ALICE, "consistency": {"at_least": "AQAAAAAAAAP_" + "A" * 22}}
    for path in ("/permissions/check", "/permissions/explain"):
        answer = await client.post(path, json=body)
        assert answer.status_code == 409
        assert answer.json()["type"].endswith("unknown-state")


async def test_a_batch_is_one_query_and_answers_in_order(
    client: httpx.AsyncClient, captured: Captured
) -> None:
    await client.post("/grants", json=ALICE)
    captured.clear()
    checks = [{**ALICE, "action": action} for action in ("read", "write", "read")]
    answer = await client.post("/permissions/checks", json={"checks": checks})
    assert answer.json() == {"results": [{"allowed": True}, {"allowed": False}, {"allowed": True}]}
    selects = [name for name in captured.span_names() if name.startswith("SELECT")]
    assert len(selects) == 1
    assert captured.sample(signals.CHECK_BATCH_SIZE) == 1


async def nest(client: httpx.AsyncClient, levels: int) -> None:
    names = ["page", *(f"folder-{level}" for level in range(levels))]
    for resource, parent in itertools.pairwise(names):
        await client.post("/resources/parents", json={"resource": resource, "parent": parent})


async def test_too_deep_a_graph_is_said_clearly(client: httpx.AsyncClient) -> None:
    await nest(client, 17)
    for path in ("/permissions/check", "/permissions/explain"):
        answer = await client.post(path, json=ALICE)
        assert answer.status_code == 422
        assert answer.json()["type"].endswith("graph-too-large")
        assert answer.json()["limit"] == "depth"
    checks = [ALICE, {**ALICE, "resource": "elsewhere"}]
    results = (await client.post("/permissions/checks", json={"checks": checks})).json()["results"]
    assert results[1] == {"allowed": False}
    assert results[0]["allowed"] is False
    assert (results[0]["error"]["status"], results[0]["error"]["limit"]) == (422, "depth")


async def test_an_explanation_names_the_path(client: httpx.AsyncClient) -> None:
    nothing = await client.post("/permissions/explain", json=ALICE)
    assert nothing.json() == {"allowed": False, "paths": [], "complete": True}
    await client.post("/grants", json={"group": "team", "resource": "site", "action": "write"})
    for path, body in RELATIONS.items():
        await client.post(path, json=body)
    explained = (await client.post("/permissions/explain", json=ALICE)).json()
    assert explained["allowed"]
    [path] = explained["paths"]
    assert path.pop("granted_at").startswith("20")
    assert path == {
        "via": ["userset", "computed_userset", "tuple_to_userset"],
        "groups": ["team"],
        "resources": ["page", "site"],
        "actions": ["read", "write"],
        "granted_by": "tests",
    }


async def test_lists_go_page_by_page(client: httpx.AsyncClient) -> None:
    for number in range(5):
        await client.post("/grants", json={**ALICE, "resource": f"page-{number}"})
    found: list[list[str]] = []
    query = {"user": ALICE["user"], "limit": "2"}
    while "cursor" not in query or query["cursor"]:
        page = (await client.get("/grants", params=query)).json()
        found.append([item["resource"] for item in page["items"]])
        query["cursor"] = page["next_cursor"]
    assert found == [["page-0", "page-1"], ["page-2", "page-3"], ["page-4"]]


async def test_each_relation_can_be_listed_from_both_ends(client: httpx.AsyncClient) -> None:
    await client.post("/grants", json={"group": "team", "resource": "site", "action": "write"})
    await client.post("/groups/members", json={"group": "all", "member_group": "team"})
    for path, body in RELATIONS.items():
        await client.post(path, json=body)
    listed = {
        "/grants?group=team": {"group": "team", "resource": "site", "action": "write"},
        "/grants?resource=site": {"group": "team", "resource": "site", "action": "write"},
        "/groups/members?group=team": {"user": "alice@example.com"},
        "/groups/members?group=all": {"member_group": "team"},
        "/groups/members?user=alice@example.com": {"group": "team"},
        "/groups/members?member_group=team": {"group": "all"},
        "/resources/parents?resource=page": {"parent": "site"},
        "/resources/parents?parent=site": {"resource": "page"},
        "/actions/implications?action=read": {"implied_by": "write"},
    }
    for query, expected in listed.items():
        page = (await client.get(query)).json()
        [item] = page["items"]
        assert expected.items() <= item.items()
        assert (item.get("granted_by") or item.get("added_by")) == "tests"
        assert page["next_cursor"] is None


async def test_no_name_of_the_graph_is_in_any_signal(
    client: httpx.AsyncClient, captured: Captured
) -> None:
    secret = {
        "/grants": {"group": "hush-g", "resource": "hush-r", "action": "hush-a"},
        "/groups/members": {"group": "hush-g", "user": "hush-u"},
        "/resources/parents": {"resource": "hush-r", "parent": "hush-p"},
        "/actions/implications": {"action": "hush-a", "implied_by": "hush-b"},
    }
    for path, body in secret.items():
        await client.post(path, json=body)
    await client.get("/grants?user=hush-u&cursor=hush")
    await client.get("/groups/members?user=hush-u")
    asked = {"user": "hush-u", "resource": "hush-r", "action": "hush-a"}
    await client.post("/permissions/explain", json=asked)
    await client.post("/permissions/checks", json={"checks": [asked]})
    samples = [
        (sample.name, sample.labels, sample.exemplar)
        for metric in captured.telemetry.meter.registry.collect()
        for sample in metric.samples
    ]
    spans = [(span.name, dict(span.attributes or {}), span.events) for span in captured.spans()]
    told = f"{samples} {spans} {captured.logs()}"
    assert "relation.changed" in told
    assert "hush" not in told
