"""From a matched Starlette route to its full template, such as `/api/v1/reports/{task_id}`.

The router leaves the matched route in the scope; a route under a Mount knows only its own part, so
the whole table is walked once per application and kept.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from starlette.routing import BaseRoute, Host, Mount, Route, WebSocketRoute
from starlette.types import Scope


class RouteTemplates:
    """Answers `http.route` for a scope that a Starlette application has handled."""

    def __init__(self) -> None:
        self._templates: dict[int, str] = {}
        self._application: object = None

    def __call__(self, scope: Scope) -> str | None:
        """Return the template of the route that took the request, or None where none did."""
        route = scope.get("route")
        if route is None:
            return None
        application = scope.get("app")
        if application is not self._application:
            routes: Sequence[BaseRoute] = getattr(application, "routes", ())
            self._templates = dict(_walk(routes, ""))
            self._application = application
        return self._templates.get(id(route))


def _walk(routes: Sequence[BaseRoute], prefix: str) -> Iterator[tuple[int, str]]:
    for route in routes:
        match route:
            case Route() | WebSocketRoute():
                yield id(route), prefix + route.path_format
            case Mount():
                mounted: Any = route
                template = prefix + mounted.path_format.removesuffix("/{path}")
                yield id(route), f"{template}/{{path}}"
                yield from _walk(route.routes or (), template)
            case Host():
                yield from _walk(route.routes or (), prefix)
            case _:
                pass
