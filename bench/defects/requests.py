"""Cases about what is recorded of a request: its name, its attributes, its ID, its bounds."""

from typing import Final

from starlette.types import ASGIApp

from bench.defects.driving import ask
from bench.defects.model import Case, Look, Maker, Seen, attribute, same, server_span, server_spans
from bench.defects.shop import SECRET, shop

_TRACE: Final = "0af7651916cd43dd8448eb211c80319c"
_PARENT: Final = f"00-{_TRACE}-b7ad6b7169203331-01".encode()
_OTHER_PARENT: Final = f"00-{_TRACE[::-1]}-b7ad6b7169203331-01".encode()
_RARELY: Final = 1e-6
_MANY: Final = 300
_LONGEST_VALUE: Final = 1024


def _header(name: bytes, value: bytes) -> Look:
    async def look(make: Maker) -> Seen:
        with make() as stack:
            answer = await ask(stack.wrap(shop()), "/items/7", [(name, value)])
        return same("200", answer.outcome)

    return look


def _named(path: str, name: str, **scope: str) -> Look:
    async def look(make: Maker) -> Seen:
        with make() as stack:
            await ask(stack.wrap(shop()), path, (), **scope)
            return same(name, server_span(stack).name)

    return look


async def _host(make: Maker) -> Seen:
    with make() as stack:
        await ask(stack.wrap(shop()), "/of/7", [(b"host", b"acme.hosts.test")])
        return same("GET /of/{item}", server_span(stack).name)


async def _static(make: Maker) -> Seen:
    with make() as stack:
        await ask(stack.wrap(shop()), "/static/no-such-file")
        name = server_span(stack).name
    return Seen(name.startswith("GET /static") and "no-such-file" not in name, name)


async def _method(make: Maker) -> Seen:
    with make() as stack:
        await ask(stack.wrap(shop()), "/nowhere", method="BREW")
        span = server_span(stack)
    found = (
        f"{span.name}, {attribute(span, 'http.request.method')}, "
        f"{attribute(span, 'http.request.method_original')}"
    )
    return same("HTTP, _OTHER, BREW", found)


async def _query(make: Maker) -> Seen:
    query = f"q=1&token={SECRET}&X-Amz-Signature={SECRET}".encode()
    with make() as stack:
        await ask(stack.wrap(shop()), "/items/7", query_string=query)
        shown = str(attribute(server_span(stack), "url.query"))
    return Seen(SECRET not in shown and "q=1" in shown, shown)


async def _spans(make: Maker) -> Seen:
    with make() as stack:
        await ask(stack.wrap(shop()), "/items/7")
        return same(1, len(stack.spans()))


async def _failure(make: Maker) -> Seen:
    with make() as stack:
        await ask(stack.wrap(shop()), "/boom")
        span = server_span(stack)
    found = f"{attribute(span, 'http.response.status_code')}, {attribute(span, 'error.type')}"
    return same("500, ValueError", found)


async def _failure_leaks(make: Maker) -> Seen:
    with make() as stack:
        await ask(stack.wrap(shop()), "/boom")
        leaked = SECRET in stack.everything()
    return Seen(not leaked, "it stands in the telemetry" if leaked else "not found")


async def _id_of_a_failure(make: Maker) -> Seen:
    with make() as stack:
        answer = await ask(stack.wrap(shop()), "/boom")
        return same(1, len(answer.header(stack.id_header)))


async def _unfit_id(make: Maker) -> Seen:
    unfit = b"a b; c\xff" * 40
    with make() as stack:
        answer = await ask(
            stack.wrap(shop()), "/items/7", [(b"x-correlation-id", unfit), (b"x-request-id", unfit)]
        )
        found = answer.header(stack.id_header)
    fine = len(found) == 1 and found[0].isalnum()
    return Seen(fine, "replaced" if fine else f"{answer.outcome}, {found!r}"[:80])


async def _forced(make: Maker) -> Seen:
    with make(sampling=0.0, remote=0.0) as stack:
        await ask(stack.wrap(shop()), "/items/7", [(b"traceparent", _PARENT)])
        kept = len(server_spans(stack))
    return Seen(not kept, "kept" if kept else "not kept")


