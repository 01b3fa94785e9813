"""What every answer says beside its content: how to treat it, and what is left of the key's rate.

One ASGI layer outside Starlette, so that its errors have the headers as well; a header that a
handler has set stands.
"""

from collections.abc import Awaitable
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.http.authentication import RATE_LIMIT
from app.security.buckets import Bucket
from app.security.key_ring import Holder

_NOSNIFF: Final = (b"x-content-type-options", b"nosniff")
_NO_STORE: Final = (b"cache-control", b"no-store")
_HTML: Final = b"text/html"
_FOR_HTML: Final = (
    (
        b"content-security-policy",
        (
            b"default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none';"
            b" form-action 'none'; frame-ancestors 'none'"
        ),
    ),
    (b"referrer-policy", b"no-referrer"),
)
_OWN: Final = frozenset((b"cache-control", b"content-security-policy", b"referrer-policy"))


class ResponseHeaders:
    """Wraps an ASGI application."""

    def __init__(self, app: ASGIApp, hsts_seconds: int) -> None:
        self._app = app
        self._always = [_NOSNIFF]
        if hsts_seconds:
            value = f"max-age={hsts_seconds}; includeSubDomains".encode()
            self._always.append((b"strict-transport-security", value))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; other scopes than HTTP pass through untouched."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        def send_with_headers(message: Message) -> Awaitable[None]:
            if message["type"] == "http.response.start":
                message["headers"] = self._completed(list(message.get("headers", ())), scope)
            return send(message)

        await self._app(scope, receive, send_with_headers)

    def _completed(
        self, headers: list[tuple[bytes, bytes]], scope: Scope
    ) -> list[tuple[bytes, bytes]]:
        own = {}
        is_html = False
        for name, value in headers:
            if name == b"content-type":
                is_html = value.startswith(_HTML)
            elif name in _OWN:
                own[name] = value
        headers += self._always
        if b"cache-control" not in own:
            headers.append(_NO_STORE)
        if is_html:
            headers += [pair for pair in _FOR_HTML if pair[0] not in own]
        holder: Holder | None = scope.get("state", {}).get(RATE_LIMIT)
        if holder is not None and holder.bucket is not None:
            headers += _rate_limit(holder.policy, holder.bucket)
        return headers


def _rate_limit(policy: bytes, bucket: Bucket) -> tuple[tuple[bytes, bytes], tuple[bytes, bytes]]:
    """Return the fields of draft-ietf-httpapi-ratelimit-headers-10."""
    left = bucket.remaining
    seconds = bucket.seconds_to_full if left else bucket.seconds_to_next
    return (
        (b"ratelimit-policy", policy),
        (b"ratelimit", b'"key";r=%d;t=%d' % (left, seconds)),
    )
