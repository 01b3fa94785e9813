"""Every way in which an operation ends: its good answers, and its refusals by status."""

from collections.abc import Iterable
from typing import Any, Final

from app.http.openapi.headers import CORRELATION_ID, RATE_LIMIT, REQUEST_ID
from app.http.openapi.operation import Answer, Operation
from app.http.openapi.refusals import Refusal
from app.http.openapi.schemas import Schemas

_PROBLEM: Final = "application/problem+json"


def responses_of(
    operation: Operation, refusals: Iterable[Refusal], schemas: Schemas, *, is_keyed: bool
) -> dict[str, Any]:
    """Return the responses of an operation by status."""
    everywhere = (
        *(RATE_LIMIT if is_keyed else ()),
        *((REQUEST_ID,) if operation.echoes_request_id else ()),
    )
    by_status: dict[str, list[Refusal]] = {}
    for refusal in refusals:
        by_status.setdefault(str(refusal.status.value), []).append(refusal)
    refused = {status: _refused(alike, everywhere, schemas) for status, alike in by_status.items()}
    for answer in operation.answers:
        status = str(answer.status.value)
        answered = _answered(answer, everywhere, schemas)
        if status in refused:  # not ready, or refused at the door: one status, two media types
            answered["content"] |= refused[status]["content"]
            answered["headers"] = refused[status]["headers"]
        refused[status] = answered
    return dict(sorted(refused.items()))


def _answered(answer: Answer, everywhere: tuple[str, ...], schemas: Schemas) -> dict[str, Any]:
    headers = _headers((*answer.headers, *everywhere))
    response: dict[str, Any] = {"description": answer.says, "headers": headers}
    if answer.body is not None:
        response["content"] = {answer.media_type: {"schema": schemas.of(answer.body)}}
    if answer.links:
        response["links"] = {
            name: {"operationId": link.operation, "parameters": dict(link.parameters)}
            for name, link in answer.links.items()
        }
    return response


def _refused(alike: list[Refusal], everywhere: tuple[str, ...], schemas: Schemas) -> dict[str, Any]:
    forms = [schemas.of(form) for form in dict.fromkeys(refusal.body for refusal in alike)]
    names = tuple(name for refusal in alike for name in refusal.headers)
    return {
        "description": " Or: ".join(dict.fromkeys(refusal.says for refusal in alike)),
        "headers": _headers((*names, *everywhere)),
        "content": {_PROBLEM: {"schema": forms[0] if len(forms) == 1 else {"anyOf": forms}}},
    }


def _headers(names: Iterable[str]) -> dict[str, Any]:
    return {
        name: {"$ref": f"#/components/headers/{name}"}
        for name in dict.fromkeys((CORRELATION_ID, *names))
    }
