"""What the middleware must survive: every kind of route has its whole template."""

from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import BaseRoute, Host, Mount, Route, Router
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from telemetry.catalog import http
from telemetry.routes import RouteTemplates
from telemetry.testing import Captured
from tests.telemetry.asgi import (
    active,
    attributes_of,
    call,
    header,
    hello,
    plain_asgi,
    scope_of,
)


def items() -> list[Route]:
    return [Route("/items/{item}", hello)]


async def no_message() -> Message:
    return {"type": "http.request"}


async def ignore(message: Message) -> None:
    return


def closed(app: ASGIApp) -> ASGIApp:
    """The application in a layer that does not show it."""

    async def layer(scope: Scope, receive: Receive, send: Send) -> None:
        await app(scope, receive, send)

    return layer


def shop(static: Path) -> Starlette:
    return Starlette(
        routes=[
            Route("/hello", hello),
            Route("/folder/", hello),
            Mount("/a", routes=[Mount("/b", routes=items()), *items()]),
            Mount("/tenants/{tenant}", routes=[Mount("/shops/{shop}", routes=items())]),
            Mount("/router", app=Router(routes=items())),
            Mount("/application/{version}", app=Starlette(routes=items())),
            Mount("/plain", app=plain_asgi),
            Mount("/layered/{shop}", app=GZipMiddleware(CORSMiddleware(Router(routes=items())))),
            Mount("/closed/{shop}", app=closed(Starlette(routes=items()))),
            Mount("/static", app=StaticFiles(directory=static)),
            Host("{name}.hosts.test", app=Router(routes=[Route("/of/{item}", hello)])),
        ]
    )


@pytest.mark.parametrize(
    ("path", "status", "route"),
    [
        ("/hello", 200, "/hello"),
        ("/folder", 307, None),
        ("/hello/", 307, None),
        ("/a/b/items/7", 200, "/a/b/items/{item}"),
        ("/a/items/7", 200, "/a/items/{item}"),
        ("/tenants/acme/shops/9/items/7", 200, "/tenants/{tenant}/shops/{shop}/items/{item}"),
        ("/router/items/7", 200, "/router/items/{item}"),
        ("/application/2/items/7", 200, "/application/{version}/items/{item}"),
        ("/plain/whatever/is/there", 200, "/plain/{path}"),
        ("/layered/acme/items/7", 200, "/layered/{shop}/items/{item}"),
        ("/closed/acme/items/7", 200, "/closed/{shop}/{path}"),
        ("/closed/acme/nowhere", 404, "/closed/{shop}/{path}"),
        ("/static/page.txt", 200, "/static/{path}"),
        ("/static/none.txt", 404, "/static/{path}"),
        ("/nowhere", 404, None),
    ],
)
async def test_every_kind_of_route_has_its_whole_template(
    captured: Captured, tmp_path: Path, path: str, status: int, route: str | None
) -> None:
    (tmp_path / "page.txt").write_text("page")
    app = shop(tmp_path)
    sent = await call(captured, app, scope_of(path))
    assert sent[0]["status"] == status
    [span] = captured.spans()
    assert span.name == (f"GET {route}" if route else "GET")
    assert attributes_of(span).get("http.route") == route
    labels = {
        "http.request.method": "GET",
        "http.response.status_code": str(status),
        "http.route": route or "",
    }
    assert captured.sample(http.REQUEST_DURATION, labels) == 1


async def test_two_mounted_applications_do_not_spoil_each_others_templates(
    captured: Captured,
) -> None:
    app = Starlette(
        routes=[
            Mount("/one", app=Starlette(routes=[Route("/{item}", hello)])),
            Mount("/two", app=Starlette(routes=[Route("/{thing}", hello)])),
            Route("/three", hello),
        ]
    )
    wrapped = captured.telemetry.wrap(app)
    for path in ("/one/1", "/three", "/two/2", "/one/1"):
        await wrapped(scope_of(path), no_message, ignore)
    one = "GET /one/{item}"
    assert captured.span_names() == [one, "GET /three", "GET /two/{thing}", one]


async def test_a_route_under_a_host_has_its_template_without_the_host(
    captured: Captured, tmp_path: Path
) -> None:
    scope = scope_of("/of/7")
    scope["headers"] = [(b"host", b"acme.hosts.test")]
    sent = await call(captured, shop(tmp_path), scope)
    assert sent[0]["status"] == 200
    assert captured.span_names() == ["GET /of/{item}"]


