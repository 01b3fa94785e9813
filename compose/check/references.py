"""Who calls whom: every address that a configuration names, with the file that names it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import yaml

from compose.check.mounts import configured_paths
from compose.check.project import COMPOSE_FILE, Project
from compose.check.service import Service

_DEFAULT_PORTS: Final = {"postgresql": 5432, "redis": 6379, "http": 80, "https": 443}
_URL_VARIABLES: Final = (
    "SIGHTLINE_DATABASE_URL",
    "SIGHTLINE_REDIS_URL",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
)
_HEALTH_PORT: Final = re.compile(r"(?:127\.0\.0\.1|localhost)'?[:,]\s*(\d+)|-p (\d+)")


@dataclass(frozen=True)
class Reference:
    """`client` calls `host:port`, because `source` says so."""

    source: str
    client: str
    host: str
    port: int


def references(project: Project) -> Iterator[Reference]:
    """Yield every address that a container is told to call."""
    for service in project.services.values():
        yield from _of_environment(service)
        yield from _of_health_check(service)
        for path in configured_paths(service.command):
            for file in project.files_behind(service, path):
                yield from _of_file(project, service, file)
        for file in project.files_behind(service, "/etc/grafana/provisioning/datasources/*.yaml"):
            yield from _of_data_sources(project, service, file)


def _of_environment(service: Service) -> Iterator[Reference]:
    for name in _URL_VARIABLES:
        if url := service.environment.get(name):
            yield _of_url(f"{COMPOSE_FILE}: {name}", service.name, url)
    if host := service.environment.get("SIGHTLINE_SMTP_HOST"):
        port = int(service.environment.get("SIGHTLINE_SMTP_PORT", "1025"))
        yield Reference(f"{COMPOSE_FILE}: SIGHTLINE_SMTP_HOST", service.name, host, port)


def _of_health_check(service: Service) -> Iterator[Reference]:
    for match in _HEALTH_PORT.finditer(service.health_command):
        port = int(match[1] or match[2])
        yield Reference(f"{COMPOSE_FILE}: healthcheck", service.name, service.name, port)


def _of_file(project: Project, service: Service, file: Path) -> Iterator[Reference]:
    read = _READERS.get(service.repository)
    if read is not None:
        for address in read(yaml.safe_load(file.read_text(encoding="utf-8"))):
            yield _of_url(project.relative(file), service.name, address)


def _scraped_and_notified(configuration: Mapping[str, Any]) -> Iterator[str]:
    managers = (configuration.get("alerting") or {}).get("alertmanagers") or []
    for job in [*(configuration.get("scrape_configs") or []), *managers]:
        for group in job.get("static_configs") or []:
            yield from (f"//{target}" for target in group["targets"])


def _receivers(configuration: Mapping[str, Any]) -> Iterator[str]:
    if smarthost := (configuration.get("global") or {}).get("smtp_smarthost"):
        yield f"//{smarthost}"
    for receiver in configuration.get("receivers") or []:
        mails = receiver.get("email_configs") or []
        yield from (f"//{mail['smarthost']}" for mail in mails if "smarthost" in mail)
        yield from (hook["url"] for hook in receiver.get("webhook_configs") or [])


_READERS: Final = {
    "prom/prometheus": _scraped_and_notified,
    "prom/alertmanager": _receivers,
}


def _of_data_sources(project: Project, service: Service, file: Path) -> Iterator[Reference]:
    content = yaml.safe_load(file.read_text(encoding="utf-8"))
    for source in content["datasources"]:
        yield _of_url(project.relative(file), service.name, source["url"])


def _of_url(source: str, client: str, url: str) -> Reference:
    parts = urlsplit(url)
    port = parts.port or _DEFAULT_PORTS.get(parts.scheme, 0)
    return Reference(source, client, parts.hostname or "", port)
