"""A wire to a server that can go silent: its connections stay open, and nothing comes through."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass


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
        self.port = 0

    def hold(self) -> None:
        """Forward nothing any more, on no connection that is marked: neither old nor new."""
        self._flowing.clear()

    def release(self) -> None:
        """Forward again, first of all what was held."""
        self._flowing.set()

    @asynccontextmanager
    async def laid(self) -> AsyncIterator["Wire"]:
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            self.release()
            server.close()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = _Line(is_affected=self._carries is None)
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self._target_port)
        except OSError:
            writer.close()
            return
        try:
            pumps = (self._pump(reader, back, line, self._carries), self._pump(there, writer, line))
            await asyncio.gather(*pumps)
        finally:
            for end in (back, writer):
                end.close()

    async def _pump(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        line: _Line,
        mark: bytes | None = None,
    ) -> None:
        with suppress(OSError):
            while data := await reader.read(65_536):
                if mark is not None and mark in data:
                    line.is_affected = True
                if line.is_affected:
                    await self._flowing.wait()
                writer.write(data)
                await writer.drain()
        writer.close()
