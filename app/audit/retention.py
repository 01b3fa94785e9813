"""Retention: what is sealed and older than N days is cut off, and a checkpoint left behind.

The checkpoint has number and hash of the last link that was cut, so what remains still verifies,
and an exported head of that number still meets it. The work is the database's (`audit_cut`): no
role but the function's own can delete.
"""

import asyncio
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Final

import structlog
from opentelemetry.instrumentation.utils import suppress_instrumentation

from app import signals
from app.audit.beside import beside
from app.database import audit_chain
from app.database.failures import DRIVER_ERRORS
from app.database.pool import DatabasePool
from app.errors import Unavailable

logger = structlog.stdlib.get_logger()

_BATCH: Final = 2_000
_EVERY_SECONDS: Final = 3_600.0


async def cut(pool: DatabasePool, older_than_days: int) -> int:
    """Cut all sealed entries of over that many days, 30 at least, and return how many.

    Raises `Unavailable` or what the driver raises, as where this user may not cut.
    """
    total = 0
    with suppress_instrumentation():
        while True:
            async with pool.transaction() as connection:
                await audit_chain.wait_for_chain(connection)
                cut_now = await audit_chain.cut(connection, older_than_days, _BATCH)
            total += cut_now
            if cut_now < _BATCH:
                return total


def retaining(pool: DatabasePool, days: int | None) -> AbstractAsyncContextManager[None]:
    """Cut once an hour while the block runs; None keeps everything."""
    return nullcontext() if days is None else beside(_retain(pool, days))


async def _retain(pool: DatabasePool, days: int) -> None:
    while True:
        try:
            entries = await cut(pool, days)
        except (Unavailable, *DRIVER_ERRORS) as error:
            logger.warning(signals.AUDIT_CUT_FAILED.name, exc_info=error)
        else:
            if entries:
                logger.info(signals.AUDIT_CUT.name, **{signals.ENTRIES: entries})
        await asyncio.sleep(_EVERY_SECONDS)
