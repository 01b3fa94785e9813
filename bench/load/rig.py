"""The whole platform for a load: everything on, one replica or several, with or without a proxy.

The parts are the native run's own (`compose.native`), supervised and guarded as there; what differs
is what differs past one machine, and is read from compose/scale: haproxy.cfg before the replicas,
and a Prometheus that finds them by file_sd. Time is compressed sixty times, so that a month's
objective is recorded within minutes; Prometheus then scrapes every second.
"""

import asyncio
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import astuple, dataclass, replace
from pathlib import Path
from typing import Final

import asyncpg

from bench.load.mix import grants
from compose.native import render
from compose.native.folder import RunFolder, named
from compose.native.guard import Guard
from compose.native.part import Part
from compose.native.parts.alertmanager import alerting_files, alertmanager
from compose.native.parts.catchers import inbox, mail
from compose.native.parts.jaeger import jaeger
from compose.native.parts.postgres import postgres
from compose.native.parts.prometheus import prometheus
from compose.native.parts.service import service
from compose.native.parts.valkey import valkey
from compose.native.plan import Plan
from compose.native.ports import HOST, Ports
from compose.native.progress import Silent
from compose.native.provision.debian import HAPROXY, obtain_package
from compose.native.readiness import http_ok
from compose.native.supervisor import Supervisor
from compose.native.tools import Tools
from compose.scale import rendering

SCALE: Final = 60
_COLUMNS: Final = ("user_id", "resource", "action", "granted_by")


@dataclass(frozen=True, slots=True)
class Replica:
    """One web process: its part's name, its port and that of its metrics."""

    name: str
    port: int
    metrics_port: int


@dataclass(frozen=True)
class Rig:
    """A platform that runs. `port` is where the load goes: the proxy, or the only replica."""

    plan: Plan
    replicas: tuple[Replica, ...]
    port: int
    processes: Callable[[], Mapping[str, int]]
    watch: Callable[[], None]
    """Starts Prometheus: late, for counters that were there before it are no increase to it."""

    @property
    def prometheus(self) -> str:
        """Prometheus' URL."""
        return self.plan.url(self.plan.ports.prometheus)


@contextmanager
def running(replicas: int, *, proxy: bool, name: str = "load") -> Iterator[Rig]:
    """Run the platform with so many replicas for the block: everything but Prometheus."""
    tools, folder = Tools(), RunFolder(named(name))
    with ExitStack() as stack:
        stack.callback(os.close, folder.lock())
        plan = Plan(
            folder=folder,
            ports=Ports.free(),
            scale=SCALE,
            service_environment=_settings(replicas, proxy=proxy),
            jaeger=tools.look("jaeger"),
        )
        folder.prepare()
        guard = stack.enter_context(Guard(remove=folder.passing))
        if proxy:
            obtain_haproxy(tools, guard)
        ports = _more_ports(plan.ports, 2 * replicas + 1)
        webs = tuple(
            Replica(f"web-{number + 1}", ports[2 * number], ports[2 * number + 1])
            for number in range(replicas)
        )
        first = Supervisor(
            [
                *_parts(plan, tools, webs),
                *([_haproxy(plan, tools, webs, ports[-1])] if proxy else []),
            ],
            logs=folder.logs,
            guard=guard,
            progress=Silent(),
        )
        later = Supervisor(
            [_prometheus(plan, tools, webs)], logs=folder.logs, guard=guard, progress=Silent()
        )
        stack.callback(lambda: asyncio.run(_stop(later, first)))
        asyncio.run(first.start())
        asyncio.run(_fill(plan))
        yield Rig(
            plan,
            webs,
            ports[-1] if proxy else webs[0].port,
            lambda: {**first.running(), **later.running()},
            lambda: asyncio.run(later.start()),
        )


def obtain_haproxy(tools: Tools, guard: Guard) -> None:
    """Have HAProxy at hand: from PATH, or Debian's package unpacked into the cache folder."""
    if tools.look("haproxy") is None:
        asyncio.run(obtain_package(HAPROXY, tools, guard, lambda _: None))


