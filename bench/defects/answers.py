"""Cases about how a request ends, and about telling it from others."""

import asyncio
import re
import socket
from typing import Final

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Message

from bench.defects.driving import ask, scope_of, served, talk, wait_until
from bench.defects.model import Case, Maker, Seen, attribute, same, server_span, server_spans
from bench.defects.shop import Asgi, in_the_background, shop

_START: Final[Message] = {"type": "http.response.start", "status": 200, "headers": []}
_END: Final[Message] = {"type": "http.response.body", "body": b"done"}
_AT_ONCE: Final = 200
_NANOSECONDS: Final = 1e9
_A_MICROSECOND: Final = 1e-6


async def _background(make: Maker) -> Seen:
    ended: list[int] = []
    with make() as stack:

        async def work() -> None:
            ended.append(len(server_spans(stack)))

        await ask(stack.wrap(shop(in_the_background(work))), "/accepted")
    return Seen(ended == [1], "ended before it" if ended == [1] else "still running in it")


async def _background_counted(make: Maker) -> Seen:
    counted: list[int] = []
    with make() as stack:

        async def work() -> None:
            counted.append(stack.counted())

        await ask(stack.wrap(shop(in_the_background(work))), "/accepted")
    return Seen(counted == [1], "counted before it" if counted == [1] else "counted after it")


async def _after_the_start(make: Maker) -> Seen:
    with make() as stack:
        await ask(stack.wrap(shop()), "/half")
        found = f"{attribute(server_span(stack), 'error.type')}"
    return same("ValueError", found)


async def _silent(make: Maker) -> Seen:
    with make() as stack:
        await ask(stack.wrap(shop()), "/silent")
        found = attribute(server_span(stack), "error.type")
    return Seen(found is not None, f"error.type {found}")


async def _cancelled(make: Maker) -> Seen:
    entered = asyncio.Event()

    async def wait() -> None:
        entered.set()
        await asyncio.Event().wait()

    with make() as stack:
        app = stack.wrap(shop(Route("/waits", Asgi(_START, between=wait))))
        task = asyncio.create_task(ask(app, "/waits"))
        await entered.wait()
        task.cancel()
        await task
        found = attribute(server_span(stack), "error.type")
    return Seen(found is not None, f"error.type {found}")


async def _trailers(make: Maker) -> Seen:
    ended: list[int] = []
    messages: list[Message] = [
        {**_START, "trailers": True},
        _END,
        {"type": "http.response.trailers", "headers": [(b"a", b"b")], "more_trailers": False},
    ]
    with make() as stack:

        async def note() -> None:
            ended.append(len(server_spans(stack)))

        await ask(stack.wrap(shop(Route("/trailers", Asgi(*messages, between=note)))), "/trailers")
        ended.append(len(server_spans(stack)))
    fine = ended[:3] == [0, 0, 0] and ended[-1] == 1
    return Seen(fine, "after the trailers" if fine else f"spans before each message: {ended}")


async def _pathsend(make: Maker) -> Seen:
    messages: list[Message] = [_START, {"type": "http.response.pathsend", "path": "/file"}]
    with make() as stack:
        answer = await ask(stack.wrap(shop(Route("/file", Asgi(*messages)))), "/file")
        error = attribute(server_span(stack), "error.type")
    return same("200 without an error", f"{answer.outcome} with{'' if error else 'out'} an error")


async def _websocket(make: Maker) -> Seen:
    told: list[str] = []

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        told.append(message["type"])

    scope = {**scope_of("/echo"), "type": "websocket", "scheme": "ws", "subprotocols": []}
    with make() as stack:
        await stack.wrap(shop())(scope, receive, send)
    return same("websocket.accept, websocket.close", ", ".join(told))


async def _concurrent(make: Maker) -> Seen:
    with make() as stack:

        async def endpoint(_: Request) -> Response:
            await asyncio.sleep(0)
            return PlainTextResponse(stack.correlation_id() or "none")

        app = stack.wrap(shop(Route("/whoami", endpoint)))
        headers = [[(stack.id_header, f"{number:032x}".encode())] for number in range(_AT_ONCE)]
        answers = await asyncio.gather(*(ask(app, "/whoami", one) for one in headers))
        mixed = sum(
            answer.messages[-1]["body"] != sent[0][1]
            or answer.header(stack.id_header) != [sent[0][1]]
            for answer, sent in zip(answers, headers, strict=True)
        )
    return Seen(not mixed, f"{mixed} mixed up")


async def _duration(make: Maker) -> Seen:
    with make() as stack:
        await ask(stack.wrap(shop()), "/items/7")
        span = server_span(stack)
        measured = stack.seconds()
    lasted = ((span.end_time or 0) - (span.start_time or 0)) / _NANOSECONDS
    same_moment = abs(lasted - measured) < _A_MICROSECOND
    return Seen(same_moment, "the same" if same_moment else f"{lasted:.6f} and {measured:.6f} s")


