"""The SQL of API keys; the only place that names their tables."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from app.database.pool import Connection

MOST_KEYS: Final = 10_000
"""Keys that may be valid at one time; each replica holds all of them."""

_READ_MARK = "SELECT mark FROM api_keys_mark"
_VALID = "revoked_at IS NULL AND (expires_at IS NULL OR expires_at > clock_timestamp())"
_READ_VALID = f"""
    SELECT id, name, digest, roles, requests_per_second,
           extract(epoch FROM expires_at - clock_timestamp())::float8 AS seconds_left
    FROM api_keys WHERE {_VALID} ORDER BY created_at LIMIT {MOST_KEYS}
"""  # noqa: S608  # constants of this module
_ADD = f"""
    INSERT INTO api_keys (id, name, digest, roles, requests_per_second, expires_at)
    SELECT $1, $2, $3, $4, $5, now() + make_interval(secs => $6)
    WHERE (SELECT count(*) FROM api_keys WHERE {_VALID}) < {MOST_KEYS}
    RETURNING true
"""  # noqa: S608  # constants of this module
_REVOKE = f"UPDATE api_keys SET revoked_at = now() WHERE id = $1 AND {_VALID} RETURNING true"  # noqa: S608  # a constant of this module
_EXPIRE_SOONER = f"""
    UPDATE api_keys SET expires_at = now() + make_interval(secs => $2)
    WHERE id = $1 AND {_VALID}
      AND (expires_at IS NULL OR expires_at > now() + make_interval(secs => $2))
"""  # noqa: S608  # a constant of this module
_FIND_VALID = f"""
    SELECT id, name, roles, requests_per_second FROM api_keys WHERE id = $1 AND {_VALID} FOR UPDATE
"""  # noqa: S608  # a constant of this module
_IS_GONE = f"""
    SELECT EXISTS (SELECT FROM api_keys WHERE name = $1)
        AND NOT EXISTS (SELECT FROM api_keys WHERE name = $1 AND {_VALID})
"""  # noqa: S608  # a constant of this module
_LIST = f"""
    SELECT id, name, roles, requests_per_second, created_at, expires_at, revoked_at,
           ({_VALID}) AS is_valid
    FROM api_keys ORDER BY created_at, id
"""  # noqa: S608  # a constant of this module


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A valid key on record; `seconds_left` is None for one that does not expire."""

    key_id: str
    name: str
    digest: bytes
    roles: tuple[str, ...]
    requests_per_second: int | None
    seconds_left: float | None


@dataclass(frozen=True, slots=True)
class ListedKey:
    """A key on record as a person is shown it."""

    key_id: str
    name: str
    roles: tuple[str, ...]
    requests_per_second: int | None
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    is_valid: bool


async def read_mark(connection: Connection, timeout_seconds: float) -> UUID:
    """Return the mark that each change of the keys moves."""
    mark: UUID = await connection.fetchval(_READ_MARK, timeout=timeout_seconds)
    return mark


async def read_valid(connection: Connection, timeout_seconds: float) -> Sequence[StoredKey]:
    """Return the keys that are neither revoked nor expired."""
    rows = await connection.fetch(_READ_VALID, timeout=timeout_seconds)
    return [
        StoredKey(
            row["id"],
            row["name"],
            row["digest"],
            tuple(row["roles"]),
            row["requests_per_second"],
            row["seconds_left"],
        )
        for row in rows
    ]


async def add(  # noqa: PLR0913, PLR0917  # the columns of the row
    connection: Connection,
    key_id: str,
    name: str,
    digest: bytes,
    roles: Sequence[str],
    requests_per_second: int | None,
    seconds: float | None,
) -> bool:
    """Record a key that lives for so many seconds, or for ever; False where there are too many."""
    fields = (key_id, name, digest, list(roles), requests_per_second, seconds)
    return await connection.fetchval(_ADD, *fields) is True


async def revoke(connection: Connection, key_id: str) -> bool:
    """Revoke a valid key; False where there is none of that ID."""
    return await connection.fetchval(_REVOKE, key_id) is True


async def expire_sooner(connection: Connection, key_id: str, seconds: float) -> None:
    """Let a key expire in so many seconds, unless it does so before."""
    await connection.execute(_EXPIRE_SOONER, key_id, seconds)


async def find_valid(
    connection: Connection, key_id: str
) -> tuple[str, tuple[str, ...], int | None] | None:
    """Return name, roles and rate of a valid key, locked until the transaction's end."""
    row = await connection.fetchrow(_FIND_VALID, key_id)
    if row is None:
        return None
    return row["name"], tuple(row["roles"]), row["requests_per_second"]


async def is_gone(connection: Connection, name: str) -> bool:
    """Tell whether keys of that name are on record, and none of them is valid any more."""
    return await connection.fetchval(_IS_GONE, name) is True


async def listed(connection: Connection) -> Sequence[ListedKey]:
    """Return every key that there ever was, the oldest first."""
    return [
        ListedKey(
            row["id"],
            row["name"],
            tuple(row["roles"]),
            row["requests_per_second"],
            row["created_at"],
            row["expires_at"],
            row["revoked_at"],
            row["is_valid"],
        )
        for row in await connection.fetch(_LIST)
    ]
