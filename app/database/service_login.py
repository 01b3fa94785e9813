"""The service's own login: a user that owns nothing, made by `python -m app migrate`.

The owner migrates; web and worker connect as this one, which is in `sightline_service` and in
nothing else. Made again it gets the password that the URL has now.
"""

import base64
import hashlib
import hmac
import secrets
from typing import Final
from urllib.parse import unquote, urlsplit

import asyncpg

from app.database.failures import DRIVER_ERRORS
from app.database.pool import Connection
from app.errors import StartupError

_LOCK: Final = 0x5167_0002
"""The advisory lock's number: this service's, for its login."""
_CONNECT_SECONDS: Final = 5.0
_ITERATIONS: Final = 4096
"""As PostgreSQL has it; the password is minted, not chosen."""

_FIND: Final = "SELECT rolsuper, rolcreaterole, rolbypassrls FROM pg_roles WHERE rolname = $1"
_NARROW: Final = "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS INHERIT"


async def ensure_service_login(
    owner_url: str, service_url: str, *, may_cut_audit: bool = False
) -> str:
    """Make the user of `service_url` as the owner, or bring it up to date; return its name.

    `may_cut_audit` lets it call the retention function. Raises `StartupError` for a URL without a
    user, for the owner's own user or one with more rights than a service needs, and where the
    owner may not make users or the database is away.
    """
    user, password = _user_of(service_url)
    if user == _user_of(owner_url)[0]:
        message = "the service's user must be another than the one that migrates"
        raise StartupError(message)
    try:
        connection = await asyncpg.connect(owner_url, timeout=_CONNECT_SECONDS)
        try:
            async with connection.transaction():
                await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
                await _ensure(connection, user, password)
                await _allow_cut(connection, user, may=may_cut_audit)
        finally:
            await connection.close()
    except asyncpg.PostgresError as error:
        message = f"the service's user cannot be made ({type(error).__name__})"
        raise StartupError(message) from error
    except DRIVER_ERRORS as error:
        message = f"the database cannot be reached ({type(error).__name__})"
        raise StartupError(message) from error
    return user


async def _ensure(connection: Connection, user: str, password: str | None) -> None:
    found = await connection.fetchrow(_FIND, user)
    if found is not None and any(found):
        message = "the service's user has more rights than a service needs: name another"
        raise StartupError(message)
    verb = "CREATE" if found is None else "ALTER"
    await _execute(connection, f"{verb} ROLE %I {_NARROW}", user)
    if password is not None:
        await _execute(connection, "ALTER ROLE %I PASSWORD %L", user, verifier(password))
    await _execute(connection, "GRANT sightline_service TO %I", user)
    database = await connection.fetchval("SELECT current_database()")
    await _execute(connection, "GRANT CONNECT ON DATABASE %I TO %I", database, user)


async def _allow_cut(connection: Connection, user: str, *, may: bool) -> None:
    words = ("GRANT", "TO") if may else ("REVOKE", "FROM")
    function = "FUNCTION audit_cut(integer, integer)"
    owner = "sightline_audit_retention"  # only who owns it may say who else calls it
    is_member = await connection.fetchval("SELECT pg_has_role($1, 'MEMBER')", owner)
    if not is_member:
        await connection.execute(f"GRANT {owner} TO CURRENT_USER")
    await connection.execute(f"SET LOCAL ROLE {owner}")
    await _execute(connection, f"{words[0]} EXECUTE ON {function} {words[1]} %I", user)
    await connection.execute("RESET ROLE")
    if not is_member:
        await connection.execute(f"REVOKE {owner} FROM CURRENT_USER")


async def _execute(connection: Connection, template: str, *names: str) -> None:
    """Run a statement that takes no parameters; the server quotes what is put into it."""
    places = ", ".join(f"${place}::text" for place in range(2, len(names) + 2))
    formatting = f"SELECT format($1::text, {places})"  # numbers of parameters
    statement = await connection.fetchval(formatting, template, *names)
    await connection.execute(statement)


def _user_of(url: str) -> tuple[str, str | None]:
    parts = urlsplit(url)
    if not parts.username:
        message = "the database URLs of service and owner each name their user"
        raise StartupError(message)
    return unquote(parts.username), None if parts.password is None else unquote(parts.password)


def verifier(password: str) -> str:
    """Return the SCRAM-SHA-256 verifier: the password itself is in no statement and in no log."""
    if not password.isascii() or not password.isprintable():
        message = "the service's password must be of printable ASCII characters"
        raise StartupError(message)
    salt = secrets.token_bytes(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, _ITERATIONS)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    text = [base64.b64encode(part).decode() for part in (salt, stored, server)]
    return f"SCRAM-SHA-256${_ITERATIONS}:{text[0]}${text[1]}:{text[2]}"