async def _exemplar(make: Maker) -> Seen:
    with make() as stack:
        await ask(stack.wrap(shop()), "/items/7")
        context = server_span(stack).context
        ids = {one.get("trace_id") for one in stack.exemplars()}
    if not ids:
        return Seen(ok=False, text="no exemplar")
    return Seen(ids == {f"{context.trace_id:032x}"}, "its trace was kept")


async def _unsampled(make: Maker) -> Seen:
    with make(sampling=0.0) as stack:
        await ask(stack.wrap(shop()), "/items/7")
        found = len(stack.exemplars())
    return same(0, found)


async def _counted_failures(make: Maker) -> Seen:
    with make() as stack:
        app = stack.wrap(shop())
        for path in ("/items/7", "/boom", "/nowhere", "/silent"):
            await ask(app, path)
        return same(4, stack.counted())


async def _size(make: Maker) -> Seen:
    with make() as stack:
        app = stack.wrap(shop())
        await ask(app, "/items/7")
        await ask(app, "/stream")
        found = re.findall(
            r"name='http\.server\.response\.body\.size'.*?http\.route': '/stream'.*?sum=(\d+)",
            stack.everything(),
        )
    return Seen(not found, f"{found[0]} bytes, another's" if found else "none, or its own")


async def _raw(make: Maker) -> Seen:
    raw = b"GET /items/7 HTTP/1.1\r\nHost: a\r\nUser-Agent: \xff\\\r\nConnection: close\r\n\r\n"
    with make() as stack, served(stack.wrap(shop())) as port:
        answer = await asyncio.to_thread(talk, port, raw)
    return same("HTTP/1.1 200 OK", answer.partition(b"\r\n")[0].decode())


async def _reused(make: Maker) -> Seen:
    first = b"GET /items/1 HTTP/1.1\r\nHost: a\r\n%s: " + b"0" * 31 + b"1\r\n\r\n"
    second = b"GET /items/2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    with make() as stack, served(stack.wrap(shop())) as port:
        answer = await asyncio.to_thread(talk, port, first % stack.id_header + second)
        found = re.findall(rb"^%s: (\w+)\r$" % stack.id_header, answer, re.MULTILINE)
    fine = len(found) == 2 and found[0].endswith(b"1") and found[0] != found[1]  # noqa: PLR2004  # requests
    return Seen(fine, "each its own" if fine else str(found))


async def _left(make: Maker) -> Seen:
    with make() as stack, served(stack.wrap(shop())) as port:

        def leave() -> bool:
            with socket.create_connection(("127.0.0.1", port)) as connection:
                connection.sendall(b"GET /endless HTTP/1.1\r\nHost: a\r\n\r\n")
                connection.recv(1000)
            return wait_until(lambda: len(server_spans(stack)) == 1)

        ended = await asyncio.to_thread(leave)
    return Seen(ended, "its span ends" if ended else "its span stays open")


async def _failure_on_a_socket(make: Maker) -> Seen:
    raw = b"GET /boom HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    with make() as stack, served(stack.wrap(shop())) as port:
        answer = await asyncio.to_thread(talk, port, raw)
        ids = answer.lower().count(b"\r\n" + stack.id_header + b": ")
    return same("500 with 1 ID", f"{answer[9:12].decode()} with {ids} ID")


CASES: Final = (
    Case("span of a request with a BackgroundTask", "ended before it", _background),
    Case("duration of a request with a BackgroundTask", "counted before it", _background_counted),
    Case("error type of an exception after the answer has begun", "ValueError", _after_the_start),
    Case("an application that sends nothing", "an error type", _silent),
    Case("a request that is cancelled", "an error type", _cancelled),
    Case("span of an answer with trailers", "after the trailers", _trailers),
    Case("span of an answer sent by its path", "200 without an error", _pathsend),
    Case("a WebSocket", "websocket.accept, websocket.close", _websocket),
    Case(f"correlation IDs of {_AT_ONCE} requests at once", "0 mixed up", _concurrent),
    Case("span's duration and metric's", "the same", _duration),
    Case("the exemplar of a request that was kept", "its trace was kept", _exemplar),
    Case("exemplars of a request that was not kept", "0", _unsampled),
    Case("requests counted of 200, 500, 404 and no answer", "4", _counted_failures),
    Case("response size of a stream after another answer", "none, or its own", _size),
    Case("socket: `User-Agent: \\xff\\`", "HTTP/1.1 200 OK", _raw),
    Case("socket: an unhandled exception", "500 with 1 ID", _failure_on_a_socket),
    Case("socket: two requests on one connection", "each its own", _reused),
    Case("socket: a client that leaves in a stream", "its span ends", _left),
)
