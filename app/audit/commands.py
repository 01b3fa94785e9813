"""`python -m app audit verify | export | cut`: the whole chain at the command line.

`export` verifies before it signs: a head is never exported over a chain that is broken. `cut` is
for a user that may, where the service's own may not.
"""

import argparse
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg

from app.audit.anchors import AnchorError, exported, read_anchors, read_key
from app.audit.retention import cut
from app.audit.verification import Anchor, Verification, verify
from app.database.failures import DRIVER_ERRORS
from app.database.pool import DatabasePool
from app.errors import SettingsError, StartupError
from app.settings import Settings
from telemetry.runtime import Telemetry, TelemetrySettings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments to its parser."""
    actions = parser.add_subparsers(dest="audit_action", required=True, metavar="ACTION")
    verifying = actions.add_parser("verify", help="walk the chain and say what is wrong")
    verifying.add_argument("--anchors", type=Path, metavar="FILE", help="exported heads to meet")
    exporting = actions.add_parser("export", help="sign the chain's head, for outside")
    exporting.add_argument("--to", type=Path, metavar="FILE", help="append to it (default: print)")
    cutting = actions.add_parser("cut", help="cut sealed entries that are old enough")
    cutting.add_argument("--older-than-days", type=int, required=True, metavar="DAYS")


async def run(settings: Settings, given: argparse.Namespace) -> str:
    """Do what is asked and return what to print.

    Raises `StartupError` where the chain is broken or the database is away, `SettingsError`.
    """
    async with _pool(settings) as pool:
        if given.audit_action == "cut":
            return f"{await _cut(pool, given.older_than_days)} entries were cut\n"
        if given.audit_action == "export":
            return await _export(pool, read_key(settings.audit_key_file), given.to)
        anchors: list[Anchor] = []
        if given.anchors is not None:
            anchors = _read(given.anchors, read_key(settings.audit_key_file))
        result = await _intact(pool, anchors)
        met = f", {result.anchors_met} exported heads met" if anchors else ""
        head = f"number {result.end.number}, hash {result.end.hash.hex()}"
        return f"intact: {result.checked} entries{met}; the head is {head}\n"


async def _export(pool: DatabasePool, key: bytes, to: Path | None) -> str:
    earlier = [] if to is None else _read(to, key, may_be_missing=True)
    head = (await _intact(pool, earlier)).end
    if head.number == 0:
        message = "there is nothing to export: no entry is sealed yet"
        raise StartupError(message)
    line = exported(head, key) + "\n"
    if to is None:
        return line
    try:
        with to.open("a", encoding="utf-8") as file:
            file.write(line)
    except OSError as error:
        message = f"{to} cannot be written ({type(error).__name__})"
        raise StartupError(message) from None
    return f"exported number {head.number}\n"


async def _intact(pool: DatabasePool, anchors: list[Anchor]) -> Verification:
    async with pool.acquire() as connection:
        result = await verify(connection, anchors=anchors)
    if (broken := result.broken) is not None:
        message = (
            f"the audit trail is broken at number {broken.number or 'unknown'}"
            f" (entry {broken.entry_id or 'unknown'}): {broken.kind}: {broken.detail}"
        )
        raise StartupError(message)
    return result


async def _cut(pool: DatabasePool, days: int) -> int:
    try:
        return await cut(pool, days)
    except asyncpg.UndefinedTableError:
        raise
    except DRIVER_ERRORS as error:
        message = f"nothing more was cut ({type(error).__name__}): {error}"
        raise StartupError(message) from None


def _read(path: Path, key: bytes, *, may_be_missing: bool = False) -> list[Anchor]:
    if may_be_missing and not path.exists():
        return []
    try:
        with path.open(encoding="utf-8") as lines:
            return read_anchors(lines, key)
    except (OSError, UnicodeDecodeError) as error:
        message = f"{path} cannot be read ({type(error).__name__})"
        raise SettingsError(message) from None
    except AnchorError as error:
        message = f"{path}: {error}"
        raise StartupError(message) from None


@asynccontextmanager
async def _pool(settings: Settings) -> AsyncIterator[DatabasePool]:
    quiet = Telemetry(TelemetrySettings(service_name="sightline-audit", metrics_port=0))
    pool = await DatabasePool.open(settings, quiet, application="sightline-audit")
    try:
        yield pool
    except asyncpg.UndefinedTableError:
        message = "the database has no audit trail yet: run python -m app migrate"
        raise StartupError(message) from None
    finally:
        await pool.close()
