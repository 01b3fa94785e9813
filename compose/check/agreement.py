"""Check that every address that a configuration names leads to a service that listens there."""

from collections.abc import Iterator

from compose.check.findings import Finding
from compose.check.listening import LOOPBACK
from compose.check.project import Project
from compose.check.references import Reference, references


def check_agreement(project: Project) -> Iterator[Finding]:
    """Yield each address that names no service, a port it does not have, or no way to it."""
    for reference in references(project):
        fault = _fault(project, reference)
        if fault:
            yield Finding(reference.source, f"{reference.client} calls {fault}")


def _fault(project: Project, reference: Reference) -> str | None:
    address = f"{reference.host}:{reference.port}"
    if reference.host in LOOPBACK:
        return f"{address}, which in a container is the container itself"
    server = project.services.get(reference.host)
    if server is None:
        return f"{address}, and there is no service {reference.host}"
    if reference.port not in server.declared_ports:
        return f"{address}, and {server.name} has no port {reference.port}"
    if not server.networks & project.services[reference.client].networks:
        return f"{address}, and shares no network with {server.name}"
    return None
