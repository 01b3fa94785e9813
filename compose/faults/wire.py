"""A wire to a server: it can go silent with its connections open, be slow, or be cut.

It stands between the service and what it needs; neither knows of it.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from compose.native.ports import HOST


@dataclass
class _Line:
    is_affected: bool


class Wire:
    """Forwards to a port of this machine; `carries` is what marks the connections to be held."""

    def __init__(self, target_port: int, carries: bytes | None = None) -> None:
        self._target_port = target_port
        self._carries = carries
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._delay_seconds = 0.0
        self._is_cut = False
        self._open: set[asyncio.StreamWriter] = set()
        self.port = 0

    def hold(self) -> None:
        """Forward nothing any more, on no connection that is marked: neither old nor new."""
        self._flowing.clear()

    def delay(self, seconds: float) -> None:
        """Let every answer come so much later, on all connections."""
        self._delay_seconds = seconds

    def cut(self) -> None:
        """End all connections, and every new one at once."""
        self._is_cut = True
        for writer in self._open:
            writer.transport.abort()

    def release(self) -> None:
        """Forward as before, first of all what was held."""
        self._is_cut = False
        self._delay_seconds = 0.0
        self._flowing.set()

    @asynccontextmanager
    async def laid(self) -> AsyncIterator["Wire"]:
        """Take connections on `port` while the block lasts."""
        server = await asyncio.start_server(self._connected, HOST, 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            self.release()
            server.close()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._is_cut:
            writer.transport.abort()
            return
        line = _Line(is_affected=self._carries is None)
        try:
            there, back = await asyncio.open_connection(HOST, self._target_port)
        except OSError:
            writer.close()
            return
        ends = {back, writer}
        self._open |= ends
        try:
            await asyncio.gather(
                self._pump(reader, back, line, mark=self._carries),
                self._pump(there, writer, line, is_answer=True),
            )
        finally:
            self._open -= ends
            for end in ends:
                end.close()

    async def _pump(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        line: _Line,
        *,
        mark: bytes | None = None,
        is_answer: bool = False,
    ) -> None:
        with suppress(OSError):
            while data := await reader.read(65_536):
                if mark is not None and mark in data:
                    line.is_affected = True
                if is_answer and self._delay_seconds:
                    await asyncio.sleep(self._delay_seconds)
                if line.is_affected:
                    await self._flowing.wait()
                writer.write(data)
                await writer.drain()
        writer.close()
