"""Whether a part serves: asked in its own protocol, never by looking at an open port only."""

import asyncio
from typing import Final

import asyncpg
import httpx

from compose.native.part import ReadyCheck
from compose.native.ports import HOST

_ANSWER_SECONDS: Final = 3.0
_OK: Final = 200


def http_ok(url: str) -> ReadyCheck:
    """Ready when a GET of `url` is answered with 200."""

    async def check() -> bool:
        try:
            async with httpx.AsyncClient(trust_env=False, timeout=_ANSWER_SECONDS) as client:
                return (await client.get(url)).status_code == _OK
        except httpx.TransportError:
            return False

    return check


def sql_answers(url: str) -> ReadyCheck:
    """Ready when the database of `url` answers `SELECT 1`."""

    async def check() -> bool:
        try:
            connection = await asyncpg.connect(url, timeout=_ANSWER_SECONDS)
        except (OSError, TimeoutError, asyncpg.CannotConnectNowError):
            return False
        try:
            return bool(await connection.fetchval("SELECT 1") == 1)
        finally:
            await connection.close()

    return check


def redis_pongs(port: int, password: str) -> ReadyCheck:
    """Ready when the cache takes the password and answers `PING`."""
    return _line_answers(port, f"AUTH {password}\r\nPING\r\n", lines=2, last=b"+PONG\r\n")


def smtp_greets(port: int) -> ReadyCheck:
    """Ready when the mail server greets."""
    return _line_answers(port, "", lines=1, last=b"220")


def both(first: ReadyCheck, second: ReadyCheck) -> ReadyCheck:
    """Ready when both are."""

    async def check() -> bool:
        return await first() and await second()

    return check


def _line_answers(port: int, request: str, *, lines: int, last: bytes) -> ReadyCheck:
    async def check() -> bool:
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                reader, writer = await asyncio.open_connection(HOST, port)
                try:
                    writer.write(request.encode())
                    answers = [await reader.readline() for _ in range(lines)]
                finally:
                    writer.close()
                return answers[-1].startswith(last)
        except (OSError, TimeoutError):
            return False

    return check
