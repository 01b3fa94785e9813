"""What the tests of imports share: a scene with a ledger, a runner and questions to the tables."""

import asyncio
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from app.batches.ledger import Claim, Origin, Request
from app.batches.portions import Format
from app.batches.worker import ImportRunner
from app.database.pool import DatabasePool
from app.settings import Settings
from telemetry.testing import Captured

OPS = "ops"


def csv_of_grants(rows: int, user: str = "user") -> bytes:
    lines = (f"{user}-{number % 97},doc:{number},read\n" for number in range(rows))
    return b"user,resource,action\n" + "".join(lines).encode()


@dataclass(frozen=True)
class Scene:
    """The parts of an import, and what a test asks of them."""

    pool: DatabasePool
    captured: Captured
    runner: ImportRunner
    folder: Path

    async def accept(
        self,
        content: bytes,
        kind: str = "grants",
        format_: Format = Format.CSV,
        *,
        again: bool = False,
    ) -> UUID:
        """Accept a file of the import folder."""
        name = hashlib.sha256(content).hexdigest()
        (self.folder / name).write_bytes(content)
        wanted = Request(
            kind=kind,
            format=format_,
            origin=Origin.REFERENCE,
            path=name,
            file_hash=bytes.fromhex(name),
            size=len(content),
            requested_by=OPS,
        )
        return await self.runner.ledger.accept(wanted, None, again=again)

    async def claim(self) -> Claim:
        claim = await self.runner.ledger.claim()
        assert claim is not None
        return claim

    async def run(self, content: bytes, kind: str = "grants", **given: Any) -> dict[str, Any]:  # noqa: ANN401  # as `accept`
        """Import the file to its end, and return its status."""
        import_id = await self.accept(content, kind, **given)
        claim = await self.runner.ledger.claim()
        if claim is not None:
            await self.runner.run(claim, asyncio.Event())
        return await self.status(import_id)

    async def status(self, import_id: UUID) -> dict[str, Any]:
        found = await self.runner.ledger.status(import_id, OPS)
        assert found is not None
        return found

    async def sql(self, statement: str, *values: object) -> Any:  # noqa: ANN401  # a column's
        async with self.pool.acquire() as connection:
            return await connection.fetchval(statement, *values)


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    folder = tmp_path / "imports"
    folder.mkdir()
    return settings.model_copy(update={"import_folder": folder})


@pytest.fixture
def scene(pool: DatabasePool, captured: Captured, settings: Settings) -> Scene:
    assert settings.import_folder is not None
    runner = ImportRunner(pool, captured.telemetry, settings)
    return Scene(pool, captured, runner, settings.import_folder)
