"""Cases about Redis, or Valkey, through redis-py."""

import contextlib

from bench.defects.judging import Connection, Judge, Work, count, no_secret, short_name, status_code
from bench.defects.model import Case, Look, Maker, Seen
from bench.defects.shop import SECRET


def cases(url: str) -> tuple[Case, ...]:
    """Return the cases, for the server at `url`."""

    def with_client(work: Work, judge: Judge) -> Look:
        return lambda make: _with_client(make, url, work, judge)

    return (
        Case(
            "name of a pipeline of 40 commands",
            "one span, at most 40 characters",
            with_client(_pipeline, short_name),
        ),
        Case(
            "spans of a blocking read that ends with nothing", "none", with_client(_idle, count(0))
        ),
        Case(
            "status code of a WRONGTYPE error",
            "WRONGTYPE",
            with_client(_wrong_type, status_code("WRONGTYPE")),
        ),
        Case("key and value of a SET", "not found", with_client(_store, no_secret)),
    )


async def _with_client(make: Maker, url: str, work: Work, judge: Judge) -> Seen:
    with make() as stack, stack.redis(url) as client:
        await client.set("text", "a")
        before = len(stack.spans())
        with contextlib.suppress(Exception):
            await work(client)
        spans = stack.spans()[before:]
        await client.aclose()
        return judge(spans)


async def _pipeline(client: Connection) -> None:
    async with client.pipeline(transaction=False) as together:
        for number in range(40):
            together.get(f"{SECRET}{number}")
        await together.execute()


async def _idle(client: Connection) -> None:
    await client.blpop(["nothing"], timeout=0.05)


async def _wrong_type(client: Connection) -> None:
    await client.lpush("text", "a")


async def _store(client: Connection) -> None:
    await client.set(SECRET, SECRET)
