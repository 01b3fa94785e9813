"""The two long-running processes, from wired to stopped.

Each runs until SIGTERM or SIGINT, finishes what it has begun within SIGHTLINE_STOP_SECONDS, and
returns. What keeps it from starting is raised: `app.__main__` says it in one line.
"""

import asyncio
import contextlib
import signal
import socket
from collections.abc import Iterator
from typing import Final

import structlog
import uvicorn

from app import signals
from app.audit.retention import retaining
from app.audit.sealer import Sealer
from app.batches.command import ImportCommand
from app.batches.user_worker import processing_users
from app.batches.users_command import UsersCommand
from app.batches.worker import importing
from app.bootstrap import build, connected
from app.database.pool import DatabasePool
from app.errors import SettingsError, StartupError
from app.http.protocol import ConnectionLimits, bounded_protocol
from app.http.tls import tls_context_factory
from app.reports.worker import run_worker
from app.settings import Settings
from telemetry.runtime import Telemetry

_WORKERS_CONNECTIONS: Final = 2

logger = structlog.stdlib.get_logger()


async def serve(settings: Settings, telemetry: Telemetry) -> None:
    """Serve HTTP until told to stop."""
    _warn(settings)
    stop = _stop_signal()
    service = build(settings, telemetry)
    listener = _bind(settings.http_host, settings.http_port)
    with contextlib.closing(listener):
        async with service.running():
            config = uvicorn.Config(
                service.asgi,
                http=bounded_protocol(connection_limits(settings), telemetry.meter),
                ws="none",
                lifespan="off",  # entered here, so that a failure to start is ours to tell
                access_log=False,
                log_config=None,
                log_level="warning",
                server_header=False,
                proxy_headers=bool(settings.trusted_proxies),
                forwarded_allow_ips=settings.trusted_proxies or None,
                ssl_context_factory=tls_context_factory(settings),
                timeout_graceful_shutdown=max(1, int(settings.stop_budget.finishing)),
            )
            await _run_server(_Server(config), listener, stop)
    logger.info(signals.SERVICE_STOPPED.name)


async def work(settings: Settings, telemetry: Telemetry) -> None:
    """Make and mail reports until told to stop."""
    _warn(settings)
    _require_connections(settings)
    stop = _stop_signal()
    pool = DatabasePool(settings, telemetry, application=telemetry.settings.service_name)
    bounded = settings.model_copy(update={"stop_seconds": settings.stop_budget.finishing})
    async with (
        connected(pool, settings, telemetry),
        Sealer(pool, telemetry.meter).running(),
        retaining(pool, settings.audit_retention_days),
        importing(settings, telemetry, pool),
        processing_users(settings, telemetry, pool),
    ):
        logger.info(signals.SERVICE_STARTED.name)
        await run_worker(bounded, telemetry, pool, stop)
    logger.info(signals.SERVICE_STOPPED.name)


def _require_connections(settings: Settings) -> None:
    if settings.database_pool_max < _WORKERS_CONNECTIONS:
        message = (
            f"SIGHTLINE_DATABASE_POOL_MAX must be at least {_WORKERS_CONNECTIONS} for a worker:"
            " a report is read by one connection and kept by another"
        )
        raise SettingsError(message)


def connection_limits(settings: Settings) -> ConnectionLimits:
    """Return the bounds of each connection, as the settings have them."""
    return ConnectionLimits(
        connections=settings.http_connections_max,
        head_bytes=settings.http_head_bytes,
        head_seconds=settings.http_head_seconds,
        write_seconds=settings.http_write_seconds,
    )


async def ingest(
    command: ImportCommand | UsersCommand, settings: Settings, telemetry: Telemetry
) -> None:
    """Import one file, or process one batch of users, until its end or until told to stop."""
    _warn(settings)
    await command.run(settings, telemetry, _stop_signal())


def _warn(settings: Settings) -> None:
    if settings.pseudonym_key is None:
        logger.warning(signals.PSEUDONYM_KEY_MISSING.name)


class _Server(uvicorn.Server):
    """Uvicorn without signal handlers of its own: the stop is ours."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        logger.info(signals.SERVICE_STARTED.name)


async def _run_server(server: _Server, listener: socket.socket, stop: asyncio.Event) -> None:
    async def exit_when_told() -> None:
        await stop.wait()
        server.should_exit = True

    waiting = asyncio.create_task(exit_when_told())
    try:
        await server.serve(sockets=[listener])
    finally:
        waiting.cancel()


def _stop_signal() -> asyncio.Event:
    """Return an event that SIGTERM or SIGINT sets."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop


def _bind(host: str, port: int) -> socket.socket:
    """Bind before anything is connected; a port that is taken is one clear line."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        message = f"cannot resolve {host} ({error.strerror})"
        raise StartupError(message) from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen()
    except OSError as error:
        listener.close()
        message = f"cannot listen on {host}:{port} ({error.strerror})"
        raise StartupError(message) from error
    return listener
