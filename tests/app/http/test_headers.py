"""What every answer says beside its content."""

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from app.http.headers import ResponseHeaders


async def page(_: Request) -> Response:
    return HTMLResponse("<p>hello</p>")


async def own_page(_: Request) -> Response:
    return HTMLResponse("", headers={"Content-Security-Policy": "default-src 'self'"})


async def kept(_: Request) -> Response:
    return PlainTextResponse("", headers={"Cache-Control": "max-age=60"})


def client(hsts_seconds: int = 0) -> httpx.AsyncClient:
    app = Starlette(routes=[Route("/page", page), Route("/own", own_page), Route("/kept", kept)])
    transport = httpx.ASGITransport(ResponseHeaders(app, hsts_seconds))
    return httpx.AsyncClient(transport=transport, base_url="http://x")


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/nothing", "/grants"])
async def test_no_answer_is_sniffed_or_stored(path: str, stranger: httpx.AsyncClient) -> None:
    response = await stranger.get(path)
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["cache-control"] == "no-store"
    assert "strict-transport-security" not in response.headers
    assert "server" not in response.headers


async def test_a_page_may_load_nothing_from_elsewhere() -> None:
    async with client() as opened:
        headers = (await opened.get("/page")).headers
        own = (await opened.get("/own")).headers.get_list("content-security-policy")
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["referrer-policy"] == "no-referrer"
    assert own == ["default-src 'self'"]


async def test_what_a_handler_says_stands() -> None:
    async with client() as opened:
        headers = (await opened.get("/kept")).headers
    assert headers.get_list("cache-control") == ["max-age=60"]
    assert "content-security-policy" not in headers


async def test_hsts_is_a_switch() -> None:
    async with client(hsts_seconds=63_072_000) as opened:
        headers = (await opened.get("/kept")).headers
    assert headers["strict-transport-security"] == "max-age=63072000; includeSubDomains"
