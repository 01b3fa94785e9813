"""Which failures of the database mean "not now": those become a 503, never a 500."""

from typing import Final

import asyncpg

from app.errors import Unavailable

DRIVER_ERRORS: Final = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
)
"""All that asyncpg raises for a failed call; its timeouts are OSErrors (`TimeoutError`)."""

_TRANSIENT: Final = (
    asyncpg.PostgresConnectionError,  # class 08: the connection broke
    asyncpg.InsufficientResourcesError,  # class 53: no connection slot, memory or disk left
    asyncpg.OperatorInterventionError,  # class 57: shutdown, start-up, statement timeout
    asyncpg.TransactionRollbackError,  # class 40: deadlock or serialization failure
    asyncpg.LockNotAvailableError,
    asyncpg.ReadOnlySQLTransactionError,  # the primary has become a replica
    OSError,
)


def unavailable_for(error: Exception, *, connection_lost: bool) -> Unavailable | None:
    """Return the `Unavailable` to raise for a failed call, or None where the call was wrong.

    An `InterfaceError` is a programming error unless the connection has gone.
    """
    lost = connection_lost and isinstance(error, asyncpg.InterfaceError)
    if lost or isinstance(error, _TRANSIENT):
        return Unavailable("The database did not answer; nothing is known to have changed.")
    return None
