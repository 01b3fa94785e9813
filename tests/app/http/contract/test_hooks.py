"""Which refusals of good requests schemathesis lets pass: those that no schema can foretell."""

from types import SimpleNamespace
from typing import Any

import pytest
from schemathesis.openapi.checks import RejectedPositiveData

from app.authorization.limits import GraphTooLarge
from app.http.bodies import MAX_BODY_BYTES
from tests.app.http.contract.hooks import filter_failure

FAILURE = RejectedPositiveData(
    operation="POST /grants", message="", status_code=422, allowed_statuses=[]
)
NAMED = {"user": "alice", "resource": "doc:1"}


def is_kept(status: int, kind: str = "about:blank", *, sent: int = 0, user: str = "alice") -> bool:
    response: Any = SimpleNamespace(
        status_code=status,
        request=SimpleNamespace(body=b"x" * sent),
        json=lambda: {"type": kind},
    )
    case: Any = SimpleNamespace(query={}, body={"checks": [{**NAMED, "user": user}]})
    context: Any = None
    kept: bool = filter_failure(context, FAILURE, case, response)
    return kept


@pytest.mark.parametrize(
    ("refusal", "kept"),
    [
        ({"status": 422}, True),
        ({"status": 422, "kind": GraphTooLarge.type}, False),
        ({"status": 400, "kind": GraphTooLarge.type}, True),
        ({"status": 413, "sent": MAX_BODY_BYTES}, True),
        ({"status": 413, "sent": MAX_BODY_BYTES + 1}, False),
        ({"status": 422, "user": "u" * 256}, True),
        ({"status": 422, "user": "\N{KEY}" * 193}, False),
    ],
)
def test_only_what_no_schema_can_say_is_let_pass(refusal: dict[str, Any], kept: bool) -> None:  # noqa: FBT001  # a case's answer
    assert is_kept(**refusal) is kept
