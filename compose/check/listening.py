"""Check that a service listens, by its own configuration, where compose.yaml says it does."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import yaml

from compose.check.findings import Finding
from compose.check.mounts import configured_paths
from compose.check.project import Project
from compose.check.service import Service

LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})

# What the images that are told nothing about it listen on.
_BY_IMAGE: Final = {
    "postgres": (5432,),
    "valkey/valkey": (6379,),
    "prom/prometheus": (9090,),
    "prom/alertmanager": (9093,),
    "grafana/grafana": (3000,),
    "axllent/mailpit": (1025, 8025),
}
_COLLECTOR_VARIABLE: Final = re.compile(r"\$\{env:(?P<name>\w+)(?::-(?P<default>[^}]*))?\}")


@dataclass(frozen=True)
class Listener:
    """An address in a container: `host` is what it binds to there."""

    host: str
    port: int


def listeners(project: Project, service: Service) -> Iterator[Listener]:
    """Yield each address that the service's configuration makes it listen on."""
    repository = service.repository
    for port in _BY_IMAGE.get(repository, ()):
        yield Listener("0.0.0.0", port)  # noqa: S104  # said of an image, bound by nobody here
    environment = service.environment
    for what in ("HTTP", "METRICS"):
        if port_text := environment.get(f"SIGHTLINE_{what}_PORT"):
            yield Listener(environment.get(f"SIGHTLINE_{what}_HOST", "127.0.0.1"), int(port_text))
    options = dict(zip(service.command, service.command[1:], strict=False))
    if "--port" in options:
        yield Listener(options.get("--host", "127.0.0.1"), int(options["--port"]))
    if repository == "jaegertracing/jaeger":
        yield from _collector_listeners(project, service)


def check_listening(project: Project) -> Iterator[Finding]:
    """Yield each port that is declared and not listened on, or the reverse, or out of reach."""
    for service in project.services.values():
        found = set(listeners(project, service))
        ports = {listener.port for listener in found}
        for port in sorted(service.declared_ports - ports):
            yield Finding(service.name, f"declares port {port}, which it does not listen on")
        for port in sorted(ports - service.declared_ports):
            yield Finding(service.name, f"listens on port {port}, which it does not declare")
        for port in sorted(listener.port for listener in found if listener.host in LOOPBACK):
            yield Finding(
                service.name, f"listens for itself only on port {port}: its address is loopback"
            )


def _collector_listeners(project: Project, service: Service) -> Iterator[Listener]:
    for path in configured_paths(service.command):
        for file in project.files_behind(service, path):
            text = _COLLECTOR_VARIABLE.sub(
                lambda match: service.environment.get(match["name"], match["default"] or ""),
                file.read_text(encoding="utf-8"),
            )
            yield from _addresses(yaml.safe_load(text))


def _addresses(content: Any) -> Iterator[Listener]:  # noqa: ANN401  # any YAML value
    """Yield each `endpoint: host:port`, and each `host` with a `port` beside it."""
    if isinstance(content, list):
        for item in content:
            yield from _addresses(item)
    if not isinstance(content, dict):
        return
    if isinstance(endpoint := content.get("endpoint"), str):
        host, _, port = endpoint.rpartition(":")
        yield Listener(host, int(port))
    if "host" in content and "port" in content:
        yield Listener(content["host"], int(content["port"]))
    for item in content.values():
        yield from _addresses(item)
