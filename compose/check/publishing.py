"""Check that every port that the machine answers for is on loopback, and taken once."""

from collections import Counter
from collections.abc import Iterator

from compose.check.findings import Finding
from compose.check.listening import LOOPBACK
from compose.check.project import Project


def check_publishing(project: Project) -> Iterator[Finding]:
    """Yield each port that is published beyond loopback, twice, or past the networks."""
    taken: Counter[str] = Counter()
    for service in project.services.values():
        if service.definition.get("network_mode") == "host":
            yield Finding(service.name, "has the machine's own network: every port is published")
        for port in service.published:
            taken[port.port] += 1
            if port.address not in LOOPBACK:
                where = port.address or "every address"
                yield Finding(service.name, f"publishes port {port.target} on {where}")
    for number, times in sorted(taken.items()):
        if times > 1:
            yield Finding(
                "compose.yaml", f"port {number} of the machine is published {times} times"
            )
