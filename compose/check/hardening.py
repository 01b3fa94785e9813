"""Check that every container has a health check and bounds, and no more rights than it needs.

A service that cannot keep a rule says why, under `x-reasons`, by the rule's name:

    x-reasons: {user: the image drops to its own user by itself}
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, TypeAlias

from compose.check.dockerfile import final_user, is_plain_user
from compose.check.findings import Finding
from compose.check.project import DOCKERFILE, Project
from compose.check.service import Service

Rule: TypeAlias = Callable[[Project, Service], bool]


def check_hardening(project: Project) -> Iterator[Finding]:
    """Yield each rule that a service breaks without a reason."""
    for service in project.services.values():
        reasons: Mapping[str, str] = service.definition.get("x-reasons") or {}
        for name, (kept, fault) in _RULES.items():
            if not kept(project, service) and not reasons.get(name):
                yield Finding(service.name, fault)
        for name in sorted(set(reasons) - set(_RULES)):
            yield Finding(service.name, f"gives a reason for {name}, which is no rule")


def _has_user(project: Project, service: Service) -> bool:
    user = service.definition.get("user")
    if user is None and service.repository == _own_repository(project):
        user = final_user((project.root / DOCKERFILE).read_text(encoding="utf-8"))
    return user is not None and is_plain_user(str(user))


def _own_repository(project: Project) -> str:
    builders = (s for s in project.services.values() if "build" in s.definition)
    return next((builder.repository for builder in builders), "")


def _holds(name: str, accept: Callable[[Any], bool]) -> Rule:
    return lambda _project, service: accept(service.definition.get(name))


def _mounts_no_socket(_project: Project, service: Service) -> bool:
    return not any("docker.sock" in mount.source for mount in service.mounts)


_RULES: Final[Mapping[str, tuple[Rule, str]]] = {
    "health": (
        lambda _project, service: bool(service.health_command) or not service.is_long_running,
        "has no health check",
    ),
    "memory": (_holds("mem_limit", bool), "has no memory limit"),
    "processes": (_holds("pids_limit", bool), "has no limit of processes"),
    "restart": (_holds("restart", bool), "has no restart policy"),
    "user": (_has_user, "runs as root, or as nobody says whom: give a numeric user"),
    "read_only": (_holds("read_only", bool), "may write to its image: set read_only"),
    "privileges": (
        _holds("security_opt", lambda options: "no-new-privileges:true" in (options or [])),
        "may gain privileges: set no-new-privileges:true",
    ),
    "capabilities": (
        _holds("cap_drop", lambda dropped: "ALL" in (dropped or [])),
        "keeps capabilities: set cap_drop: [ALL]",
    ),
    "privileged": (_holds("privileged", lambda value: not value), "is privileged"),
    "socket": (_mounts_no_socket, "mounts Docker's socket, which is root on the machine"),
}
