"""`python -m compose mail`: takes every mail by SMTP, stores it, shows it. Delivers none.

GET /api/messages lists the mails as JSON, GET / shows them on a page.
"""

import argparse
import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from socket import socket
from typing import Any, Final

import orjson
from aiosmtpd.smtp import SMTP, Envelope, Session
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from compose.inbox.letters import Letter, Letters
from compose.inbox.mail_page import HEADERS, page
from compose.inbox.server import BindError, bound, fail, port, serve

_SIZE_LIMIT: Final = 10 * 1024 * 1024


class Catcher:
    """aiosmtpd's handler: takes any mail to anyone."""

    def __init__(self, letters: Letters) -> None:
        self._letters = letters

    async def handle_DATA(  # noqa: N802  # the name that aiosmtpd calls
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        """Store the mail before it is acknowledged."""
        content = envelope.original_content or b""
        sender = envelope.mail_from or ""
        await asyncio.to_thread(self._letters.keep, sender, envelope.rcpt_tos, content)
        return "250 OK"


def mail_app(letters: Letters, listener: socket) -> Starlette:
    """Return the web application; while it runs, mails are taken on `listener`."""

    @asynccontextmanager
    async def taking_mail(_: Starlette) -> AsyncIterator[None]:
        catcher = Catcher(letters)

        def session() -> SMTP:
            return SMTP(
                catcher, data_size_limit=_SIZE_LIMIT, enable_SMTPUTF8=True, ident="Sightline"
            )

        server = await asyncio.get_running_loop().create_server(session, sock=listener)
        yield
        server.close()

    async def messages(_: Request) -> Response:
        kept = await asyncio.to_thread(letters.all)
        return Response(orjson.dumps([_json(each) for each in kept]), media_type="application/json")

    async def show(_: Request) -> Response:
        return HTMLResponse(page(await asyncio.to_thread(letters.all)), headers=HEADERS)

    routes = [Route("/api/messages", messages), Route("/", show)]
    return Starlette(routes=routes, lifespan=taking_mail)


def _json(letter: Letter) -> dict[str, Any]:
    return {
        "id": letter.name,
        "received": letter.received.isoformat(),
        "from": letter.sender,
        "to": letter.recipients,
        "subject": letter.subject,
        "headers": [[name, str(value)] for name, value in letter.message.items()],
        "text": letter.text,
        "html": letter.html,
    }


def main(arguments: list[str]) -> int:
    """Take mail until told to stop."""
    parser = argparse.ArgumentParser(prog="python -m compose mail", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--smtp-port", type=port, default=1025)
    parser.add_argument("--port", type=port, default=8025, help="of the page")
    parser.add_argument("--folder", type=Path, help="where mails are stored; new and passing")
    options = parser.parse_args(arguments)
    try:
        smtp = bound(options.host, options.smtp_port, "the mail server")
        web = bound(options.host, options.port, "the page of the mails")
    except BindError as error:
        return fail(error)
    with tempfile.TemporaryDirectory(prefix="mails-") as passing:
        folder = options.folder or Path(passing)
        folder.mkdir(parents=True, exist_ok=True)
        serve(mail_app(Letters(folder), smtp), web)
    return 0
