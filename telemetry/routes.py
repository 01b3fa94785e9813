"""From a matched Starlette route to its full template, such as `/api/v1/reports/{task_id}`.

The router leaves the matched route in the scope; a route under a Mount knows only its own part, so
the whole table is walked once and kept. A table mounted twice has a template for each mount.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from starlette.routing import BaseRoute, Host, Mount, Route, WebSocketRoute
from starlette.types import ASGIApp, Scope

_PARAMETER = re.compile(r"\\\{[^}]*\\\}")


class RouteTemplates:
    """Answers `http.route` for a scope that the application has handled."""

    def __init__(self, application: ASGIApp) -> None:
        self._application: object = application
        self._templates: dict[int, list[str]] = {}

    def __call__(self, scope: Scope) -> str | None:
        """Return the template, with the application's root, or None where no route matched."""
        route = scope.get("route")
        if route is None:
            return None
        templates = self._templates.get(id(route)) or self._walk_again(scope, id(route))
        if not templates:
            return None
        root: str = scope.get("app_root_path", scope.get("root_path", ""))
        if len(templates) == 1:
            return root + templates[0] if root else templates[0]
        path = scope["path"].removeprefix(root)
        return root + next((one for one in templates if _begins(one, path)), templates[0])

    def _walk_again(self, scope: Scope, wanted: int) -> list[str]:
        """Walk the table: before the first request, and after a route was added at run time."""
        routes: Sequence[BaseRoute] | None = getattr(self._application, "routes", None)
        if routes is None:  # wrapped in a layer that has none: Starlette names itself in the scope
            routes = getattr(scope.get("app"), "routes", ())
        found: dict[int, list[str]] = defaultdict(list)
        for identity, template in _walk(routes, ""):
            found[identity].append(template)
        self._templates = dict(found)
        return self._templates.get(wanted, [])


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


def _begins(template: str, path: str) -> bool:
    """Tell whether the path can be one of the template's; a parameter is any text."""
    return re.fullmatch(_PARAMETER.sub(".+", re.escape(template)), path) is not None
