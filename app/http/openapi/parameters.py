"""What a request says in its path and its query."""

from typing import Any, Final

from starlette.routing import Route

from app.http.openapi.operation import Query
from app.http.openapi.schemas import Schemas

_ID: Final = {"type": "string", "format": "uuid"}


def of_path(route: Route) -> list[dict[str, Any]]:
    """Return the parameters of a route's path; all of ours are IDs that an answer gave."""
    return [
        {"name": name, "in": "path", "required": True, "schema": _ID}
        for name in sorted(route.param_convertors)
    ]


def of_query(query: type[Query] | None, schemas: Schemas) -> list[dict[str, Any]]:
    """Return a query's parameters."""
    if query is None:
        return []
    return [_parameter(*field) for field in schemas.fields_of(query)]


def _parameter(name: str, schema: dict[str, Any], is_required: bool) -> dict[str, Any]:  # noqa: FBT001  # of a field, as `Schemas.fields_of` has it
    schema = dict(schema)
    text = schema.pop("description", None)
    parameter = {"name": name, "in": "query", "required": is_required, "schema": schema}
    return parameter if text is None else {**parameter, "description": text}
