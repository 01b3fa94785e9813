"""Requests to an application under observation: message by message, or over a socket."""

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import uvicorn
from starlette.types import ASGIApp, Message, Scope

Header = tuple[bytes, bytes]

_PATIENCE_SECONDS = 20.0


@dataclass
class Answer:
    """What the server was told; `raised` is what came out of the application in the end."""

    messages: list[Message] = field(default_factory=list)
    raised: BaseException | None = None

    @property
    def status(self) -> int:
        """The status, 0 where no answer began."""
        starts = [one for one in self.messages if one["type"] == "http.response.start"]
        return starts[0]["status"] if starts else 0

    @property
    def outcome(self) -> str:
        """The status, or what was raised in its place."""
        if self.raised is not None and not self.status:
            return f"raised {type(self.raised).__name__}: the server answers 500"
        return str(self.status)

    def header(self, name: bytes) -> list[bytes]:
        """Return the values of a header."""
        headers = self.messages[0].get("headers", ()) if self.messages else ()
        return [value for key, value in headers if key.lower() == name]


def scope_of(path: str = "/", headers: Iterable[Header] = (), **more: object) -> Scope:
    """Return the scope of a GET request."""
    given = list(headers)
    if not any(name == b"host" for name, _ in given):
        given.insert(0, (b"host", b"shop.test"))
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": given,
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        **more,
    }


async def ask(
    app: ASGIApp, path: str = "/", headers: Iterable[Header] = (), **more: object
) -> Answer:
    """Send one request, message by message."""
    answer = Answer()
    received = False

    async def receive() -> Message:
        nonlocal received
        if received:
            await asyncio.Event().wait()
        received = True
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        answer.messages.append(message)

    try:
        await app(scope_of(path, headers, **more), receive, send)
    except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001  # what it is, is the finding
        answer.raised = error
    return answer


@contextmanager
def served(app: ASGIApp) -> Iterator[int]:
    """Serve the application with uvicorn, in a thread, and yield the port."""
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, loop="asyncio", ws="none", log_config=None, access_log=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        wait_until(lambda: server.started)
        yield listening.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join()
        listening.close()


def wait_until(condition: Callable[[], bool]) -> bool:
    """Wait until a function says yes; False where it does not within 20 s."""
    until = time.monotonic() + _PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.01)
    return True


def talk(port: int, raw: bytes) -> bytes:
    """Send bytes, and read until the server closes."""
    with socket.create_connection(("127.0.0.1", port), _PATIENCE_SECONDS) as connection:
        connection.sendall(raw)
        answer = b""
        while part := connection.recv(65_536):
            answer += part
        return answer
