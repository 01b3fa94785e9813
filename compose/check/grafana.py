"""Check that what Grafana is provisioned with holds together."""

import json
from collections.abc import Iterator
from typing import Any, Final

import yaml

from compose.check.findings import Finding
from compose.check.project import Project
from compose.check.service import Service

_PROVISIONING: Final = "/etc/grafana/provisioning"
_BUILT_IN: Final = frozenset({"grafana", "-- Grafana --", "-- Mixed --", "-- Dashboard --"})


def check_grafana(project: Project) -> Iterator[Finding]:
    """Yield each data source's uid that is named and not provisioned, and each empty folder."""
    for service in project.services.values():
        if project.files_behind(service, _PROVISIONING):
            yield from _check(project, service)


def _check(project: Project, service: Service) -> Iterator[Finding]:
    known = set(_BUILT_IN)
    named: list[tuple[str, str]] = []
    for file in project.files_behind(service, f"{_PROVISIONING}/datasources/*.yaml"):
        for source in yaml.safe_load(file.read_text(encoding="utf-8"))["datasources"]:
            known.add(source["uid"])
            exemplars = (source.get("jsonData") or {}).get("exemplarTraceIdDestinations") or []
            uids = (exemplar.get("datasourceUid") for exemplar in exemplars)
            named += [(project.relative(file), uid) for uid in uids if uid]
    for file in project.files_behind(service, f"{_PROVISIONING}/dashboards/*.yaml"):
        for provider in yaml.safe_load(file.read_text(encoding="utf-8"))["providers"]:
            folder = provider["options"]["path"]
            dashboards = project.files_behind(service, f"{folder}/*.json")
            if not dashboards:
                yield Finding(project.relative(file), f"{folder} provides no dashboard")
            for dashboard in dashboards:
                content = json.loads(dashboard.read_text(encoding="utf-8"))
                named += [(project.relative(dashboard), uid) for uid in _uids(content)]
    for where, uid in sorted(set(named)):
        if uid not in known and not uid.startswith("$"):
            yield Finding(where, f"names the data source {uid}, which is not provisioned")


def _uids(content: Any) -> Iterator[str]:  # noqa: ANN401  # any JSON value
    """Yield the uid of every data source that a dashboard names."""
    if isinstance(content, list):
        for item in content:
            yield from _uids(item)
    elif isinstance(content, dict):
        source = content.get("datasource")
        if isinstance(source, dict) and isinstance(source.get("uid"), str):
            yield source["uid"]
        for item in content.values():
            yield from _uids(item)
