"""What is wrong with a request is said in one problem, and in one log line."""

from typing import Any

import httpx
import pytest

from telemetry.testing import Captured
from tests.app.conftest import AUTHORIZED

JSON = {"Content-Type": "application/json"}
CHECK = "/permissions/check"
GOOD = b'{"user":"u","resource":"r","action":"a"}'


def request(
    status: int,
    method: str,
    path: str,
    body: bytes = GOOD,
    headers: dict[str, str] | None = None,
) -> tuple[int, str, str, bytes, dict[str, str]]:
    return status, method, path, body, AUTHORIZED | JSON if headers is None else headers


BAD = {
    "no key": request(401, "POST", CHECK, headers=JSON),
    "wrong key": request(401, "POST", CHECK, headers=JSON | {"X-API-Key": "wrong"}),
    "wrong bearer": request(401, "POST", CHECK, headers=JSON | {"Authorization": "Bearer x"}),
    "basic": request(401, "POST", CHECK, headers=JSON | {"Authorization": "Basic eDp5"}),
    "key of odd bytes": request(401, "POST", CHECK, headers=JSON | {"X-API-Key": "\xff\xfe"}),
    "endless key": request(401, "POST", CHECK, headers=JSON | {"X-API-Key": "k" * 5000}),
    "unknown route": request(404, "POST", "/permissions/nothing"),
    "trailing slash": request(404, "POST", CHECK + "/"),
    "wrong method": request(405, "PUT", CHECK),
    "made-up method": request(405, "BREW", "/grants"),
    "not JSON": request(400, "POST", CHECK, b"user=u"),
    "cut JSON": request(400, "POST", CHECK, GOOD[:-3]),
    "no body": request(400, "POST", CHECK, b""),
    "not UTF-8": request(400, "POST", CHECK, GOOD.replace(b'"u"', b'"\xff"')),
    "lone surrogate": request(400, "POST", CHECK, GOOD.replace(b'"u"', b'"\\ud800"')),
    "a thousand brackets": request(400, "POST", CHECK, b"[" * 1000 + b"]" * 1000),
    "form": request(415, "POST", CHECK, headers=AUTHORIZED | {"Content-Type": "text/plain"}),
    "no content type": request(415, "POST", CHECK, headers=AUTHORIZED),
    "gzip": request(415, "POST", CHECK, headers=AUTHORIZED | JSON | {"Content-Encoding": "gzip"}),
    "too large": request(413, "POST", CHECK, b'"' + b"x" * 70_000 + b'"'),
    "a list": request(422, "POST", CHECK, b"[]"),
    "a number": request(422, "POST", CHECK, GOOD.replace(b'"u"', b"7")),
    "null": request(422, "POST", CHECK, GOOD.replace(b'"u"', b"null")),
    "missing field": request(422, "POST", CHECK, b'{"user":"u","resource":"r"}'),
    "unknown field": request(422, "POST", CHECK, GOOD[:-1] + b',"hush":"hush"}'),
    "empty": request(422, "POST", CHECK, GOOD.replace(b'"u"', b'""')),
    "too long": request(422, "POST", CHECK, GOOD.replace(b'"u"', b'"' + b"u" * 257 + b'"')),
    "NUL": request(422, "POST", CHECK, GOOD.replace(b'"u"', b'"\\u0000"')),
    "newline": request(422, "POST", "/grants", GOOD.replace(b'"u"', b'"a\\nb"')),
    "revoke nothing": request(404, "DELETE", "/grants"),
    "AuthZEN without subject": request(
        400, "POST", "/access/v1/evaluation", b'{"action":{"name":"a"}}'
    ),
    "AuthZEN resource too long": request(
        400,
        "POST",
        "/access/v1/evaluation",
        b'{"subject":{"type":"user","id":"u"},"action":{"name":"a"},"resource":{"type":"t","id":"'
        + b"r" * 256
        + b'"}}',
    ),
    "AuthZEN colon in a type": request(
        400,
        "POST",
        "/access/v1/evaluation",
        b'{"subject":{"type":"user","id":"u"},"action":{"name":"a"},"resource":{"type":"t:u","id":"r"}}',
    ),
    "AuthZEN form": request(
        400, "POST", "/access/v1/evaluation", headers=AUTHORIZED | {"Content-Type": "text/plain"}
    ),
    "AuthZEN semantic": request(
        400,
        "POST",
        "/access/v1/evaluations",
        b'{"evaluations":[{}],"options":{"evaluations_semantic":"some"}}',
    ),
    "AuthZEN too many": request(
        400, "POST", "/access/v1/evaluations", b'{"evaluations":[' + b"{}," * 100 + b"{}]}"
    ),
    "AuthZEN consistency": request(
        400, "POST", "/access/v1/evaluation", headers=AUTHORIZED | JSON | {"Consistency-Token": "x"}
    ),
    "two holders": request(422, "POST", "/grants", GOOD[:-1] + b',"group":"g"}'),
    "no holder": request(422, "POST", "/grants", b'{"resource":"r","action":"a"}'),
    "two members": request(
        422, "POST", "/groups/members", b'{"group":"g","user":"u","member_group":"h"}'
    ),
    "a group in itself": request(
        422, "POST", "/groups/members", b'{"group":"g","member_group":"g"}'
    ),
    "a resource in itself": request(
        422, "POST", "/resources/parents", b'{"resource":"r","parent":"r"}'
    ),
    "an action by itself": request(
        422, "POST", "/actions/implications", b'{"action":"a","implied_by":"a"}'
    ),
    "leave nothing": request(404, "DELETE", "/groups/members", b'{"group":"g","user":"u"}'),
    "no checks": request(422, "POST", "/permissions/checks", b'{"checks":[]}'),
    "not a token": request(400, "POST", CHECK, GOOD[:-1] + b',"consistency":{"at_least":"x"}}'),
    "not a consistency": request(422, "POST", CHECK, GOOD[:-1] + b',"consistency":"some"}'),
    "too many bytes": request(
        422, "POST", CHECK, GOOD.replace(b'"u"', b'"' + "\U0001f511".encode() * 200 + b'"')
    ),
    "list of nothing": request(422, "GET", "/grants"),
    "list of two": request(422, "GET", "/grants?user=u&resource=r"),
    "list of an odd name": request(422, "GET", "/grants?user=%00"),
    "endless page": request(422, "GET", "/grants?user=u&limit=501"),
    "no page": request(422, "GET", "/grants?user=u&limit=0"),
    "odd cursor": request(400, "GET", "/grants?user=u&cursor=%F0%9F%94%91"),
    "another listing's cursor": request(
        400, "GET", "/grants?user=u&cursor=WyJtZW1iZXJzIixmYWxzZSwieCJd"
    ),
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
async def test_a_bad_request_is_one_problem_and_one_line(
    bad: tuple[int, str, str, bytes, dict[str, str]],
    stranger: httpx.AsyncClient,
    captured: Captured,
) -> None:
    status, method, path, body, headers = bad
    sent: dict[str, Any] = {**headers, "X-Correlation-ID": "the-callers-own"}
    response = await stranger.request(
        method,
        path,
        content=body,
        headers={key: value.encode("latin-1") for key, value in sent.items()},
    )

    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["x-correlation-id"] == "the-callers-own"
    problem = response.json()
    assert problem["status"] == status
    assert problem["title"]
    assert problem["detail"]
    assert problem["type"]
    assert problem["correlation_id"] == "the-callers-own"
    assert [(line["event"], line["correlation_id"]) for line in captured.logs()] == [
        ("request.finished", "the-callers-own")
    ]


async def test_a_missing_key_is_asked_for(stranger: httpx.AsyncClient) -> None:
    response = await stranger.post(CHECK, content=GOOD, headers=JSON)
    assert response.headers["www-authenticate"].startswith("Bearer")


async def test_a_wrong_method_is_told_the_right_ones(client: httpx.AsyncClient) -> None:
    response = await client.put("/grants")
    assert set(response.headers["allow"].split(", ")) == {"GET", "HEAD", "POST", "DELETE"}


async def test_wrong_fields_are_named_and_not_quoted(client: httpx.AsyncClient) -> None:
    body = {"user": "hush\n", "resource": ["hush"], "action": "x" * 300, "hush": "hush"}
    response = await client.post(CHECK, json=body)
    assert {error["field"] for error in response.json()["errors"]} == {
        "user",
        "resource",
        "action",
        "",
    }
    assert "hush" not in response.text
    assert "xxx" not in response.text


async def test_a_body_that_does_not_say_its_length_is_bounded_as_well(
    client: httpx.AsyncClient,
) -> None:
    given = 0

    async def endless() -> Any:  # noqa: ANN401  # an async iterator of bytes
        nonlocal given
        while given < 1_000:
            given += 1
            yield b"x" * 1024

    response = await client.post(CHECK, content=endless(), headers=JSON)
    assert response.status_code == 413


async def test_the_largest_body_is_read(client: httpx.AsyncClient) -> None:
    padded = GOOD + b" " * (64 * 1024 - len(GOOD))
    assert (await client.post(CHECK, content=padded, headers=JSON)).status_code == 200
    assert (await client.post(CHECK, content=padded + b" ", headers=JSON)).status_code == 413


async def test_an_unexpected_error_is_a_500_that_says_nothing(
    client: httpx.AsyncClient, captured: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        message = "hush"
        raise ZeroDivisionError(message)

    monkeypatch.setattr("app.authorization.service.AccessQuery", broken)
    response = await client.post(CHECK, content=GOOD, headers=JSON)
    assert response.status_code == 500
    assert response.json()["correlation_id"] == response.headers["x-correlation-id"]
    assert "hush" not in response.text
    assert captured.events() == ["request.failed", "request.finished"]
    assert "hush" not in str(captured.logs())
