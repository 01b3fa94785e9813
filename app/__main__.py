"""The way in: `python -m app COMMAND`; `python -m app --help` names the commands.

Exit codes: 0 after a graceful stop, 1 where the process cannot start or go on, 2 for a wrong
setting. Each expected failure is one line on stderr that names the process; an unexpected one is
its stack, without the messages of exceptions, which quote what they failed on.
"""

import argparse
import asyncio
import sys
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Any, Final

import uvloop

from app import processes, signals
from app.audit import commands as commands_of_audit
from app.batches import command as commands_of_batches
from app.batches import users_command as commands_of_users
from app.database.service_login import ensure_service_login
from app.errors import ProblemError, SettingsError, StartupError
from app.reports import commands as commands_of_reports
from app.security import commands as commands_of_keys
from app.settings import Settings, read_settings
from telemetry import errors as telemetry_errors
from telemetry.export import NoExport
from telemetry.pseudonyms import Pseudonyms
from telemetry.redaction import describe_exception
from telemetry.runtime import Telemetry, TelemetrySettings

VERSION: Final = "0.1.0"

_FAILED: Final = 1
_WRONG_SETTING: Final = 2
_WEB_METRICS_PORT: Final = 9464
_WORKER_METRICS_PORT: Final = 9465

Process = Callable[[Settings, Telemetry], Coroutine[Any, Any, None]]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the named process to its end and return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m app", description="The Sightline service.")
    commands = parser.add_subparsers(dest="process", required=True, metavar="COMMAND")
    commands.add_parser("web", help="serve HTTP")
    commands.add_parser("worker", help="make and mail reports")
    commands.add_parser("migrate", help="bring the database up to date")
    pseudonym = commands.add_parser(
        "pseudonym", help="print the hash under which telemetry knows a user or an API key's name"
    )
    pseudonym.add_argument("name", metavar="NAME")
    commands_of_keys.add_arguments(commands.add_parser("keys", help="make and revoke API keys"))
    commands_of_audit.add_arguments(
        commands.add_parser("audit", help="verify, export or cut the audit trail")
    )
    commands_of_reports.add_arguments(
        commands.add_parser("reports", help="replay dead reports, end schedules")
    )
    commands_of_batches.add_arguments(
        commands.add_parser("import", help="load users, groups, memberships, parents or grants")
    )
    commands_of_users.add_arguments(
        commands.add_parser("users", help="offboard many users, or schedule reports on them")
    )
    given = parser.parse_args(arguments)
    process: str = given.process
    try:
        if process == "pseudonym":
            sys.stdout.write(f"{_pseudonym(given.name)}\n")
        elif process == "audit":
            sys.stdout.write(asyncio.run(commands_of_audit.run(read_settings(), given)))
        elif process == "reports":
            sys.stdout.write(asyncio.run(commands_of_reports.run(read_settings(), given)))
        elif process == "keys":
            sys.stdout.write(asyncio.run(commands_of_keys.run(read_settings(), given)))
        elif process == "import":
            return _run_command(commands_of_batches.ImportCommand(given), process)
        elif process == "users":
            return _run_command(commands_of_users.UsersCommand(given), process)
        else:
            _run(process)
    except (SettingsError, telemetry_errors.SettingsError) as error:
        return _failure(process, error, _WRONG_SETTING)
    except (StartupError, telemetry_errors.StartError, ProblemError) as error:
        return _failure(process, error, _FAILED)
    except Exception as error:  # noqa: BLE001  # Python would print the message, and its values
        sys.stderr.write(f"sightline-{process} failed:\n{describe_exception(error)}\n")
        return _FAILED
    return 0


def _pseudonym(name: str) -> str:
    key = read_settings().pseudonym_key
    if key is None:
        message = "SIGHTLINE_PSEUDONYM_KEY is required: without it each process has its own"
        raise SettingsError(message)
    return Pseudonyms(key.get_secret_value().encode()).of(name)


def _run(process: str) -> None:
    settings = read_settings()
    if process == "migrate":
        # Alembic and SQLAlchemy are the migrations' alone: the services do not carry them.
        from app.database.migrations import migrate  # noqa: PLC0415

        revision = asyncio.run(migrate(settings.database_url.get_secret_value()))
        sys.stdout.write(f"sightline-migrate: the database is at revision {revision}\n")
        _make_service_login(settings)
    elif process == "worker":
        run_with_telemetry(processes.work, settings, "worker", _WORKER_METRICS_PORT)
    else:
        run_with_telemetry(processes.serve, settings, "web", _WEB_METRICS_PORT)


def _make_service_login(settings: Settings) -> None:
    if settings.database_service_url is not None:
        user = asyncio.run(
            ensure_service_login(
                settings.database_url.get_secret_value(),
                settings.database_service_url.get_secret_value(),
                may_cut_audit=settings.audit_retention_days is not None,
            )
        )
        sys.stdout.write(f"sightline-migrate: the service connects as {user}\n")


def _run_command(
    command: commands_of_batches.ImportCommand | commands_of_users.UsersCommand, name: str
) -> int:
    # Any port: the worker, which has the one of its own, may run on this machine too.
    settings = read_settings().model_copy(update={"metrics_port": 0})
    run_with_telemetry(partial(processes.ingest, command), settings, name, 0)
    return command.code


def run_with_telemetry(run: Process, settings: Settings, name: str, metrics_port: int) -> None:
    """Run one process to its end with its telemetry; a drill's build has another `run`."""
    if settings.metrics_port is not None:
        metrics_port = settings.metrics_port
    telemetry = Telemetry(
        TelemetrySettings(
            service_name=f"sightline-{name}",
            service_version=VERSION,
            service_namespace="sightline",
            environment=settings.environment,
            metrics_host=settings.metrics_host,
            metrics_port=metrics_port,
            otlp_endpoint=settings.otlp_endpoint,
            otlp_headers=settings.otlp_headers,
            otlp_compression=settings.otlp_compression,
            traces_file=settings.traces_file,
            sampling_ratio=settings.sampling_ratio,
            remote_sampling_ratio=settings.remote_sampling_ratio,
            slow_seconds=settings.slow_seconds,
            log_level=settings.log_level,
            log_format=settings.log_format,
            access_log_ratio=settings.access_log_ratio,
            known_methods=settings.known_methods,
            attributes=signals.ATTRIBUTES,
            **_pseudonym_key(settings),
        ),
        # With the SDK disabled spans go nowhere; logs and metrics stay.
        span_sink=NoExport() if settings.sdk_disabled else None,
    )
    telemetry.start()
    try:
        uvloop.run(run(settings, telemetry))
    finally:
        telemetry.stop(settings.stop_budget.flushing)


def _pseudonym_key(settings: Settings) -> dict[str, bytes]:
    key = settings.pseudonym_key
    return {} if key is None else {"pseudonym_key": key.get_secret_value().encode()}


def _failure(process: str, error: Exception, code: int) -> int:
    sys.stderr.write(f"sightline-{process}: {error}\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
