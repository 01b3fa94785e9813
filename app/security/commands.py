"""`python -m app keys create | rotate | revoke | list`: the keys on record, for their keeper.

A key is printed once, when it is made; after that nobody can tell it. What is done here is seen
by every replica within 2 s.
"""

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Sequence
from datetime import datetime
from typing import Final

import asyncpg

from app.audit.trail import Entry, record
from app.database import keys
from app.database.failures import DRIVER_ERRORS
from app.database.keys import ListedKey
from app.database.pool import Connection
from app.errors import NotFound, ProblemError, StartupError
from app.security.minting import MintedKey, mint
from app.security.roles import Role
from app.settings import Settings

_SECONDS: Final = 5.0
_HOUR: Final = 3_600
_DAY: Final = 24 * _HOUR
_LONGEST_NAME: Final = 64
_ACTOR: Final = "command line"
_APPLICATION: Final = "sightline-keys"


def add_arguments(parser: ArgumentParser) -> None:
    """Declare what `keys` takes."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    create = actions.add_parser("create", help="make a key, and print it this once")
    create.add_argument("name", type=_name, metavar="NAME", help="the actor on record")
    create.add_argument(
        "--role",
        dest="roles",
        action="append",
        required=True,
        choices=[role.value for role in Role],
        help="may be given several times",
    )
    create.add_argument("--requests-per-second", type=_positive, metavar="N")
    create.add_argument("--days", type=_positive, metavar="N", help="after which it expires")
    rotate = actions.add_parser("rotate", help="make a key like another, which expires soon")
    rotate.add_argument("key_id", metavar="ID")
    rotate.add_argument("--overlap-hours", type=_positive, default=24, metavar="N")
    revoke = actions.add_parser("revoke", help="let a key be valid no more")
    revoke.add_argument("key_id", metavar="ID")
    actions.add_parser("list", help="show every key there ever was, without the keys themselves")


async def run(settings: Settings, given: Namespace) -> str:
    """Do what was asked and return what to print.

    Raises `StartupError` where the database is away or not migrated, `NotFound` for an unknown
    key, `ProblemError` where there are too many.
    """
    try:
        connection = await asyncpg.connect(
            settings.database_url.get_secret_value(),
            timeout=_SECONDS,
            command_timeout=_SECONDS,
            statement_cache_size=0,
            server_settings={"application_name": _APPLICATION},  # the service that is on record
        )
        try:
            async with connection.transaction():
                return await _do(connection, given)
        finally:
            await connection.close(timeout=_SECONDS)
    except asyncpg.UndefinedTableError:
        message = "the database has no keys yet: run python -m app migrate"
        raise StartupError(message) from None
    except DRIVER_ERRORS as error:
        reason = type(error).__name__
        message = f"the database at {settings.database_address} does not answer ({reason})"
        raise StartupError(message) from None


async def _do(connection: Connection, given: Namespace) -> str:
    if given.action == "create":
        seconds = None if given.days is None else float(given.days * _DAY)
        roles = tuple(sorted(set(given.roles)))
        return _told(await _add(connection, given.name, roles, given.requests_per_second, seconds))
    if given.action == "rotate":
        return await _rotate(connection, given.key_id, float(given.overlap_hours * _HOUR))
    if given.action == "revoke":
        if not await keys.revoke(connection, given.key_id):
            raise _no_such_key()
        await record(connection, Entry(_ACTOR, "key.revoke", f"key:{given.key_id}"))
        return f"{given.key_id} is revoked\n"
    return _table(await keys.listed(connection))


async def _add(
    connection: Connection,
    name: str,
    roles: Sequence[str],
    requests_per_second: int | None,
    seconds: float | None,
) -> MintedKey:
    key = mint()
    fields = (key.key_id, name, key.digest, roles, requests_per_second, seconds)
    if not await keys.add(connection, *fields):
        message = f"there are {keys.MOST_KEYS} valid keys, and no replica holds more"
        raise ProblemError(message)
    details = {"name": name, "roles": list(roles)}
    await record(connection, Entry(_ACTOR, "key.create", f"key:{key.key_id}", details=details))
    return key


async def _rotate(connection: Connection, key_id: str, overlap_seconds: float) -> str:
    found = await keys.find_valid(connection, key_id)
    if found is None:
        raise _no_such_key()
    key = await _add(connection, *found, None)
    await keys.expire_sooner(connection, key_id, overlap_seconds)
    details = {"successor": key.key_id, "overlap_seconds": round(overlap_seconds)}
    await record(connection, Entry(_ACTOR, "key.rotate", f"key:{key_id}", details=details))
    hours = round(overlap_seconds / _HOUR)
    return f"{_told(key)}{key_id} expires within {hours} h\n"


def _told(key: MintedKey) -> str:
    return f"id:  {key.key_id}\nkey: {key.text}\nKeep it now: it is not shown again.\n"


def _table(found: Sequence[ListedKey]) -> str:
    rows = [("id", "name", "roles", "requests/s", "created", "state")]
    rows += [
        (
            key.key_id,
            key.name,
            ",".join(key.roles),
            str(key.requests_per_second or "default"),
            _date(key.created_at),
            _state(key),
        )
        for key in found
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = (
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )
    return "\n".join(lines) + "\n"


def _state(key: ListedKey) -> str:
    if key.revoked_at is not None:
        return f"revoked {_date(key.revoked_at)}"
    if key.expires_at is None:
        return "valid"
    return f"{'valid until' if key.is_valid else 'expired'} {_date(key.expires_at)}"


def _date(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%MZ")


def _no_such_key() -> NotFound:
    return NotFound("there is no valid key of that ID: see python -m app keys list")


def _name(text: str) -> str:
    if not 1 <= len(text) <= _LONGEST_NAME or not text.isprintable():
        message = f"should be 1 to {_LONGEST_NAME} printable characters"
        raise ArgumentTypeError(message)
    return text


def _positive(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= 1_000_000:  # noqa: PLR2004  # argparse tells it
        message = "should be a whole number from 1 to 1000000"
        raise ArgumentTypeError(message)
    return int(text)
