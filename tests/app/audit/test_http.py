import httpx
import pytest

from app import signals
from app.audit.cursors import cursor_of
from app.audit.sealer import Sealer
from app.database.pool import DatabasePool
from app.settings import Settings
from telemetry.testing import Captured
from tests.app.audit.trails import seal_all, superuser, write_trail
from tests.app.conftest import client, service, stranger

__all__ = ["client", "service", "stranger"]


@pytest.fixture
def service_pool(settings: Settings, captured: Captured) -> DatabasePool:
    """The pool of `service`, which opens and closes it."""
    return DatabasePool(settings, captured.telemetry)


@pytest.fixture
async def trail(pool: DatabasePool, sealer: Sealer) -> None:
    """21 sealed entries and 3 that are not sealed yet."""
    await write_trail(pool, 21)
    await seal_all(sealer)
    await write_trail(pool, 3)


async def test_the_trail_is_read_newest_first_a_page_at_a_time(
    client: httpx.AsyncClient, trail: None
) -> None:
    numbers: list[int | None] = []
    cursor: str | None = None
    pages = 0
    while cursor is not None or not pages:
        query = {"limit": "10", "action": "grant.add", **({"cursor": cursor} if cursor else {})}
        page = (await client.get("/audit", params=query)).json()
        numbers += [item["number"] for item in page["items"]]
        cursor = page["next_cursor"]
        pages += 1
    assert numbers == [None, 19, 16, 13, 10, 7, 4, 1]


async def test_an_entry_is_told_whole(client: httpx.AsyncClient, trail: None) -> None:
    (item,) = (await client.get("/audit", params={"object": "doc:4"})).json()["items"]
    assert item["actor"] == "key-4"
    assert item["details"]["user"] == "bob-4"
    assert item["origin"].keys() == {"service", "instance", "client_address"}
    assert item["number"] == 5
    assert item["at"].endswith("Z")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"actor": "key-3"}, {"key-3"}),
        ({"actor": "nobody"}, set()),
        ({"since": "2999-01-01T00:00:00Z"}, set()),
        ({"until": "2000-01-01T00:00:00+02:00"}, set()),
        ({"since": "2000-01-01T00:00:00Z", "actor": "key-1", "action": "grant.revoke"}, {"key-1"}),
        # Times that are past the ends of Python's calendar in UTC.
        ({"since": "0001-01-01T00:00:00+05:00", "actor": "key-3"}, {"key-3"}),
        ({"until": "9999-12-31T23:59:59-05:00", "actor": "key-3"}, {"key-3"}),
        ({"until": "0001-01-01T00:00:00+05:00"}, set()),
        ({"since": "9999-12-31T23:59:59-05:00"}, set()),
    ],
)
async def test_filters(
    query: dict[str, str], found: set[str], client: httpx.AsyncClient, trail: None
) -> None:
    items = (await client.get("/audit", params=query)).json()["items"]
    assert {item["actor"] for item in items} == found


async def test_who_reads_the_trail_is_in_it(client: httpx.AsyncClient, trail: None) -> None:
    await client.get("/audit", params={"actor": "key-3"})
    await client.get("/audit/verify")
    items = (await client.get("/audit", params={"object": "audit"})).json()["items"]
    assert [(item["actor"], item["action"]) for item in items] == [
        ("tests", "audit.verify"),
        ("tests", "audit.read"),
    ]
    assert items[1]["details"] == {"actor": "key-3"}


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=1001",
        "limit=x",
        "limit=1&limit=2",
        "since=yesterday",
        "since=2026-01-01T00:00:00",
        "cursor=%21%21",
        "cursor=WyJ4Il0",
        "cursor=WzkyMjMzNzIwMzY4NTQ3NzU4MDhd",
        "actor=%00",
        "who=me",
    ],
)
async def test_a_query_that_cannot_be_read_is_refused(
    query: str, client: httpx.AsyncClient
) -> None:
    answer = await client.get(f"/audit?{query}")
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"


async def test_the_chain_is_walked_in_steps(client: httpx.AsyncClient, trail: None) -> None:
    first = (await client.get("/audit/verify", params={"limit": "15"})).json()
    assert (first["intact"], first["complete"], first["checked"]) == (True, False, 15)
    query = {"limit": "15", "cursor": first["next_cursor"]}
    second = (await client.get("/audit/verify", params=query)).json()
    assert (second["intact"], second["complete"], second["checked"]) == (True, True, 6)
    assert (second["next_cursor"], second["head"]["number"]) == (None, 21)
    head = second["head"]
    met = (await client.get("/audit/verify", params=head)).json()
    assert (met["intact"], met["anchors_met"]) == (True, 1)
    other = (await client.get("/audit/verify", params={**head, "hash": "0" * 64})).json()
    assert other["broken"]["kind"] == "rewritten"


async def test_the_first_break_is_told_and_logged(
    client: httpx.AsyncClient, trail: None, settings: Settings, captured: Captured
) -> None:
    async with superuser(settings.database_url.get_secret_value()) as connection:
        await connection.execute("UPDATE audit_entries SET actor = 'x' WHERE id IN (9, 12)")
    answer = await client.get("/audit/verify")
    assert answer.status_code == 200
    told = answer.json()
    assert (told["intact"], told["complete"]) == (False, False)
    assert told["broken"]["number"] == 9
    assert told["broken"]["entry_id"] == 9
    assert told["broken"]["kind"] == "edited"
    assert told["broken"]["claimed"] is False
    assert captured.line(signals.AUDIT_BROKEN.name)["level"] == "error"


@pytest.mark.parametrize(
    "claim",
    [
        {"number": "21", "hash": "0" * 64},
        {"number": "900", "hash": "0" * 64},
        {"cursor": cursor_of(10, "0" * 64, "1", 10)},
        {"cursor": cursor_of(900, "0" * 64, "1", 900)},
        {"cursor": cursor_of(0, "1" * 64, "0", 0)},
    ],
    ids=["head", "head past the end", "cursor", "cursor past the end", "cursor of the start"],
)
async def test_what_a_caller_made_up_does_not_look_like_tampering(
    claim: dict[str, str], client: httpx.AsyncClient, trail: None, captured: Captured
) -> None:
    told = (await client.get("/audit/verify", params=claim)).json()
    assert (told["intact"], told["broken"]["claimed"]) == (False, True)
    assert signals.AUDIT_BROKEN.name not in captured.events()
    assert captured.line(signals.AUDIT_UNMET.name)["level"] == "warning"
    items = (await client.get("/audit", params={"action": "audit.verify"})).json()["items"]
    assert items[0]["outcome"] == "failed"
    assert items[0]["details"]["claimed"] is True


@pytest.mark.parametrize("path", ["/audit", "/audit/verify"])
async def test_a_stranger_is_told_nothing(path: str, stranger: httpx.AsyncClient) -> None:
    assert (await stranger.get(path)).status_code == 401


@pytest.mark.parametrize(
    "query", ["number=1", "hash=00", "number=x&hash=" + "0" * 64, "cursor=e30"]
)
async def test_an_anchor_that_is_none_is_refused(query: str, client: httpx.AsyncClient) -> None:
    assert (await client.get(f"/audit/verify?{query}")).status_code == 400
