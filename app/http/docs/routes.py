"""`GET /openapi.json` and `GET /docs`: the description of the service's own routes.

Both are open: they hold nothing but what the source code says. See
docs/decisions/api-description.md.
"""

import base64
import hashlib
from collections.abc import Sequence
from functools import cached_property
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from app.http.docs.page import page, style
from app.http.openapi.document import document
from app.http.responses import JsonResponse

OPENAPI: Final = "/openapi.json"
DOCS: Final = "/docs"

_CACHED: Final = {"Cache-Control": "max-age=300"}


def documented(routes: Sequence[Route], url: str) -> list[Route]:
    """Return the routes, and those of the two documents about all of them."""
    documents = _Documents(url)
    documents.routes = [
        *routes,
        Route(OPENAPI, documents.openapi, methods=["GET"]),
        Route(DOCS, documents.docs, methods=["GET"]),
    ]
    return list(documents.routes)


class _Documents:
    """Made when they are first asked for, which in most processes is never."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.routes: Sequence[Route] = ()

    async def openapi(self, _: Request) -> Response:
        """Answer `GET /openapi.json`."""
        return JsonResponse(self._document, headers=_CACHED)

    async def docs(self, _: Request) -> Response:
        """Answer `GET /docs`."""
        return HTMLResponse(self._page, headers={**_CACHED, "Content-Security-Policy": _policy()})

    @cached_property
    def _document(self) -> dict[str, Any]:
        return document(self.routes, self._url)

    @cached_property
    def _page(self) -> str:
        return page(self._document)


def _policy() -> str:
    """Return a policy that allows the page's own style, known by its hash, and nothing else."""
    digest = base64.b64encode(hashlib.sha256(style().encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none';"
        " frame-ancestors 'none'"
    )
