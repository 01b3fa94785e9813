"""The operator's commands: `python -m app reports dead | replay | schedules | unschedule`.

They work on everybody's reports, straight on the database; what was changed is in the audit trail.
"""

import argparse
import contextlib
from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg

from app.audit.trail import Entry, record
from app.database.failures import DRIVER_ERRORS
from app.database.keys import is_gone
from app.database.pool import Connection
from app.database.report_statements import ALL_SCHEDULES, DEAD, REMOVE_SCHEDULE
from app.errors import ProblemError, StartupError
from app.reports.control import replay
from app.reports.names import schedule_object_of
from app.settings import Settings

_ACTOR: Final = "operator"
_APPLICATION: Final = "sightline-reports"
_MOST: Final = 1_000
_CONNECT_SECONDS: Final = 5.0
_COMMAND_SECONDS: Final = 30.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `python -m app reports` takes."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    actions.add_parser("dead", help="list the reports that nobody tries any more, oldest first")
    again = actions.add_parser("replay", help="put dead reports back on their queue")
    which = again.add_mutually_exclusive_group(required=True)
    which.add_argument("task_id", nargs="?", metavar="TASK_ID")
    actions.add_parser("schedules", help="list everybody's schedules, oldest first")
    ending = actions.add_parser("unschedule", help="delete a schedule, whoever's it is")
    ending.add_argument("schedule_id", metavar="SCHEDULE_ID")
    which.add_argument("--all", action="store_true", help=f"every dead one, at most {_MOST}")


async def run(settings: Settings, given: argparse.Namespace) -> str:
    """Do what the arguments say and return what is to be printed; raises `StartupError`."""
    database_url = settings.database_url.get_secret_value()
    if given.action == "dead":
        lines = await dead_letters(database_url)
    elif given.action == "schedules":
        lines = await all_schedules(database_url)
    elif given.action == "unschedule":
        lines = [await unschedule(database_url, given.schedule_id)]
    else:
        lines = await replay_dead(database_url, given.task_id)
    return "".join(f"{line}\n" for line in lines)


async def dead_letters(database_url: str) -> list[str]:
    """Return one line for each dead report, oldest first: its task ID and what it failed with.

    Raises `StartupError` where the database cannot be asked.
    """
    connection = await _connect(database_url)
    try:
        rows = await connection.fetch(DEAD, _MOST)
    except DRIVER_ERRORS as error:
        raise _failed(error) from error
    finally:
        await connection.close()
    return [
        f"{row['id']} {row['finished_at']:%Y-%m-%dT%H:%M:%SZ} {row['error_type']}" for row in rows
    ]


async def replay_dead(database_url: str, task_id: str | None) -> list[str]:
    """Put one report, or with None every dead one, back on its queue; return their task IDs.

    Raises `StartupError` where that one cannot be replayed or the database cannot be asked.
    """
    connection = await _connect(database_url)
    replayed = []
    try:
        if task_id is not None:
            await _replay_one(connection, _uuid(task_id))
            replayed.append(task_id)
        else:
            for row in await connection.fetch(DEAD, _MOST):
                # Its retention may be over, or someone else was quicker.
                with contextlib.suppress(StartupError):
                    await _replay_one(connection, row["id"])
                    replayed.append(str(row["id"]))
    except DRIVER_ERRORS as error:
        raise _failed(error) from error
    finally:
        await connection.close()
    return replayed


async def all_schedules(database_url: str) -> list[str]:
    """Return one line for each schedule: ID, when it is next due, whose key's, and how often.

    Recipients are left out. Raises `StartupError` where the database cannot be asked.
    """
    connection = await _connect(database_url)
    try:
        rows = await connection.fetch(ALL_SCHEDULES, _MOST)
        return [
            f"{row['id']} {_time(row['next_due'])} {row['owned_by']}"
            f" '{row['cron']}' {row['time_zone']}{await _note(connection, row['owned_by'])}"
            for row in rows
        ]
    except DRIVER_ERRORS as error:
        raise _failed(error) from error
    finally:
        await connection.close()


async def unschedule(database_url: str, schedule_id: str) -> str:
    """Delete the schedule and return its ID; its reports stay.

    Raises `StartupError` where there is none or the database cannot be asked.
    """
    wanted = _uuid(schedule_id)
    connection = await _connect(database_url)
    try:
        async with connection.transaction():
            if await connection.fetchval(REMOVE_SCHEDULE, wanted) is None:
                message = "there is no such schedule: see python -m app reports schedules"
                raise StartupError(message)
            object_ = schedule_object_of(wanted)
            await record(connection, Entry(_ACTOR, "report_schedule.remove", object_))
    except DRIVER_ERRORS as error:
        raise _failed(error) from error
    finally:
        await connection.close()
    return schedule_id


async def _note(connection: Connection, owner: str) -> str:
    return " (no valid key)" if await is_gone(connection, owner) else ""


def _time(moment: datetime | None) -> str:
    return "never" if moment is None else f"{moment:%Y-%m-%dT%H:%M:%SZ}"


async def _replay_one(connection: Connection, task_id: UUID) -> None:
    try:
        async with connection.transaction():
            await replay(connection, task_id, None, actor=_ACTOR)
    except ProblemError as error:
        raise StartupError(error.detail) from error


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        message = "a task or schedule ID is a UUID, as the API answers it"
        raise StartupError(message) from None


async def _connect(database_url: str) -> Connection:
    try:
        return await asyncpg.connect(
            database_url,
            timeout=_CONNECT_SECONDS,
            command_timeout=_COMMAND_SECONDS,
            server_settings={"application_name": _APPLICATION},  # the service that is on record
        )
    except DRIVER_ERRORS as error:
        raise _failed(error) from error


def _failed(error: Exception) -> StartupError:
    if isinstance(error, asyncpg.UndefinedTableError):
        return StartupError("the database has no reports yet: run python -m app migrate")
    return StartupError(f"the database cannot be asked ({type(error).__name__})")
