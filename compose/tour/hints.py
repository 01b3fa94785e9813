"""What tells close causes apart where their alerts do not: by the cause, by what it is not."""

from collections.abc import Mapping
from typing import Final

_LATE_OR_NEVER: Final = (
    "The service gives up after 100 ms either way: its telemetry cannot tell the two apart. Ask "
    "past the service: redis-cli ping is answered late by the one, and never by the other."
)
HINTS: Final[Mapping[str, Mapping[str, str]]] = {
    "pool-exhausted": {
        "postgresql-down": (
            "A dead server refuses at once: pool.acquire would fail within milliseconds with a "
            "connection error. Here it waits its whole second, and gets a TimeoutError."
        ),
        "postgresql-slow": (
            "Slow answers still come: requests would take longer and succeed, and the trace would "
            "show statements. Here no request gets as far as a statement."
        ),
        "lock-held": (
            "Then changes of grants would fail, and nearly every permission check would be "
            "answered. Here the checks fail, and every other route that needs a connection."
        ),
    },
    "postgresql-down": {
        "pool-exhausted": (
            "A pool that is used up makes callers wait for a second, and ends in a TimeoutError. "
            "Here pool.acquire fails at once with a connection error."
        ),
        "postgresql-slow": (
            "Slow answers still come: requests would take longer and succeed. Here they fail."
        ),
        "redis-down": (
            "Without Redis checks are answered from the database, and AuthorizationBreakerOpen is "
            "told. Here it is the database that cannot be asked."
        ),
    },
    "redis-down": {
        "redis-black-holed": (
            "Who says nothing is waited for until the time is up: the command's span would last "
            "its whole 100 ms and end in a timeout. Here the connection is refused within a "
            "millisecond."
        ),
        "redis-slow": (
            "Who is slow is waited for until the time is up: the command's span would last its "
            "whole 100 ms and end in a timeout. Here the connection is refused within a "
            "millisecond."
        ),
    },
    "redis-black-holed": {
        "redis-down": (
            "Where nobody listens the connection is refused within a millisecond. Here the "
            "command's span lasts its whole 100 ms and ends in a timeout."
        ),
        "redis-slow": _LATE_OR_NEVER,
    },
    "redis-slow": {
        "redis-down": (
            "Where nobody listens the connection is refused within a millisecond. Here the "
            "command's span lasts its whole 100 ms and ends in a timeout."
        ),
        "redis-black-holed": _LATE_OR_NEVER,
    },
}
