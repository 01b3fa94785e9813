"""`python -m compose inbox`: keeps the last webhooks of Alertmanager, and shows them.

POST /alerts keeps a JSON object; GET /alerts returns what is kept, oldest first, each with the
number that it had of all that came. GET /runbooks/<alert> is where the notifications' runbook links
lead.
"""

import argparse
import itertools
import re
from collections import deque
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from compose.inbox.server import BindError, bound, fail, port, serve

_RUNBOOKS: Final = Path(__file__).resolve().parents[2] / "alerts" / "runbooks"
_ALERT_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9]*")
_BODY_LIMIT: Final = 4 * 1024 * 1024
_KEPT: Final = 1_000


class Inbox:
    """The last `limit` webhooks, in memory."""

    def __init__(self, *, limit: int = _KEPT, runbooks: Path = _RUNBOOKS) -> None:
        self._kept: deque[dict[str, Any]] = deque(maxlen=limit)
        self._numbers = itertools.count(1)
        self._runbooks = runbooks

    def app(self) -> Starlette:
        """Return the web application."""
        return Starlette(
            routes=[
                Route("/alerts", self._keep, methods=["POST"]),
                Route("/alerts", self._show, methods=["GET"]),
                Route("/runbooks/{alert}", self._runbook, methods=["GET"]),
            ]
        )

    async def _keep(self, request: Request) -> Response:
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > _BODY_LIMIT:
                return PlainTextResponse("too large\n", 413)
        try:
            payload = orjson.loads(bytes(body))
        except orjson.JSONDecodeError:
            return PlainTextResponse("not JSON\n", 400)
        if not isinstance(payload, dict):
            return PlainTextResponse("not a JSON object\n", 400)
        self._kept.append(
            {
                "number": next(self._numbers),
                "received": datetime.now(UTC).isoformat(),
                "payload": payload,
            }
        )
        return Response(status_code=202)

    async def _show(self, _: Request) -> Response:
        return Response(orjson.dumps(list(self._kept)), media_type="application/json")

    async def _runbook(self, request: Request) -> Response:
        name = request.path_params["alert"]
        page = self._runbooks / f"{name}.md"
        if not _ALERT_NAME.fullmatch(name) or not page.is_file():
            return PlainTextResponse("there is no such runbook\n", 404)
        return PlainTextResponse(page.read_text(encoding="utf-8"))


def main(arguments: list[str]) -> int:
    """Serve the inbox until it is told to stop."""
    parser = argparse.ArgumentParser(prog="python -m compose inbox", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=port, default=8026)
    parser.add_argument("--keep", type=int, default=_KEPT, help="how many webhooks")
    options = parser.parse_args(arguments)
    try:
        listener = bound(options.host, options.port, "the inbox")
    except BindError as error:
        return fail(error)
    serve(Inbox(limit=options.keep).app(), listener)
    return 0
