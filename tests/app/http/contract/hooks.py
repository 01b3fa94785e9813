"""What schemathesis is told of good requests that JSON Schema has no words for.

Loaded by schemathesis' own process. Requests that are meant to be bad stay as they are.
"""

import json
import zlib
from collections.abc import Iterator, Sequence
from typing import Any, TypeVar
from uuid import UUID

import schemathesis
from hypothesis import strategies
from schemathesis.core.failures import Failure
from schemathesis.core.parameters import ParameterLocation
from schemathesis.core.transport import Response
from schemathesis.openapi.checks import RejectedPositiveData

from app.authorization.limits import GraphTooLarge
from app.authorization.model import EpochId
from app.authorization.tokens import token_of
from app.http.bodies import MAX_BODY_BYTES, MAX_IDENTIFIER_BYTES

FILES = ("text/csv", "application/x-ndjson", "application/jsonl")
Case = schemathesis.Case[Any]
Some = TypeVar("Some")
TOKEN = "Consistency-Token"
TOKENS = ("full", token_of(EpochId(1, UUID(int=1))))  # the second's write is on no record: 409
CRONS = ("*/5 6-20 * * mon", "0 0 29 2 *", "@Hourly", "7,8 1-3 1-31/2 jan,dec 0-7")
ZONES = ("UTC", "Europe/Vienna", "America/St_Johns", "Asia/Kathmandu")
IMPORTS = (
    {"kind": "grants", "format": "csv", "path": "grants.csv"},
    {"kind": "memberships", "format": "ndjson", "path": "in/memberships.ndjson"},
)
RELATIONS = frozenset(("/groups/members", "/resources/parents", "/actions/implications"))
LISTED_BY = {
    "/grants": ("user", "group", "resource"),
    "/groups/members": ("group", "user", "member_group"),
    "/resources/parents": ("resource", "parent"),
}

CSV = strategies.lists(strategies.sampled_from(["alice,doc:1,read", "bob,doc:2,edit", '"', "x"]))
NDJSON = strategies.lists(
    strategies.sampled_from([{"user": "alice", "resource": "doc:1", "action": "read"}, [], 1])
)
schemathesis.openapi.media_type(
    "text/csv", CSV.map(lambda rows: "\n".join(["user,resource,action", *rows]).encode())
)
for name in FILES[1:]:
    schemathesis.openapi.media_type(
        name, NDJSON.map(lambda rows: "\n".join(map(json.dumps, rows)).encode())
    )


def _is_good(case: Case, part: ParameterLocation) -> bool:
    about = None if case.meta is None else case.meta.components.get(part)
    return about is None or about.mode.is_positive


@schemathesis.serializer(*FILES)
def as_it_is(ctx: Any, value: Any) -> bytes:  # noqa: ANN401  # schemathesis' own context
    return value if isinstance(value, bytes) else str(value).encode()


@schemathesis.hook
def filter_case(ctx: schemathesis.HookContext, case: Case) -> bool:
    """Nothing is related to itself."""
    if case.path not in RELATIONS or case.method == "GET" or not isinstance(case.body, dict):
        return True
    names = [value for value in case.body.values() if value is not None]
    return not _is_good(case, ParameterLocation.BODY) or len(set(map(str, names))) == len(names)


@schemathesis.hook
def map_case(ctx: schemathesis.HookContext, case: Case) -> Case:
    if _is_good(case, ParameterLocation.QUERY):
        case.query = _fit_query(case, dict(case.query or {}))
    if _is_good(case, ParameterLocation.BODY) and isinstance(case.body, dict):
        case.body = _fit_body(case.path, dict(case.body))
    if _is_good(case, ParameterLocation.HEADER) and TOKEN in (case.headers or {}):
        case.headers[TOKEN] = _one_of(TOKENS, case.headers[TOKEN])
    return case


@schemathesis.hook
def filter_failure(
    ctx: schemathesis.HookContext, failure: Failure, case: Case, response: Response
) -> bool:
    """A schema cannot say what has been written before, nor how many bytes are too many."""
    return not isinstance(failure, RejectedPositiveData) or not (
        _is_beyond_the_graphs_limits(response)
        or _is_beyond_the_bodys_limit(response)
        or any(map(_is_beyond_an_index, _texts([case.query, case.body])))
    )


def _is_beyond_the_graphs_limits(response: Response) -> bool:
    return response.status_code == 422 and response.json()["type"] == GraphTooLarge.type


def _is_beyond_the_bodys_limit(response: Response) -> bool:
    sent = response.request.body
    return response.status_code == 413 and isinstance(sent, bytes) and len(sent) > MAX_BODY_BYTES


def _is_beyond_an_index(text: str) -> bool:
    return len(text.encode(errors="replace")) > MAX_IDENTIFIER_BYTES


def _texts(value: Any) -> Iterator[str]:  # noqa: ANN401  # any JSON
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _texts(one)


def _one_of(good: Sequence[Some], generated: object) -> Some:
    """Return one of the good values, the same each time for what was made up in its place."""
    return good[zlib.crc32(repr(generated).encode()) % len(good)]


def _fit_query(case: Case, query: dict[str, Any]) -> dict[str, Any]:
    query.pop("cursor", None)  # links bring those that a page has answered
    if case.method == "GET" and case.path in LISTED_BY:
        names = LISTED_BY[case.path]
        given = [query.pop(name) for name in names if name in query]
        query[names[len(given) - 1]] = given[-1] if given else "alice"
    if case.path == "/audit/verify" and len({"number", "hash"} & query.keys()) == 1:
        query = {}
    if case.path == "/imports":
        query["kind"] = "grants"
    return query


def _fit_body(path: str, body: dict[str, Any]) -> dict[str, Any]:
    if isinstance(body.get("consistency"), dict):
        token = _one_of(TOKENS, body["consistency"])
        body["consistency"] = "full" if token == "full" else {"at_least": token}
    if isinstance(body.get("recipient"), str):
        local, _, domain = body["recipient"].partition("@")
        body["recipient"] = f"{local[:64].rstrip('.')}@{domain}"
    match path:
        case "/imports":
            return dict(_one_of(IMPORTS, body))
        case "/report-schedules":
            body["cron"] = _one_of(CRONS, body["cron"])
            body["time_zone"] = _one_of(ZONES, body.get("time_zone"))
        case "/user-batches":
            body["recipient"] = None
            body["operation"] = "offboard"
            body["users"] = ["mallory"] if body["users"] == "all" else body["users"][:200]
        case "/access/v1/evaluation":
            return _of_one_resource(body)
        case "/access/v1/evaluations":
            whole = {"subject": {"type": "user", "id": "alice"}, "action": {"name": "read"}}
            body |= whole | {"resource": {"type": "doc", "id": "1"}}
    return body


def _of_one_resource(body: dict[str, Any]) -> dict[str, Any]:
    """Type and ID are the resource's name together."""
    resource = body["resource"]
    return {**body, "resource": {**resource, "type": resource["type"][:100], "id": "1"}}
