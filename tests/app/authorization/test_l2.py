"""The shared cache: what stands in Redis, and what happens without it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from app import signals
from app.authorization.breaker import FAILURES_TO_OPEN, OPEN_SECONDS
from app.authorization.epoch import TRUSTED_SECONDS, Epoch
from app.authorization.l2 import (
    LONGEST_DENIAL_MILLISECONDS,
    LONGEST_MILLISECONDS,
    SharedCache,
    key_of,
)
from app.authorization.model import AccessQuery, Decision, Source
from app.authorization.store import RedisStore, StoreUnavailableError
from app.settings import Settings
from telemetry.catalog import database
from telemetry.testing import Captured
from tests.app.authorization.conftest import ALICE, Clock, Counted, some_epoch
from tests.servers import ValkeyServer


@pytest.fixture
def inner() -> Counted:
    return Counted()


@pytest.fixture
def cache(inner: Counted, store: RedisStore, epoch: Epoch, captured: Captured) -> SharedCache:
    return SharedCache(inner, store, epoch, captured.telemetry.meter, captured.telemetry.tracing)


@pytest.fixture
def server(settings: Settings) -> Iterator["redis.Redis"]:
    with redis.Redis.from_url(settings.redis_url.get_secret_value()) as client:
        yield client


def lookups(captured: Captured, result: str) -> float:
    return captured.sample(
        signals.CACHE_LOOKUPS,
        {"authorization.cache.layer": "l2", "authorization.cache.result": result},
    )


@pytest.mark.parametrize(
    ("allowed", "byte", "longest"),
    [(False, b"0", LONGEST_DENIAL_MILLISECONDS), (True, b"1", LONGEST_MILLISECONDS)],
)
async def test_a_decision_stands_with_its_epoch_and_is_shared(  # noqa: PLR0913, PLR0917  # fixtures
    allowed: bool,  # noqa: FBT001  # a parameter of the test
    byte: bytes,
    longest: int,
    cache: SharedCache,
    inner: Counted,
    epoch: Epoch,
    server: "redis.Redis",
) -> None:
    current = epoch.current()
    assert current is not None
    inner.allowed = allowed
    assert await cache.decide(ALICE) == Decision(allowed, Source.DATABASE)
    [key] = server.keys()
    assert server.get(key) == byte + current.mark.bytes
    assert 0 < server.pttl(key) <= longest <= LONGEST_MILLISECONDS
    assert b"alice" not in key
    assert await cache.decide(ALICE) == Decision(allowed, Source.L2)
    assert inner.asked == 1


async def test_lookups_are_counted(cache: SharedCache, captured: Captured) -> None:
    for _ in range(3):
        await cache.decide(ALICE)
    assert (lookups(captured, "miss"), lookups(captured, "hit")) == (1, 2)


async def test_a_value_that_nobody_here_wrote_is_no_decision(
    cache: SharedCache, inner: Counted, epoch: Epoch, server: "redis.Redis"
) -> None:
    current = epoch.current()
    assert current is not None
    mark = current.mark.bytes
    foreign = (b"True", b"False", b"", b"1", b"11", b"\x00", b"2" + mark, b"1" + mark + b"1")
    for value in foreign:
        server.set(key_of(ALICE), value)
        assert not (await cache.decide(ALICE)).allowed
    assert inner.asked == len(foreign)


async def test_a_key_of_the_wrong_kind_is_an_error_and_no_decision(
    cache: SharedCache, server: "redis.Redis", captured: Captured
) -> None:
    server.lpush(key_of(ALICE), "1")
    assert not (await cache.decide(ALICE)).allowed
    assert lookups(captured, "error") == 1
    [span] = [span for span in captured.spans() if span.name.startswith("GET ")]
    assert span.attributes is not None
    assert span.attributes["db.response.status_code"] == "WRONGTYPE"


def test_no_two_questions_have_one_key() -> None:
    pairs = [
        (AccessQuery("bob:vault", "doc", "read"), AccessQuery("bob", "vault:doc", "read")),
        (AccessQuery("a", "bc", "d"), AccessQuery("ab", "c", "d")),
        (AccessQuery("a", "b", "cd"), AccessQuery("a", "bc", "d")),
    ]
    for one, other in pairs:
        assert key_of(one) != key_of(other)


async def test_an_unconfirmed_epoch_goes_past_redis(
    cache: SharedCache, inner: Counted, clock: Clock, captured: Captured
) -> None:
    clock.now += TRUSTED_SECONDS + 0.1
    await cache.decide(ALICE)
    await cache.decide(ALICE)
    assert inner.asked == 2
    assert lookups(captured, "bypass") == 2
    assert set(captured.span_names()) == {"cache.l2"}


async def test_the_command_is_a_client_span_and_is_measured(
    cache: SharedCache, captured: Captured, valkey: ValkeyServer
) -> None:
    await cache.decide(ALICE)
    get = captured.span(f"GET 127.0.0.1:{valkey.port}")
    assert get.kind.name == "CLIENT"
    assert get.attributes == {
        "db.system.name": "redis",
        "db.operation.name": "GET",
        "db.namespace": "0",
        "server.address": "127.0.0.1",
        "server.port": valkey.port,
    }
    labels = {name: str(value) for name, value in get.attributes.items()}
    assert captured.sample(database.OPERATION_DURATION, labels) == 1


async def test_a_redis_that_dies_or_hangs_changes_no_answer(
    inner: Counted, epoch: Epoch, captured: Captured, tmp_path: Path
) -> None:
    own = ValkeyServer(tmp_path).start()
    store = RedisStore.open(own.url, captured.telemetry)
    meter, tracing = captured.telemetry.meter, captured.telemetry.tracing
    cache = SharedCache(inner, store, epoch, meter, tracing)
    try:
        await cache.decide(ALICE)
        inner.allowed = True  # so that an answer shows where it comes from
        with own.frozen():
            assert await cache.decide(ALICE) == Decision(allowed=True, source=Source.DATABASE)
            assert await cache.decide(ALICE) == Decision(allowed=True, source=Source.DATABASE)
        own.stop()
        assert await cache.decide(ALICE) == Decision(allowed=True, source=Source.DATABASE)
        assert lookups(captured, "error") == 3
        assert captured.events() == ["cache.unavailable"]
        with pytest.raises(StoreUnavailableError):
            await store.ping()
    finally:
        own.stop()
        await store.close()


async def test_redis_is_used_again_when_it_is_back(
    inner: Counted, epoch: Epoch, captured: Captured, tmp_path: Path
) -> None:
    now = Clock()
    own = ValkeyServer(tmp_path)
    store = RedisStore.open(own.url, captured.telemetry, command_seconds=2, clock=now)
    meter, tracing = captured.telemetry.meter, captured.telemetry.tracing
    cache = SharedCache(inner, store, epoch, meter, tracing)
    try:
        for _ in range(FAILURES_TO_OPEN):
            await cache.decide(ALICE)
        own.start()
        await cache.decide(ALICE)  # still left alone
        now.now += OPEN_SECONDS
        await cache.decide(ALICE)
        assert (await cache.decide(ALICE)).source is Source.L2
        assert (lookups(captured, "error"), lookups(captured, "miss")) == (4, 1)
        assert captured.events() == ["cache.unavailable", "cache.recovered"]
    finally:
        own.stop()
        await store.close()


async def test_a_change_while_redis_answers_is_not_overlooked(
    cache: SharedCache,
    store: RedisStore,
    inner: Counted,
    epoch: Epoch,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    inner.allowed = True
    await cache.decide(ALICE)
    get = store.get

    async def get_meanwhile(key: bytes) -> bytes | None:
        value = await get(key)
        epoch.move(some_epoch(2))
        inner.allowed = False
        return value

    monkeypatch.setattr(store, "get", get_meanwhile)
    assert not (await cache.decide(ALICE)).allowed


async def test_what_came_together_does_not_go_together(
    cache: SharedCache, inner: Counted, server: "redis.Redis"
) -> None:
    inner.allowed = True
    for number in range(50):
        await cache.decide(AccessQuery(str(number), "r", "a"))
    left = [server.pttl(key) for key in server.scan_iter()]
    assert max(left) - min(left) > LONGEST_MILLISECONDS * 0.05


async def test_nothing_is_put_where_nothing_could_be_read(
    cache: SharedCache, server: "redis.Redis", captured: Captured
) -> None:
    server.lpush(key_of(ALICE), "1")
    await cache.decide(ALICE)
    names = [name.partition(" ")[0] for name in captured.span_names()]
    assert (names.count("GET"), names.count("SET")) == (1, 0)
