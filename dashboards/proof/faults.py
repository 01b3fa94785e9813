"""The faults that bring the panels of failures to life, one after the other, each mended again."""

import asyncio
import os
import signal
import subprocess
from typing import Final
from urllib.parse import urlsplit

from compose.native.run import Platform
from compose.native.tools import Tools
from dashboards.proof.load import Load

SERVICE_ENVIRONMENT: Final = {
    # Short enough that a lease runs out and a report dies while somebody watches.
    "SIGHTLINE_LEASE_SECONDS": "2",
    "SIGHTLINE_RETRY_SECONDS": "0.2",
    "SIGHTLINE_MAX_ATTEMPTS": "2",
}
_LASTS: Final = 4.0
_INTO_THE_MAIL: Final = 1.5
_CANCEL_WAITERS: Final = """
BEGIN;
LOCK TABLE grants IN ACCESS EXCLUSIVE MODE;
SELECT pg_sleep(1);
SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock';
COMMIT;
"""


async def all_faults(platform: Platform, load: Load) -> None:
    """Break one part after the other; afterwards everything runs again."""
    await asyncio.to_thread(_cancelled_queries, platform)
    await _without(platform, "valkey", load)
    await _killed_in_a_mail(platform, load)
    await _without(platform, "mail", load)
    await _without(platform, "postgres", load)


async def _without(platform: Platform, part: str, load: Load) -> None:
    # SIGQUIT is PostgreSQL's immediate shutdown: no goodbye to anyone, as in a crash.
    await platform.stop_part(part, signal.SIGQUIT if part == "postgres" else signal.SIGKILL)
    await asyncio.to_thread(load.report)
    await asyncio.sleep(_LASTS)
    await platform.start_part(part)


async def _killed_in_a_mail(platform: Platform, load: Load) -> None:
    """Kill a worker in the middle of a mail: another takes that over when the lease runs out."""
    mail = platform.pid("mail")
    os.kill(mail, signal.SIGSTOP)
    try:
        await asyncio.to_thread(load.report)
        await asyncio.sleep(_INTO_THE_MAIL)
        await platform.stop_part("worker", signal.SIGKILL)
    finally:
        os.kill(mail, signal.SIGCONT)
    await platform.start_part("worker")
    await asyncio.sleep(_LASTS)


def _cancelled_queries(platform: Platform) -> None:
    """Have PostgreSQL itself end queries with an error, as an administrator would."""
    server = urlsplit(platform.database_url)
    subprocess.run(  # noqa: S603  # the wheel's own program, and our own words
        [
            str(Tools().find("postgres").with_name("psql")),
            *("--no-psqlrc", "--quiet", "--output", os.devnull, "--host", str(server.hostname)),
            *("--port", str(server.port), "--username", str(server.username)),
            *("--dbname", server.path.lstrip("/"), "--command", _CANCEL_WAITERS),
        ],
        env={**os.environ, "PGPASSWORD": str(server.password)},
        check=True,
        timeout=30,
    )
