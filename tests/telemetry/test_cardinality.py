"""A cardinality attack: 10,000 requests of which no two are alike, and what is left of them."""

import gc
import random
import string
from functools import lru_cache

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route

from telemetry.catalog import http
from telemetry.catalog.pipeline import METRIC_SERIES, SERIES_CAPPED
from telemetry.propagation import TRACEPARENT
from telemetry.runtime import Telemetry, TelemetrySettings
from telemetry.testing import Captured
from tests.servers import free_port
from tests.telemetry.asgi import call, scope_of
from tests.telemetry.test_survival_socket import Parser, connected, read_until_closed, served

ATTACKS = 10_000
OVER_THE_SOCKET = 1_000
METHODS = len(http.KNOWN_METHODS) + 1
# Each method meets: the route of an item, of a user, the index; a path that no route has (404); and
# a route that does not take it (405) on each of the three.
MOST_REQUEST_SERIES = METHODS * (3 + 1 + 3)
_LRU_CACHE = type(lru_cache(len))


async def answer(request: Request) -> Response:
    return PlainTextResponse(request.method)


def shop() -> Starlette:
    """An application whose paths, hosts and users are its clients' choice."""
    users = Mount("/u", routes=[Route("/{user}/{item:path}", answer)])
    return Starlette(routes=[Route("/", answer), Route("/items/{item}", answer), users])


class Attacker:
    """Makes requests of random parts, each with a mark that no label may have."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311  # no secret

    def word(self, longest: int = 24) -> str:
        size = self._random.randint(1, longest)
        return "attack" + "".join(self._random.choices(string.ascii_letters, k=size))

    def method(self) -> str:
        return self._random.choice((self.word().upper(), *http.KNOWN_METHODS))

    def path(self) -> str:
        form = self._random.choice(("/", "/{}", "/items/{}", "/u/{}/{}", "/{}/{}/{}"))
        return form.replace("{}", "%s") % tuple(self.word() for _ in range(form.count("{}")))

    def headers(self) -> list[tuple[bytes, bytes]]:
        number = self._random.getrandbits
        fields = {
            "host": f"{self.word()}.test:{number(16)}",
            "user-agent": f"{self.word()}/{self.word(400)}",
            "x-correlation-id": self.word(80),
            TRACEPARENT: f"00-{number(128):032x}-{number(64):016x}-{number(8):02x}",
            "tracestate": f"{self.word().lower()}={self.word(200)}",
            "baggage": f"user={self.word()}",
            "x-api-key": self.word(),
        }
        kept = self._random.sample(sorted(fields), k=self._random.randint(0, len(fields)))
        return [(name.encode(), fields[name].encode()) for name in kept]


def samples(telemetry: Telemetry) -> int:
    return sum(len(family.samples) for family in telemetry.meter.registry.collect())


def request_series(telemetry: Telemetry) -> int:
    name = f"{http.REQUEST_DURATION.prometheus_name}_count"
    return sum(
        sample.name == name
        for family in telemetry.meter.registry.collect()
        for sample in family.samples
    )


def attacking_labels(telemetry: Telemetry) -> list[str]:
    return [
        value
        for family in telemetry.meter.registry.collect()
        for sample in family.samples
        for value in sample.labels.values()
        if "attack" in value.lower()
    ]


def unbounded_caches() -> list[str]:
    """The caches of telemetry's modules that may grow without end."""
    caches = [one for one in gc.get_objects() if isinstance(one, _LRU_CACHE)]
    ours = [one for one in caches if str(one.__module__).startswith("telemetry.")]
    assert len(ours) >= 10
    return [one.__qualname__ for one in ours if one.cache_info().maxsize is None]


async def test_an_attack_adds_no_series(captured: Captured) -> None:
    attacker, app = Attacker(1), shop()
    seen = []
    for number in range(1, ATTACKS + 1):
        scope = scope_of(
            attacker.path(),
            method=attacker.method(),
            headers=attacker.headers(),
            client=(attacker.word(), number),
            query_string=attacker.word().encode(),
        )
        await call(captured, app, scope)
        if number % (ATTACKS // 4) == 0:
            seen.append((samples(captured.telemetry), captured.sample(METRIC_SERIES)))
            captured.clear()
    assert len(set(seen[1:])) == 1
    assert request_series(captured.telemetry) <= MOST_REQUEST_SERIES
    assert captured.sample(http.REQUEST_DURATION) == ATTACKS
    assert captured.sample(SERIES_CAPPED) == 0
    assert attacking_labels(captured.telemetry) == []
    assert unbounded_caches() == []


class _Nowhere:
    def put(self, *lines: bytes) -> None:
        """Drop the lines."""


def ask(port: int, attacker: Attacker) -> bytes:
    headers = b"".join(b"%s: %s\r\n" % pair for pair in attacker.headers() if pair[0] != b"host")
    request = f"{attacker.method()} {attacker.path()}?{attacker.word()} HTTP/1.1\r\n"
    with connected(port) as connection:
        connection.sendall(
            request.encode() + b"host: attack.test\r\nconnection: close\r\n" + headers + b"\r\n"
        )
        return read_until_closed(connection)


@pytest.mark.parametrize("parser", ["h11", "httptools"])
def test_an_attack_over_a_socket_adds_no_series(parser: Parser) -> None:
    nobody = f"http://127.0.0.1:{free_port()}"  # so that spans are encoded, and wait
    telemetry = Telemetry(
        TelemetrySettings(service_name="shop", metrics_port=0, otlp_endpoint=nobody),
        line_sink=_Nowhere(),
    )
    attacker = Attacker(2)
    telemetry.start()
    try:
        with served(telemetry.wrap(shop()), parser) as port:
            for _ in range(OVER_THE_SOCKET):
                assert ask(port, attacker).startswith(b"HTTP/1.1 ")
    finally:
        telemetry.stop(1)
    assert 0 < request_series(telemetry) <= MOST_REQUEST_SERIES
    assert attacking_labels(telemetry) == []
    assert unbounded_caches() == []