async def test_routes_that_are_mounted_twice_have_the_template_of_the_mount_that_was_taken(
    captured: Captured,
) -> None:
    shared = items()
    app = Starlette(routes=[Mount("/v1", routes=shared), Mount("/v2", routes=shared)])
    await call(captured, app, scope_of("/v1/items/7"))
    await call(captured, app, scope_of("/v2/items/7"))
    assert captured.span_names() == ["GET /v1/items/{item}", "GET /v2/items/{item}"]


class CountedTable(Starlette):
    """An application that counts how often its routing table is read."""

    reads = 0

    @property
    def routes(self) -> list[BaseRoute]:
        self.reads += 1
        return super().routes


async def test_the_table_is_walked_once_and_for_a_route_that_it_lacks_once_more() -> None:
    app = CountedTable(
        routes=[
            Route("/hello", hello),
            Mount("/closed/{shop}", app=closed(Starlette(routes=items()))),
        ]
    )
    template_of = RouteTemplates(app)
    shown = []
    for path in ["/hello", "/closed/acme/items/7"] * 20:
        scope = scope_of(path)
        await app(scope, no_message, ignore)
        shown.append(template_of(scope))
    assert shown == ["/hello", "/closed/{shop}/{path}"] * 20
    assert app.reads == 2


async def test_a_table_that_is_hidden_is_found_by_what_it_handles(captured: Captured) -> None:
    outer = CountedTable(
        routes=[Route("/hello", hello), Mount("/mounted", app=Starlette(routes=items()))]
    )
    wrapped = captured.telemetry.wrap(closed(outer))
    for path in ["/hello", "/mounted/items/7"] * 10:
        await wrapped(scope_of(path), no_message, ignore)
    assert captured.span_names() == ["GET /hello", "GET /mounted/items/{item}"] * 10
    assert outer.reads == 1


async def test_routes_that_are_made_as_they_go_are_not_held_without_bound() -> None:
    template_of = RouteTemplates(Starlette(routes=[Mount("/closed", app=plain_asgi)]))
    made = [Route("/", hello) for _ in range(2_000)]
    shown = {template_of(scope_of("/closed/7", route=route)) for route in made}
    assert shown == {"/closed/{path}"}
    assert len(template_of._seen) <= 1025


async def test_a_route_that_is_added_at_run_time_is_found(captured: Captured) -> None:
    app = Starlette(routes=[Mount("/closed", app=closed(Starlette(routes=items())))])
    wrapped = captured.telemetry.wrap(app)
    await wrapped(scope_of("/closed/items/7"), no_message, ignore)
    app.router.routes.append(Route("/later/{item}", hello))
    await wrapped(scope_of("/later/7"), no_message, ignore)
    assert captured.span_names() == ["GET /closed/{path}", "GET /later/{item}"]


async def test_a_mount_at_the_root_adds_nothing(captured: Captured) -> None:
    app = Starlette(routes=[Mount("", routes=[Route("/items/{item}", hello)])])
    await call(captured, app, scope_of("/items/7"))
    assert captured.span_names() == ["GET /items/{item}"]


async def test_the_root_path_is_part_of_the_route(captured: Captured, tmp_path: Path) -> None:
    """Semantic conventions: `http.route` includes the application root if there is one."""
    scope = scope_of("/v1/a/items/7", root_path="/v1")
    sent = await call(captured, shop(tmp_path), scope)
    assert sent[0]["status"] == 200
    span = captured.span("GET /v1/a/items/{item}")
    assert attributes_of(span)["url.path"] == "/v1/a/items/{item}"


@pytest.mark.parametrize("path", ["/hello", "/static/page.txt"])
async def test_head_is_a_method_of_its_own(captured: Captured, tmp_path: Path, path: str) -> None:
    (tmp_path / "page.txt").write_text("page")
    sent = await call(captured, shop(tmp_path), scope_of(path, method="HEAD"))
    assert sent[0]["status"] == 200
    assert len(header(sent, b"x-correlation-id")) == 1
    [span] = captured.spans()
    assert span.name.startswith("HEAD /")
    assert attributes_of(span)["http.request.method"] == "HEAD"
    assert active(captured, "HEAD") == 0


@pytest.mark.parametrize("method", ["BREW", "get", "G" * 4096, "", "_OTHER", "GÉT\n"])
async def test_a_method_of_the_clients_own_makes_no_series_of_its_own(
    captured: Captured, method: str
) -> None:
    await call(captured, Starlette(), scope_of("/", method=method))
    [span] = captured.spans()
    assert span.name == "HTTP"
    assert attributes_of(span)["http.request.method"] == "_OTHER"
    labels = {"http.request.method": "_OTHER", "http.response.status_code": "404"}
    assert captured.sample(http.REQUEST_DURATION, labels) == 1
    assert active(captured, "_OTHER") == 0
