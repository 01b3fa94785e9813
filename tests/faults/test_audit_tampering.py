"""Fault 12: a row of the audit trail is edited, deleted, reordered or inserted, and it is found.

100 seeded trials (2,000 in the long form), each by a superuser for whom the triggers are off.
"""

import random
from collections import Counter

from app.audit.sealer import Sealer
from app.audit.verification import Anchor, verify
from app.database.pool import DatabasePool
from app.settings import Settings
from telemetry.testing import Captured
from tests.app.audit.trails import TABLES, seal_all, superuser, write_trail
from tests.faults.audit_tampering import TAMPERINGS, Expected, Trail
from tests.faults.form import LONG

_TRIALS = 2_000 if LONG else 100
_ENTRIES = 120
_SEED = 12


async def test_each_tampered_row_is_found_at_the_right_entry(
    pool: DatabasePool, settings: Settings, captured: Captured
) -> None:
    await write_trail(pool, _ENTRIES)
    assert await seal_all(Sealer(pool, captured.telemetry.meter)) == _ENTRIES
    chance = random.Random(_SEED)  # noqa: S311  # the same trials each run
    found: Counter[str] = Counter()
    async with superuser(settings.database_url.get_secret_value()) as connection:
        for table in TABLES:
            await connection.execute(f"CREATE TABLE kept_{table} AS TABLE {table}")
        rows = await connection.fetch("SELECT entry_id FROM audit_chain ORDER BY number")
        ids = tuple(row["entry_id"] for row in rows)
        untouched = await verify(connection)
        exported = [Anchor(untouched.end.number, untouched.end.hash)]
        assert (untouched.broken, untouched.checked) == (None, _ENTRIES)
        for trial in range(_TRIALS):
            tamper = TAMPERINGS[trial % len(TAMPERINGS)]
            expected = await tamper(Trail(connection, ids, chance))
            broken = (await verify(connection, anchors=exported)).broken
            assert broken is not None, f"trial {trial}: {tamper.__name__} was not found"
            got = Expected(broken.kind, broken.number or 0, broken.entry_id)
            assert got == expected, f"trial {trial}: {tamper.__name__}: {broken.detail}"
            found[broken.kind] += 1
            for table in TABLES:
                await connection.execute(f"DELETE FROM {table}")  # noqa: S608  # ours
                await connection.execute(
                    f"INSERT INTO {table} OVERRIDING SYSTEM VALUE TABLE kept_{table}"  # ours
                )
        assert (await verify(connection, anchors=exported)).broken is None
    print(f"audit tampering: {found.total()} of {_TRIALS} found: {dict(found)}")  # noqa: T201  # the figure