async def _picked(make: Maker) -> Seen:
    picked = _PARENT.replace(_TRACE.encode(), b"1" + b"0" * 30 + b"1")
    with make(sampling=_RARELY, remote=_RARELY) as stack:
        await ask(stack.wrap(shop()), "/items/7", [(b"traceparent", picked)])
        kept = len(server_spans(stack))
    return Seen(not kept, "kept" if kept else "not kept")


async def _two_parents(make: Maker) -> Seen:
    headers = [(b"traceparent", _PARENT), (b"traceparent", _OTHER_PARENT)]
    with make() as stack:
        await ask(stack.wrap(shop()), "/items/7", headers)
        span = server_span(stack)
    return Seen(span.parent is None, "continued" if span.parent else "a new trace")


async def _long_value(make: Maker) -> Seen:
    with make() as stack:
        await ask(stack.wrap(shop()), "/items/7", [(b"user-agent", b"a" * 1_000_000)])
        spans = server_spans(stack)
        lengths = [len(str(value)) for span in spans for value in (span.attributes or {}).values()]
    longest = max(lengths, default=0)
    return Seen(0 < longest <= _LONGEST_VALUE, f"{longest:,} characters")


def _flood(**kinds: str) -> Look:
    async def look(make: Maker) -> Seen:
        with make() as stack:
            app = stack.wrap(shop())
            for number in range(2):
                await _one(app, number, kinds)
            before = stack.series()
            for number in range(2, _MANY):
                await _one(app, number, kinds)
            grown = stack.series() - before
        return Seen(not grown, f"{grown:,} more series")

    return look


async def _one(app: ASGIApp, number: int, kinds: dict[str, str]) -> None:
    shown = {key: value.format(number) for key, value in kinds.items()}
    headers = [(b"host", shown["host"].encode())] if "host" in shown else []
    path = shown.get("path", "/items/7")
    await ask(app, path, headers, method=shown.get("method", "GET"))


CASES: Final = (
    Case("header `User-Agent: \\xff\\`", "200", _header(b"user-agent", b"\xff\\")),
    Case("header `traceparent: \\xff\\`", "200", _header(b"traceparent", b"\xff\\")),
    Case("header `Host: \\xff\\`", "200", _header(b"host", b"\xff\\")),
    Case(
        "name of a route under a Mount with a parameter",
        "GET /tenants/{tenant}/items/{item}",
        _named("/tenants/acme/items/7", "GET /tenants/{tenant}/items/{item}"),
    ),
    Case(
        "name of a route under a root path",
        "GET /v1/items/{item}",
        _named("/v1/items/7", "GET /v1/items/{item}", root_path="/v1"),
    ),
    Case("name of a route under a Host", "GET /of/{item}", _host),
    Case("name of a file under StaticFiles", "GET /static…, without the file's name", _static),
    Case("name where nothing matches (404)", "GET", _named("/nowhere/7", "GET")),
    Case(
        "name where the method does not match (405)",
        "POST /items/{item}",
        _named("/items/7", "POST /items/{item}", method="POST"),
    ),
    Case(
        "name of a HEAD request",
        "HEAD /items/{item}",
        _named("/items/7", "HEAD /items/{item}", method="HEAD"),
    ),
    Case("name, method and original of a made-up method", "HTTP, _OTHER, BREW", _method),
    Case("`url.query` with a token and a signature", "the keys, not the values", _query),
    Case("spans of one plain request", "1", _spans),
    Case("status and error type of an unhandled exception", "500, ValueError", _failure),
    Case("the message of an unhandled exception", "not found", _failure_leaks),
    Case("correlation IDs on the 500 of an unhandled exception", "1", _id_of_a_failure),
    Case("an unfit correlation ID", "replaced", _unfit_id),
    Case("a caller's wish to be sampled, with all ratios at 0", "not kept", _forced),
    Case(
        "the same from a caller who picks a trace ID, with all ratios at a millionth",
        "not kept",
        _picked,
    ),
    Case("two `traceparent` headers", "a new trace", _two_parents),
    Case("a `User-Agent` of 1,000,000 characters", "at most 1,024 characters", _long_value),
    Case(f"series after {_MANY} paths that do not exist", "0 more series", _flood(path="/no/{}")),
    Case(f"series after {_MANY} made-up methods", "0 more series", _flood(method="BREW{}")),
    Case(f"series after {_MANY} Host headers", "0 more series", _flood(host="h{}.test")),
)
