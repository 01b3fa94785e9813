"""The whole document: every route of the service, with what is said of it and who may call it.

Paths, methods and roles are those of the routes themselves; a route that nothing is said of is
left out here and fails `tests/app/http/test_openapi.py`.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from starlette.routing import Route

from app.http.authentication import roles_of
from app.http.bodies import MAX_BODY_BYTES, MAX_IDENTIFIER_BYTES
from app.http.openapi import (
    about_audit,
    about_grants,
    about_imports,
    about_permissions,
    about_reports,
    about_service,
    about_user_batches,
)
from app.http.openapi.answers import responses_of
from app.http.openapi.headers import ANSWERED, CORRELATION_ID, SENT
from app.http.openapi.operation import JSON, Operation, Operations
from app.http.openapi.parameters import of_path, of_query
from app.http.openapi.refusals import BEHIND_A_KEY, EVERYWHERE, WITH_A_BODY, Refusal
from app.http.openapi.schemas import Schemas
from app.security.roles import Role

OPERATIONS: Final[Operations] = {
    **about_permissions.OPERATIONS,
    **about_grants.OPERATIONS,
    **about_reports.OPERATIONS,
    **about_imports.OPERATIONS,
    **about_user_batches.OPERATIONS,
    **about_audit.OPERATIONS,
    **about_service.OPERATIONS,
}
_VERSION: Final = "1"
_TEXT: Final = f"""\
Who may do what, who granted it, and what was decided.

**Keys.** Send an API key as `Authorization: Bearer …` or `X-API-Key`. Each operation names the \
roles of which the key must have one.

**Answers** carry `X-Correlation-ID`, which finds the request's trace and log lines, and for a \
key with a rate `RateLimit` and `RateLimit-Policy`.

**Refusals** are RFC 9457 problems. Another method than a path has is a 405 whose `Allow` names \
those it has; another path is a 404; `HEAD` is taken wherever `GET` is, and answers without a \
body.

**Bounds.** A JSON body has at most {MAX_BODY_BYTES} bytes, and each name of a user, group, \
resource or action at most {MAX_IDENTIFIER_BYTES} in UTF-8.

**Trying again.** 429 and 503 say in `Retry-After` when. Grants and relations can be written \
again as they are; for reports, schedules and batches send an `Idempotency-Key`.

**Pages.** Send the `next_cursor` of a page as `cursor` to get the next; it is null after the \
last. Rows that come or go in between shift nothing.

**Read your writes.** A write answers a token; a check that demands it is decided from a state \
with that write."""
_KEYS: Final = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "An API key."},
    "header": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "The same."},
}
_UNDESCRIBED: Final = frozenset(("HEAD",))


def operations_of(routes: Iterable[Route]) -> Iterator[tuple[str, Route]]:
    """Yield every method of every route, but for HEAD: it is taken wherever GET is."""
    for route in routes:
        for method in sorted((route.methods or set()) - _UNDESCRIBED):
            yield method, route


def document(routes: Sequence[Route], url: str) -> dict[str, Any]:
    """Return the OpenAPI document of a service at the URL; as JSON, but for its tuples."""
    served = {(method, route.path): route for method, route in operations_of(routes)}
    known = [
        (method, served[method, path], operation)
        for (method, path), operation in OPERATIONS.items()
        if (method, path) in served
    ]
    schemas = Schemas([operation for _, _, operation in known])
    paths: dict[str, dict[str, Any]] = {}
    for method, route, operation in known:
        described = _described(operation, route, schemas)
        paths.setdefault(route.path, {})[method.lower()] = described
    return {
        "openapi": "3.1.0",
        "info": {"title": "Sightline", "version": _VERSION, "description": _TEXT},
        "servers": [{"url": url}],
        "tags": [{"name": tag} for tag in dict.fromkeys(one.tag for _, _, one in known)],
        "paths": paths,
        "components": {
            "schemas": schemas.definitions,
            "parameters": {
                name: {"name": name, "in": "header", **about} for name, about in SENT.items()
            },
            "headers": ANSWERED,
            "securitySchemes": _KEYS,
        },
    }


def _described(operation: Operation, route: Route, schemas: Schemas) -> dict[str, Any]:
    roles = roles_of(route)
    described: dict[str, Any] = {
        "operationId": operation.id,
        "tags": [operation.tag],
        "summary": operation.summary,
        "parameters": [
            *of_path(route),
            *of_query(operation.query, schemas),
            *(
                {"$ref": f"#/components/parameters/{name}"}
                for name in (CORRELATION_ID, *operation.headers)
            ),
        ],
        "responses": responses_of(
            operation, _refusals(operation, roles), schemas, is_keyed=bool(roles)
        ),
        "security": _security(roles),
    }
    if operation.text:
        described["description"] = operation.text
    if operation.body is not None:
        as_json = {"schema": schemas.of(operation.body), "example": operation.example}
        raw = {name: {"schema": schema} for name, schema in operation.raw.items()}
        described["requestBody"] = {"required": True, "content": {JSON: as_json, **raw}}
    return described


def _refusals(operation: Operation, roles: frozenset[Role]) -> tuple[Refusal, ...]:
    return (
        *EVERYWHERE,
        *(BEHIND_A_KEY if roles else ()),
        *(WITH_A_BODY if operation.body is not None else ()),
        *operation.refusals,
    )


def _security(roles: frozenset[Role]) -> list[dict[str, list[str]]]:
    """Return the ways in: any scheme with any of the roles; an empty list is no key at all."""
    return [{scheme: [role.value]} for role in sorted(roles) for scheme in _KEYS]
