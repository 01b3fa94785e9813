"""A key that the service knew, took, and takes no longer: made on record, used, expired."""

import asyncio
import time
from typing import Final

import httpx

from app.database import keys
from app.security.minting import mint
from app.security.roles import Role
from compose.faults.stage import Stage

QUESTION: Final = {"user": "user-1", "resource": "account:1", "action": "view"}
_LIVES_SECONDS: Final = 4.0
_PATIENCE_SECONDS: Final = 15.0
_POLL_SECONDS: Final = 0.2


class KeyNeverTakenError(RuntimeError):
    """The service did not take a key on record while it was valid, or took it for ever."""


async def expired_key(stage: Stage) -> str:
    """Return the text of a key that was answered, and is refused since it has expired."""
    key = mint()
    await stage.with_connection(
        lambda connection: keys.add(
            connection,
            key.key_id,
            "a client of the drill",
            key.digest,
            [Role.CHECK],
            None,
            _LIVES_SECONDS,
        )
    )
    async with stage.client(Authorization=f"Bearer {key.text}") as client:
        await _until_answered(client, httpx.codes.OK)
        await _until_answered(client, httpx.codes.UNAUTHORIZED)
    return key.text


async def _until_answered(client: httpx.AsyncClient, status: int) -> None:
    until = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < until:
        answer = await client.post("/permissions/check", json=QUESTION)
        if answer.status_code == status:
            return
        await asyncio.sleep(_POLL_SECONDS)
    message = f"a key on record was never answered with {status}"
    raise KeyNeverTakenError(message)
