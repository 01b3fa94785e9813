"""An upload on its way in: to a file on disk while it is counted and hashed, then to its pieces.

Nothing is asked of the database before the whole file is here: a client that is slow holds no
connection of the pool.
"""

import asyncio
import hashlib
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import IO, Final

from starlette.requests import ClientDisconnect, Request

from app.batches.sources import PIECE_BYTES
from app.errors import BadRequest, PayloadTooLarge, RequestTimeout
from app.http.bodies import body_seconds_of

_BLOCK_BYTES: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Upload:
    """A whole file that a client sent."""

    file: IO[bytes]
    size: int
    file_hash: bytes

    async def head(self, size: int) -> bytes:
        """Return its first bytes."""
        return await asyncio.to_thread(_read_at, self.file, 0, size)

    async def pieces(self) -> AsyncIterator[tuple[int, bytes]]:
        """Yield its pieces, each with its offset."""
        for offset in range(0, self.size, PIECE_BYTES):
            yield offset, await asyncio.to_thread(_read_at, self.file, offset, PIECE_BYTES)


@asynccontextmanager
async def received(request: Request, max_bytes: int) -> AsyncIterator[Upload]:
    """Receive the request's body; it is gone after the block.

    Raises `PayloadTooLarge`, `RequestTimeout` where a piece of it is too long on its way, and
    `BadRequest` where the client goes away.
    """
    announced = request.headers.get("content-length", "0")
    if announced.isdecimal() and int(announced[:20]) > max_bytes:
        raise _too_large(max_bytes)
    with tempfile.TemporaryFile() as file:
        digest, size, block = hashlib.sha256(), 0, bytearray()
        async for chunk in _chunks(request):
            size += len(chunk)
            if size > max_bytes:
                raise _too_large(max_bytes)
            digest.update(chunk)
            block += chunk
            if len(block) >= _BLOCK_BYTES:
                await asyncio.to_thread(file.write, bytes(block))
                block.clear()
        await asyncio.to_thread(file.write, bytes(block))
        yield Upload(file, size, digest.digest())


async def _chunks(request: Request) -> AsyncIterator[bytes]:
    seconds = body_seconds_of(request)
    stream = aiter(request.stream())
    while True:
        try:
            async with asyncio.timeout(seconds):
                chunk = await anext(stream)
        except StopAsyncIteration:
            return
        except TimeoutError:
            message = "The body did not arrive in time."
            raise RequestTimeout(message) from None
        except ClientDisconnect:
            message = "The client went away before the end of the body."
            raise BadRequest(message) from None
        yield chunk  # out of the timeout: what the chunk is written to may be slow itself


def _read_at(file: IO[bytes], offset: int, size: int) -> bytes:
    file.seek(offset)
    return file.read(size)


def _too_large(max_bytes: int) -> PayloadTooLarge:
    return PayloadTooLarge(f"The file must not exceed {max_bytes} bytes.")
