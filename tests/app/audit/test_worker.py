"""A worker's process keeps the trail by itself: it seals what is new and cuts what is too old."""

import signal

from app.audit.sealer import Sealer
from app.audit.verification import verify
from app.database.pool import DatabasePool
from tests.app.audit.trails import guarded, seal_all, superuser, write_trail
from tests.app.test_processes import Environment, Eventually, environment, finished, start

__all__ = ["environment"]


async def test_the_workers_process_seals_and_cuts(
    environment: Environment, pool: DatabasePool, sealer: Sealer, eventually: Eventually
) -> None:
    await write_trail(pool, 12)
    async with superuser(environment["SIGHTLINE_DATABASE_URL"]) as connection:
        await connection.execute("UPDATE audit_entries SET at = at - interval '40 days'")
        await guarded(connection)
    await seal_all(sealer)
    await write_trail(pool, 6)
    worker = start("worker", {**environment, "SIGHTLINE_AUDIT_RETENTION_DAYS": "31"})

    async def is_kept() -> bool:
        assert worker.poll() is None, worker.communicate()
        async with pool.acquire() as connection:
            first, last = await connection.fetchrow(
                "SELECT min(number), max(number) FROM audit_chain"
            )
        # The last one that was sealed stays: 12, where the cut came before the sealing.
        return first in {12, 13} and last == 18

    try:
        await eventually(is_kept)
    finally:
        worker.send_signal(signal.SIGTERM)
        code, _, err = await finished(worker)
    assert (code, err) == (0, "")
    async with pool.acquire() as connection:
        assert (await verify(connection)).broken is None
