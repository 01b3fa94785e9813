"""Where an import's bytes are: a file of this machine, or the pieces of an upload."""

import asyncio
import hashlib
import os
from pathlib import Path
from typing import Final, Protocol
from uuid import UUID

from app.database.import_statements import PIECES
from app.database.pool import DatabasePool

PIECE_BYTES: Final = 256 * 1024
"""How much of an upload is in one row; all but the last are of this size."""
_HASH_BYTES: Final = 1024 * 1024


class SourceError(Exception):
    """The file is gone, or is not the one that was accepted."""


class Source(Protocol):
    """Bytes that can be read from anywhere on."""

    size: int

    async def read(self, offset: int, size: int) -> bytes:
        """Return `size` bytes from `offset` on, fewer only at the end; raises `SourceError`."""
        ...


class FileSource:
    """A file. It is opened anew for each read, so that nothing is held while an import waits."""

    def __init__(self, path: Path, size: int) -> None:
        self._path = path
        self.size = size

    async def read(self, offset: int, size: int) -> bytes:
        """Return the bytes; see `Source`."""
        wanted = min(size, self.size - offset)
        found = await asyncio.to_thread(self._read, offset, wanted)
        if len(found) != wanted:
            raise SourceError
        return found

    def _read(self, offset: int, size: int) -> bytes:
        try:
            with self._path.open("rb", buffering=0) as file:
                return os.pread(file.fileno(), size, offset)
        except OSError as error:
            raise SourceError from error


class StoredSource:
    """The pieces of an upload."""

    def __init__(self, pool: DatabasePool, import_id: UUID, size: int) -> None:
        self._pool = pool
        self._id = import_id
        self.size = size

    async def read(self, offset: int, size: int) -> bytes:
        """Return the bytes; see `Source`. Raises `Unavailable` too."""
        end = min(offset + size, self.size)
        first = offset - offset % PIECE_BYTES
        async with self._pool.acquire() as connection:
            pieces = await connection.fetch(PIECES, self._id, first, end)
        found = b"".join(piece["content"] for piece in pieces)[offset - first : end - first]
        if len(found) != end - offset:
            raise SourceError
        return found


async def fingerprint(path: Path) -> tuple[bytes, int]:
    """Return the file's SHA-256 and size in bytes; raises `SourceError`."""
    return await asyncio.to_thread(_fingerprint, path)


def _fingerprint(path: Path) -> tuple[bytes, int]:
    digest, size = hashlib.sha256(), 0
    try:
        with path.open("rb") as file:
            while block := file.read(_HASH_BYTES):
                digest.update(block)
                size += len(block)
    except OSError as error:
        raise SourceError from error
    return digest.digest(), size
