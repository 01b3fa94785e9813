"""Ingestion against plain COPY: the same grants into the same table, from a file each.

Ours reads, validates, commits checkpoints and audit entries, and leaves known rows alone; the
baseline is one COPY of a file that has the table's own columns, all or nothing.
"""

import asyncio
import hashlib
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import asyncpg

from app import signals
from app.batches.ledger import Origin, Request
from app.batches.portions import Format
from app.batches.worker import ImportRunner
from app.database.migrations import migrate
from app.database.pool import DatabasePool
from app.settings import Settings, read_settings
from bench import stores
from bench.rows import Figure, Measurement, Row
from telemetry.runtime import Telemetry
from telemetry.testing import captured_telemetry

_ROWS: Final = 200_000
_BASELINE: Final = "plain COPY"
_COLUMNS: Final = ("user_id", "resource", "action", "granted_by")
_EMPTY: Final = "TRUNCATE grants, imports, import_pieces, import_rejects"
_HEADER: Final = "user,resource,action\n"


def measurements(*, pairs: int = 7) -> Iterator[Measurement]:
    """Yield the rows `ingest.copy` (a CSV file) and `ingest.copy.ndjson`."""
    yield Measurement("ingest.copy", lambda: _measure("ingest.copy", Format.CSV, pairs))
    yield Measurement(
        "ingest.copy.ndjson", lambda: _measure("ingest.copy.ndjson", Format.NDJSON, pairs)
    )


def _measure(name: str, format_: Format, pairs: int) -> Row:
    with (
        stores.postgres() as url,
        tempfile.TemporaryDirectory(prefix="bench-") as folder,
        captured_telemetry(service_name="bench", attributes=signals.ATTRIBUTES) as captured,
    ):
        times = asyncio.run(_alternate(url, Path(folder), captured.telemetry, format_, pairs))
    ratios = [theirs / ours for ours, theirs in times]
    q1, median, q3 = statistics.quantiles(ratios, n=4)
    ours, theirs = (_ROWS / statistics.median(side) for side in zip(*times, strict=True))
    figures = (Figure("rows a second", ours, theirs),)
    return Row(name, _BASELINE, median, q1, q3, pairs, figures=figures)


async def _alternate(
    url: str, folder: Path, telemetry: Telemetry, format_: Format, pairs: int
) -> list[tuple[float, float]]:
    await migrate(url)
    settings = read_settings(database_url=url, import_folder=folder)
    _write_files(folder, format_)
    pool = await DatabasePool.open(settings, telemetry)
    connection = await asyncpg.connect(url)
    try:
        times = []
        for _ in range(pairs + 1):
            await connection.execute(_EMPTY)
            ours = await _import(pool, telemetry, settings, format_)
            await _require_all(connection)
            await connection.execute(_EMPTY)
            theirs = await _copy(connection, folder / "copy")
            await _require_all(connection)
            times.append((ours, theirs))
    finally:
        await connection.close()
        await pool.close()
    return times[1:]  # the first warms both up


async def _import(
    pool: DatabasePool, telemetry: Telemetry, settings: Settings, format_: Format
) -> float:
    runner = ImportRunner(pool, telemetry, settings)
    folder = settings.import_folder or Path()
    content = (folder / "import").read_bytes()
    wanted = Request(
        kind="grants",
        format=format_,
        origin=Origin.REFERENCE,
        path="import",
        file_hash=hashlib.sha256(content).digest(),
        size=len(content),
        requested_by="bench",
    )
    started = time.perf_counter()
    await runner.ledger.accept(wanted, None, again=False)
    claim = await runner.ledger.claim()
    if claim is None or not await runner.run(claim, asyncio.Event()):
        message = "the import did not end"
        raise RuntimeError(message)
    return time.perf_counter() - started


async def _copy(connection: Any, file: Path) -> float:  # noqa: ANN401  # asyncpg ships no types
    started = time.perf_counter()
    await connection.copy_to_table(
        "grants", source=file, columns=_COLUMNS, format="csv", timeout=600
    )
    return time.perf_counter() - started


async def _require_all(connection: Any) -> None:  # noqa: ANN401  # as above
    found = await connection.fetchval("SELECT count(*) FROM grants")
    if found != _ROWS:
        message = f"{found} of {_ROWS} rows arrived"
        raise RuntimeError(message)


def _write_files(folder: Path, format_: Format) -> None:
    rows = [(f"user-{n % 5_000:06}", f"doc:{n:08}", "read") for n in range(_ROWS)]
    with (folder / "copy").open("w") as file:
        file.writelines(f"{user},{resource},{action},bench\n" for user, resource, action in rows)
    with (folder / "import").open("w") as file:
        if format_ is Format.CSV:
            file.write(_HEADER)
            file.writelines(f"{user},{resource},{action}\n" for user, resource, action in rows)
        else:
            file.writelines(
                f'{{"user":"{user}","resource":"{resource}","action":"{action}"}}\n'
                for user, resource, action in rows
            )
