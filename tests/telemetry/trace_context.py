"""W3C Trace Context Level 2, after the cases of the W3C's own test suite: what its cases share.

That suite sends a request and reads the headers of the call that the service then makes; here the
service hands back what `inject` would send on. Where the suite still tests Level 1 (keys with more
than one `@`, or an `@` part of any length), Level 2's grammar decides.
"""

from collections.abc import Sequence

from starlette.types import Message, Receive, Scope, Send

from telemetry.propagation import inject
from telemetry.testing import captured_telemetry

TRACE_ID = b"0af7651916cd43dd8448eb211c80319c"
SPAN_ID = b"b7ad6b7169203331"
Headers = Sequence[tuple[bytes, bytes]]


def traceparent(
    version: bytes = b"00",
    trace_id: bytes = TRACE_ID,
    span_id: bytes = SPAN_ID,
    flags: bytes = b"01",
    more: bytes = b"",
) -> bytes:
    return b"-".join((version, trace_id, span_id, flags)) + more


async def sent_on(headers: Headers) -> dict[str, str]:
    """What a service sends on that was called with these headers."""
    carrier: dict[str, str] = {}

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        carrier.update(inject())
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        return

    scope = {
        "type": "http",
        "method": "GET",
        "path": "/",
        "query_string": b"",
        "headers": list(headers),
    }
    with captured_telemetry() as captured:
        await captured.telemetry.wrap(app)(scope, receive, send)
    return carrier
