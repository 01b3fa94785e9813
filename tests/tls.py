"""TLS for tests: a certificate that signs itself, and a door that speaks TLS for a plain server.

The stores' wheels are built without TLS. What is proven is our side of the connection: the door
ends it as such a server would.
"""

import asyncio
import contextlib
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

_SSL_REQUEST = bytes.fromhex("0000000804d2162f")
"""What a client of PostgreSQL says before TLS (protocol 3.2, "SSLRequest")."""


@dataclass(frozen=True)
class Pair:
    """A certificate for 127.0.0.1 and its key."""

    certificate: Path
    key: Path

    def server_context(self) -> ssl.SSLContext:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.certificate, self.key)
        return context


def make_pair(folder: Path) -> Pair:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("there is no openssl to make a certificate with")
    folder.mkdir(exist_ok=True)
    pair = Pair(folder / "certificate.pem", folder / "key.pem")
    subprocess.run(  # noqa: S603  # the machine's own openssl
        [
            *(openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-days", "1", "-subj", "/CN=127.0.0.1"),
            *("-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", str(pair.key), "-out", str(pair.certificate)),
        ],
        check=True,
        capture_output=True,
    )
    return pair


class Door:
    """Speaks TLS on a port of its own for the server on another; counts who came through."""

    def __init__(self, pair: Pair, behind: int, *, is_postgresql: bool) -> None:
        self._context = pair.server_context()
        self._behind = behind
        self._is_postgresql = is_postgresql
        self.entered = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            if self._is_postgresql:
                assert await reader.readexactly(len(_SSL_REQUEST)) == _SSL_REQUEST
                writer.write(b"S")
                await writer.start_tls(self._context)
            self.entered += 1
            inner = await asyncio.open_connection("127.0.0.1", self._behind)
            await asyncio.gather(_pump(reader, inner[1]), _pump(inner[0], writer))
        writer.close()

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[int]:
        """Yield the port."""
        at_once = None if self._is_postgresql else self._context
        server = await asyncio.start_server(self.serve, "127.0.0.1", 0, ssl=at_once)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while piece := await reader.read(65_536):
            writer.write(piece)
            await writer.drain()
    writer.close()
