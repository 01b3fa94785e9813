"""From a matched Starlette route to its full template, such as `/api/v1/reports/{task_id}`.

The router leaves the matched route in the scope; a route under a Mount knows only its own part, so
the whole table is walked once and kept. A table mounted twice has a template for each mount. Where
a Mount's application does not show its routes, the template is the Mount's, `/shops/{shop}/{path}`.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, Final

from starlette.routing import BaseRoute, Host, Mount, Route, WebSocketRoute
from starlette.types import ASGIApp, Scope

_PARAMETER = re.compile(r"\\\{[^}]*\\\}")
_REST: Final = "/{path}"
_MAX_LAYERS: Final = 32
_MAX_UNKNOWN: Final = 1024


class RouteTemplates:
    """Answers `http.route` for a scope that the application has handled."""

    def __init__(self, application: ASGIApp) -> None:
        self._application = application
        self._templates: dict[int, str] = {}
        self._shared: dict[int, list[str]] = {}
        self._closed: list[str] = []
        self._unknown = 0
        self._seen: dict[int, BaseRoute] = {}
        """Every route that was met, held so that no other gets its identity."""

    def __call__(self, scope: Scope) -> str | None:
        """Return the template, with the application's root, or None where no route matched."""
        route = scope.get("route")
        if route is None:
            return None
        template = self._templates.get(id(route)) or self._of_several(scope, route)
        if template is None:
            return None
        root: str = scope.get("app_root_path", scope.get("root_path", ""))
        return root + template if root else template

    def _of_several(self, scope: Scope, route: BaseRoute) -> str | None:
        """Return the template of a route that has several, or none of its own."""
        identity = id(route)
        if identity not in self._seen and self._unknown < _MAX_UNKNOWN:
            # Before the first request, or after a route was added at run time.
            self._walk_again(scope)
            if identity not in self._seen:
                self._unknown += 1
                self._seen[identity] = route
        if template := self._templates.get(identity):
            return template
        path = scope["path"].removeprefix(scope.get("app_root_path", scope.get("root_path", "")))
        shared = self._shared.get(identity)
        return _first(shared, path) or shared[0] if shared else _first(self._closed, path)

    def _walk_again(self, scope: Scope) -> None:
        # Behind a layer that shows no table, Starlette names itself in the scope; a mounted one
        # too, so that what was found before is kept.
        routes = _routes_of(self._application) or _routes_of(scope.get("app"))
        found: dict[int, list[str]] = defaultdict(list)
        for route, template in _walk(routes, ""):
            self._seen[id(route)] = route
            found[id(route)].append(template)
            is_closed = isinstance(route, Mount) and not _routes_of(route.app)
            if is_closed and template not in self._closed:
                self._closed.append(template)
        for identity, templates in found.items():
            if len(templates) == 1:
                self._templates[identity] = templates[0]
            else:
                self._templates.pop(identity, None)
                self._shared[identity] = templates


def _walk(routes: Sequence[BaseRoute], prefix: str) -> Iterator[tuple[BaseRoute, str]]:
    for route in routes:
        match route:
            case Route() | WebSocketRoute():
                yield route, prefix + route.path_format
            case Mount():
                mounted: Any = route
                template = prefix + mounted.path_format.removesuffix(_REST)
                yield route, template + _REST
                yield from _walk(_routes_of(route.app), template)
            case Host():
                yield from _walk(_routes_of(route.app), prefix)
            case _:
                pass


def _routes_of(application: object) -> Sequence[BaseRoute]:
    """Return an application's routing table, looked for in the layers that show what they wrap."""
    for _ in range(_MAX_LAYERS):
        routes = getattr(application, "routes", None)
        if routes:
            return list(routes)
        application = getattr(application, "app", None)
    return ()


def _first(templates: Sequence[str], path: str) -> str | None:
    return next((one for one in templates if _pattern_of(one).fullmatch(path)), None)


@lru_cache(maxsize=1024)
def _pattern_of(template: str) -> re.Pattern[str]:
    """Return what the paths of a template look like; a parameter is any text."""
    before, rest, _ = template.rpartition(_REST) if template.endswith(_REST) else (template, "", "")
    return re.compile(_PARAMETER.sub(".+", re.escape(before)) + ("/.*" if rest else ""))
