"""The whole platform as an object.

    async with Platform(PlatformOptions(run_dir=folder, scale=60, free_ports=True)) as platform:
        await client.post(platform.urls["web"] + "/permissions/check", ...)

Entering starts every part and waits until all are ready; leaving stops them in reverse order and
removes what they stored. It is bound to no event loop: enter on one, use it from another.
"""

import asyncio
import os
import signal
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

import httpx

from compose.inbox.letters import Letter, Letters
from compose.native.folder import RunFolder, named
from compose.native.guard import Guard
from compose.native.memory import MemoryWatch
from compose.native.part import Part
from compose.native.parts.alertmanager import alerting_files, alertmanager
from compose.native.parts.catchers import inbox, mail
from compose.native.parts.jaeger import jaeger
from compose.native.parts.postgres import postgres
from compose.native.parts.prometheus import prometheus
from compose.native.parts.service import service
from compose.native.parts.valkey import valkey
from compose.native.plan import Plan
from compose.native.ports import Ports
from compose.native.progress import Progress, Silent
from compose.native.supervisor import Supervisor
from compose.native.tools import Tools


@dataclass(frozen=True)
class PlatformOptions:
    """How a platform is to run."""

    run_dir: Path = field(default_factory=lambda: named("default"))
    ports: Ports = field(default_factory=Ports)
    scale: int = 1
    """How many times faster than real time the alerting windows run."""
    service_environment: Mapping[str, str] = field(default_factory=dict)
    """Settings of web and worker that replace the usual ones."""
    detours: Mapping[str, int] = field(default_factory=dict)
    """Ports that lead to a part by a detour: the others are sent there (`compose.faults.wire`)."""
    web_module: str = "app"
    """What the web process runs; a drill has a build of its own, with a switch for faults."""
    tools: Tools = field(default_factory=Tools)
    progress: Progress = field(default_factory=Silent)


class Platform:
    """A running platform, or one that is to be started. An async context manager.

    Raises a `RunError` of one clear line when it cannot start; nothing is left behind then.
    """

    def __init__(self, options: PlatformOptions) -> None:
        self._options = options
        self._folder = RunFolder(options.run_dir)
        self._plan = Plan(
            folder=self._folder,
            ports=options.ports,
            scale=options.scale,
            service_environment=options.service_environment,
            detours=options.detours,
            web_module=options.web_module,
            jaeger=options.tools.look("jaeger"),
        )
        self._cleaning = ExitStack()
        self._supervisor: Supervisor | None = None
        self._memory: MemoryWatch | None = None
        self.ready_seconds = 0.0
        """From the first part's start until all were ready."""

    async def __aenter__(self) -> Self:
        """Start every part; on any failure, stop those that had started."""
        try:
            await self._start()
        except BaseException:
            await self._stop()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop every part in reverse order, and leave nothing but the logs."""
        await self._stop()

    @property
    def ports(self) -> Ports:
        """The ports in use."""
        return self._plan.ports

    @property
    def urls(self) -> dict[str, str]:
        """The base URL of everything that speaks HTTP, by name; no slash at the end."""
        ports, url = self._plan.ports, self._plan.url
        urls = {
            "web": url(ports.web),
            "web_metrics": url(ports.web_metrics, "/metrics"),
            "worker_metrics": url(ports.worker_metrics, "/metrics"),
            "prometheus": url(ports.prometheus),
            "alertmanager": url(ports.alertmanager),
            "mail": url(ports.mail),
            "inbox": url(ports.inbox),
        }
        traces = {"jaeger": url(ports.jaeger), "otlp": url(ports.otlp_http)}
        return urls | traces if self._plan.jaeger else urls

    @property
    def api_key(self) -> str:
        """The key of the service's API, minted for this run."""
        return self._plan.api_key

    @property
    def database_url(self) -> str:
        """The service's database as the service's user, password included."""
        return self._plan.database_url

    @property
    def owner_url(self) -> str:
        """The service's database as its owner, who alone may change the schema."""
        return self._plan.owner_url

    @property
    def redis_url(self) -> str:
        """The cache, password included."""
        return self._plan.redis_url

    @property
    def traces_file(self) -> Path | None:
        """Where spans are written when there is no Jaeger (OTLP, JSON lines)."""
        return self._plan.traces_file

    @property
    def start_times(self) -> dict[str, float]:
        """Seconds from a part's start until it was ready."""
        return dict(self._running.start_seconds)

    def log_path(self, part: str) -> Path:
        """Return the file of a part's output."""
        return self._running.log_path(part)

    def pid(self, part: str) -> int:
        """Return a running part's process ID: drills send signals to it."""
        return self._running.pid(part)

    def check(self) -> None:
        """Raise `PartFailedError` if a part ended that nobody stopped."""
        self._running.check()

    async def stop_part(self, part: str, number: signal.Signals | None = None) -> None:
        """Stop a part by its own signal or `number`; killed when its time is over."""
        await self._running.stop_part(part, number)

    async def start_part(self, part: str) -> None:
        """Start a stopped part again and wait until it is ready. Its data are still there."""
        await self._running.start_part(part)

    def peak_memory(self) -> dict[str, int]:
        """Return the peak memory of each part in bytes (see `compose.native.memory`)."""
        return {} if self._memory is None else self._memory.peaks()

    def mailbox(self, *, after: str = "") -> list[Letter]:
        """Return every mail received so far, oldest first; or those after the one of that name."""
        return Letters(self._folder.mails).all(after=after)

    @property
    def config(self) -> Path:
        """The folder of the rendered configuration, `alerts/` in it."""
        return self._folder.config

    async def webhooks(self) -> list[dict[str, Any]]:
        """Return what Alertmanager has posted, oldest first: `number`, `received`, `payload`."""
        async with httpx.AsyncClient(trust_env=False) as client:
            answer = await client.get(self.urls["inbox"] + "/alerts")
        kept: list[dict[str, Any]] = answer.raise_for_status().json()
        return kept

    @property
    def _running(self) -> Supervisor:
        if self._supervisor is None:
            message = "the platform has not been started: use `async with`"
            raise RuntimeError(message)
        return self._supervisor

    async def _start(self) -> None:
        began = time.monotonic()
        lock = await asyncio.to_thread(self._folder.lock)
        self._cleaning.callback(os.close, lock)
        self._plan.ports.require_free()
        self._folder.prepare()
        guard = self._cleaning.enter_context(Guard(remove=self._folder.passing, keep_open=(lock,)))
        self._supervisor = Supervisor(
            self._parts(), logs=self._folder.logs, guard=guard, progress=self._options.progress
        )
        self._memory = MemoryWatch(self._supervisor.running)
        self._memory.start()
        self._folder.write_state({"ports": asdict(self.ports), "urls": self.urls})
        await self._supervisor.start()
        self.ready_seconds = time.monotonic() - began

    async def _stop(self) -> None:
        if self._memory is not None:
            await asyncio.to_thread(self._memory.stop)
        try:
            if self._supervisor is not None:
                await self._supervisor.stop()
        finally:
            await asyncio.to_thread(self._cleaning.close)

    def _parts(self) -> list[Part]:
        plan, tools = self._plan, self._options.tools
        tracing = [jaeger(plan, plan.jaeger)] if plan.jaeger else []
        return [
            *postgres(plan, tools),
            valkey(plan, tools),
            mail(plan),
            inbox(plan),
            *tracing,
            *service(plan),
            alerting_files(plan),
            alertmanager(plan, tools),
            prometheus(plan, tools),
        ]
