"""OpenID AuthZEN Authorization API 1.0: what its text and its certification scenario ask for."""

import itertools
from typing import Any

import httpx
import pytest

ALICE = {"type": "user", "id": "alice"}
READ = {"name": "read"}
WRITE = {"name": "write"}
RECORD = {"type": "record", "id": "record-1"}
OTHER = {"type": "record", "id": "record-2"}
ONE = {"subject": ALICE, "action": READ, "resource": RECORD}
EVALUATION = "/access/v1/evaluation"
EVALUATIONS = "/access/v1/evaluations"


@pytest.fixture(autouse=True)
async def grants(client: httpx.AsyncClient) -> None:
    """Alice may read and write the first record; Bob may read it."""
    for user, action in (("alice", "read"), ("alice", "write"), ("bob", "read")):
        body = {"user": user, "resource": "record:record-1", "action": action}
        await client.post("/grants", json=body)


async def decisions(client: httpx.AsyncClient, body: dict[str, Any]) -> list[Any]:
    answer = await client.post(EVALUATIONS, json=body)
    assert answer.status_code == 200, answer.text
    assert "decision" not in answer.json()
    return list(answer.json()["evaluations"])


@pytest.mark.parametrize("path", [EVALUATION, EVALUATIONS])
@pytest.mark.parametrize(
    ("more", "decision"),
    [
        ({}, True),
        ({"context": {"time": "2026-11-23T10:00:00Z"}}, True),
        ({"foo": "bar", "futureField": {"nested": True}}, True),
        ({"subject": {**ALICE, "properties": {"department": "Sales"}}}, True),
        ({"subject": {"type": "user", "id": "bob"}, "action": WRITE}, False),
        ({"subject": {"type": "group", "id": "alice"}}, False),
        ({"evaluations": []}, True),
    ],
)
async def test_one_evaluation(
    path: str,
    more: dict[str, Any],
    decision: bool,  # noqa: FBT001  # a parameter of the test
    client: httpx.AsyncClient,
) -> None:
    answer = await client.post(path, json={**ONE, **more})
    assert (answer.status_code, answer.json()) == (200, {"decision": decision})


@pytest.mark.parametrize(
    "wrong",
    [
        {"subject": None},
        {"subject": "alice"},
        {"subject": {"id": "alice"}},
        {"subject": {"type": "user"}},
        {"action": {}},
        {"action": {"name": 123}},
        {"resource": {"id": "record-1"}},
        {"resource": {"type": "record"}},
    ],
)
@pytest.mark.parametrize("path", [EVALUATION, EVALUATIONS])
async def test_a_wrong_evaluation_is_a_bad_request(
    path: str, wrong: dict[str, Any], client: httpx.AsyncClient
) -> None:
    body = {key: value for key, value in {**ONE, **wrong}.items() if value is not None}
    answer = await client.post(path, json=body)
    assert answer.status_code == 400
    assert answer.json()["errors"]


async def test_an_item_takes_what_it_lacks_from_the_defaults(client: httpx.AsyncClient) -> None:
    body = {
        "subject": ALICE,
        "action": WRITE,
        "resource": {"type": "record", "properties": {"status": "archived"}},
        "context": {"time": "noon"},
        "evaluations": [
            {"resource": {"id": "record-1"}},
            {"resource": OTHER, "context": {}},
            {"resource": RECORD, "subject": {"id": "bob"}},
            {"resource": RECORD, "subject": {"id": "bob"}, "action": READ},
        ],
    }
    expected = [True, False, False, True]
    assert await decisions(client, body) == [{"decision": one} for one in expected]


async def test_a_wrong_item_fails_alone(client: httpx.AsyncClient) -> None:
    items = [{"resource": RECORD}, {}, "x", {"resource": {"type": "a:b", "id": "c"}}, {**ONE}]
    answers = await decisions(client, {"subject": ALICE, "action": READ, "evaluations": items})
    assert [one["decision"] for one in answers] == [True, False, False, False, True]
    for failed in answers[1:4]:
        error = failed["context"]["error"]
        assert error["status"] == 400
        assert error["message"]


