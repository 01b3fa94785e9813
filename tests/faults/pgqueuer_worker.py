"""A worker of pgqueuer for `pgqueuer_ledger`: tells the ledger each job's number, then completes.

    python pgqueuer_worker.py install | enqueue COUNT | work LEDGER_PORT

Needs an environment with pgqueuer and asyncpg; DATABASE_URL names the database.
"""

import asyncio
import os
import sys
from datetime import timedelta

import asyncpg
from pgqueuer import AsyncpgDriver, PgQueuer, Queries

HEARTBEAT = timedelta(seconds=3)


async def main(action: str, number: int) -> None:
    connection = await asyncpg.connect(os.environ["DATABASE_URL"])
    driver = AsyncpgDriver(connection)
    if action == "install":
        await Queries(driver).install()
    elif action == "enqueue":
        payloads: list[bytes | None] = [str(job).encode() for job in range(number)]
        await Queries(driver).enqueue(["job"] * number, payloads, [0] * number)
    else:
        await work(PgQueuer(driver), number)


async def work(queue: PgQueuer, ledger_port: int) -> None:
    @queue.entrypoint("job", on_failure="hold")  # type: ignore[untyped-decorator]  # as above
    async def tell(job: object) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", ledger_port)
        payload: bytes = getattr(job, "payload", b"")
        writer.write(payload + b" %d\n" % os.getpid())
        await writer.drain()
        await reader.readline()
        writer.close()

    # As near to one message in hand as it goes: two at most.
    await queue.run(
        dequeue_timeout=timedelta(seconds=0.5),
        batch_size=1,
        max_concurrent_tasks=2,
        heartbeat_timeout=HEARTBEAT,
    )


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
