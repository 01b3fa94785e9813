"""Check that every name in compose.yaml that stands for another part of it has one behind it."""

from collections.abc import Iterator

from compose.check.findings import Finding
from compose.check.project import Project


def check_names(project: Project) -> Iterator[Finding]:
    """Yield each service, network or volume that is named and not defined, and the idle ones."""
    yield from _dependencies(project)
    named = {
        "network": {name for service in project.services.values() for name in service.networks},
        "volume": {
            mount.source
            for service in project.services.values()
            for mount in service.mounts
            if not mount.is_bind
        },
    }
    for kind, used in named.items():
        defined = set(project.definition.get(f"{kind}s") or {}) | {"default"}
        for name in sorted(used - defined):
            yield Finding("compose.yaml", f"{kind} {name} is used and not defined")
        for name in sorted(defined - used - {"default"}):
            yield Finding("compose.yaml", f"{kind} {name} is defined and not used")


def _dependencies(project: Project) -> Iterator[Finding]:
    for service in project.services.values():
        for name, condition in service.needs.items():
            other = project.services.get(name)
            if other is None:
                yield Finding(service.name, f"waits for {name}, which is no service")
            elif condition == "service_healthy" and not other.health_command:
                yield Finding(service.name, f"waits for {name} to be healthy: it has no check")
            elif condition == "service_completed_successfully" and other.is_long_running:
                yield Finding(service.name, f"waits for {name} to end: it is meant to stay up")