async def test_an_item_past_the_limits_fails_alone(client: httpx.AsyncClient) -> None:
    names = ["record:deep", *(f"folder-{level}" for level in range(17))]
    for resource, parent in itertools.pairwise(names):
        await client.post("/resources/parents", json={"resource": resource, "parent": parent})
    items = [{"resource": {"type": "record", "id": "deep"}}, {"resource": RECORD}]
    answers = await decisions(client, {"subject": ALICE, "action": READ, "evaluations": items})
    assert [one["decision"] for one in answers] == [False, True]
    assert answers[0]["context"]["error"]["status"] == 422


SEMANTICS = [
    ("execute_all", (RECORD, OTHER, RECORD), [True, False, True]),
    ("deny_on_first_deny", (RECORD, OTHER, RECORD), [True, False]),
    ("deny_on_first_deny", (RECORD, RECORD), [True, True]),
    ("deny_on_first_deny", (RECORD, None, RECORD), [True, False]),
    ("permit_on_first_permit", (OTHER, RECORD, OTHER), [False, True]),
    ("permit_on_first_permit", (None, OTHER), [False, False]),
]


@pytest.mark.parametrize(("semantic", "resources", "expected"), SEMANTICS)
async def test_the_semantics(
    semantic: str,
    resources: tuple[dict[str, str] | None, ...],
    expected: list[bool],
    client: httpx.AsyncClient,
) -> None:
    body = {
        "subject": ALICE,
        "action": READ,
        "options": {"evaluations_semantic": semantic, "another_option": "value"},
        "evaluations": [{"resource": one} if one else {} for one in resources],
    }
    assert [one["decision"] for one in await decisions(client, body)] == expected


@pytest.mark.parametrize("path", [EVALUATION, EVALUATIONS])
async def test_the_request_id_comes_back_whatever_the_answer(
    path: str, client: httpx.AsyncClient, stranger: httpx.AsyncClient
) -> None:
    sent = {"X-Request-ID": "bfe9eb29/ab87=4ca3+be83", "X-Correlation-ID": "the-callers-own"}
    for status, one, body in ((200, client, ONE), (400, client, {}), (401, stranger, ONE)):
        answer = await one.post(path, json=body, headers=sent)
        assert answer.status_code == status
        assert answer.headers.get_list("x-request-id") == [sent["X-Request-ID"]]
        assert answer.headers["x-correlation-id"] == "the-callers-own"
    unnamed = await client.post(path, json=ONE)
    assert "x-request-id" not in unnamed.headers
    unfit = await client.post(path, json=ONE, headers={"X-Request-ID": "x" * 257})
    assert "x-request-id" not in unfit.headers


async def test_a_token_can_be_demanded_by_a_header(client: httpx.AsyncClient) -> None:
    body = {"user": "alice", "resource": "record:record-1", "action": "read"}
    revoked = await client.request("DELETE", "/grants", json=body)
    for demand in (revoked.headers["consistency-token"], "full"):
        for path in (EVALUATION, EVALUATIONS):
            answer = await client.post(path, json=ONE, headers={"Consistency-Token": demand})
            assert answer.json() == {"decision": False}


async def test_the_metadata_say_where_and_want_no_key(stranger: httpx.AsyncClient) -> None:
    answer = await stranger.get(
        "/.well-known/authzen-configuration", headers={"X-Request-ID": "one", "Host": "evil.test"}
    )
    assert answer.status_code == 200
    assert answer.headers["x-request-id"] == "one"
    base = "http://127.0.0.1:8000"
    assert answer.json() == {
        "policy_decision_point": base,
        "access_evaluation_endpoint": f"{base}{EVALUATION}",
        "access_evaluations_endpoint": f"{base}{EVALUATIONS}",
    }