def haproxy_command(binary: Path, *words: str) -> tuple[str, ...]:
    """Return the command of HAProxy with the libraries that were unpacked beside it."""
    libraries = ":".join(map(str, binary.resolve().parents[1].glob("lib/*-linux-*")))
    return ("env", f"LD_LIBRARY_PATH={libraries}", str(binary), *words)


def _settings(replicas: int, *, proxy: bool) -> dict[str, str]:
    """Return what the service is told: of one key, so no limit a key; the rest as it ships."""
    return {
        "SIGHTLINE_WEB_REPLICAS": str(replicas),
        "SIGHTLINE_RATE_LIMIT_PER_SECOND": "0",
        **({"SIGHTLINE_TRUSTED_PROXIES": HOST} if proxy else {}),
    }


def _parts(plan: Plan, tools: Tools, webs: Sequence[Replica]) -> list[Part]:
    migrate, web, worker = service(plan)
    return [
        *postgres(plan, tools),
        valkey(plan, tools),
        mail(plan),
        inbox(plan),
        *([jaeger(plan, plan.jaeger)] if plan.jaeger else []),
        migrate,
        *(_replica(web, each, plan) for each in webs),
        worker,
        alerting_files(plan),
        alertmanager(plan, tools),
    ]


def _replica(web: Part, replica: Replica, plan: Plan) -> Part:
    ports = {
        "SIGHTLINE_HTTP_PORT": str(replica.port),
        "SIGHTLINE_METRICS_PORT": str(replica.metrics_port),
    }
    return replace(
        web,
        name=replica.name,
        environment={**web.environment, **ports},
        ready=http_ok(plan.url(replica.port, "/readyz")),
        stop_seconds=40.0,
    )


def _haproxy(plan: Plan, tools: Tools, webs: Sequence[Replica], port: int) -> Part:
    source = (rendering.FOLDER / "haproxy.cfg").read_text("utf-8")
    config = plan.folder.config / "haproxy.cfg"
    servers = {each.name: each.port for each in webs}
    config.write_text(rendering.haproxy(source, binds={"api": port}, servers=servers), "utf-8")
    return Part(
        name="haproxy",
        command=haproxy_command(tools.find("haproxy"), "-db", "-f", str(config)),
        ready=http_ok(plan.url(port, "/readyz")),
        needs=tuple(servers),
    )


def _prometheus(plan: Plan, tools: Tools, webs: Sequence[Replica]) -> Part:
    part = replace(prometheus(plan, tools), needs=())
    targets = plan.folder.config / "web.json"
    targets.write_text(rendering.targets([each.metrics_port for each in webs]), "utf-8")
    source = (rendering.FOLDER / "prometheus.yml").read_text("utf-8")
    config = render.prometheus(
        source.replace("/etc/prometheus/targets/web.json", str(targets)),
        plan.ports,
        rules=plan.alert_files / "rules.yaml",
        scale=SCALE,
        jaeger=plan.jaeger is not None,
    )
    (plan.folder.config / "prometheus.yml").write_text(config, "utf-8")
    return part


async def _fill(plan: Plan) -> None:
    """Grant what the load asks about, and have the planner know of it."""
    connection = await asyncpg.connect(plan.owner_url)
    await connection.copy_records_to_table("grants", records=list(grants()), columns=_COLUMNS)
    await connection.execute("VACUUM (ANALYZE)")
    await connection.close()


async def _stop(*supervisors: Supervisor) -> None:
    for each in supervisors:
        await each.stop()


def _more_ports(taken: Ports, wanted: int) -> list[int]:
    """Return ports that nothing listens on, beside those."""
    free: list[int] = []
    while len(free) < wanted:
        free += [port for port in astuple(Ports.free()) if port not in {*astuple(taken), *free}]
    return free[:wanted]
