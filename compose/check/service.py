"""One service of compose.yaml, in the terms that the checks use.

The specification allows a short and a long form of most things; both are read here, and nowhere
else.
"""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any


@dataclass(frozen=True)
class Mount:
    """A place of the machine, or a named volume, that a container sees at `target`."""

    source: str
    target: str
    read_only: bool

    @property
    def is_bind(self) -> bool:
        """Whether the source is a path, not the name of a volume."""
        return self.source.startswith((".", "/", "~"))


@dataclass(frozen=True)
class Published:
    """A port of a container that the machine answers for."""

    address: str
    port: str
    target: int


@dataclass(frozen=True)
class Service:
    """A service: its name and its definition, with every variable replaced."""

    name: str
    definition: Mapping[str, Any]

    @property
    def image(self) -> str:
        """The image's name with its tag; "" when there is none."""
        return str(self.definition.get("image", ""))

    @property
    def repository(self) -> str:
        """The image's name without tag and digest."""
        name = self.image.partition("@")[0]
        head, colon, tag = name.rpartition(":")
        return head if colon and "/" not in tag else name

    @property
    def is_long_running(self) -> bool:
        """Whether the service is meant to stay up, not to run once and end."""
        return self.definition.get("restart", "no") not in {"no", False}  # YAML 1.1: no is false

    @cached_property
    def command(self) -> tuple[str, ...]:
        """The command's words."""
        command = self.definition.get("command") or []
        return tuple(shlex.split(command) if isinstance(command, str) else map(str, command))

    @cached_property
    def environment(self) -> Mapping[str, str]:
        """What the environment holds, by name."""
        given = self.definition.get("environment") or {}
        if isinstance(given, list):
            given = dict(entry.partition("=")[::2] for entry in given)
        return {name: str(value) for name, value in given.items()}

    @cached_property
    def networks(self) -> frozenset[str]:
        """The networks it is on."""
        return frozenset(self.definition.get("networks") or ["default"])

    @cached_property
    def needs(self) -> Mapping[str, str]:
        """The services it waits for, each with the condition."""
        given = self.definition.get("depends_on") or {}
        if isinstance(given, list):
            return dict.fromkeys(given, "service_started")
        return {name: entry["condition"] for name, entry in given.items()}

    @cached_property
    def health_command(self) -> str:
        """The health check's command as one line; "" when there is none."""
        test = (self.definition.get("healthcheck") or {}).get("test") or ""
        words = [test] if isinstance(test, str) else [word for word in test if word != "CMD"]
        return "" if words == ["NONE"] else " ".join(words)

    @cached_property
    def mounts(self) -> tuple[Mount, ...]:
        """What it mounts, binds and volumes."""
        return tuple(map(_mount, self.definition.get("volumes") or []))

    @cached_property
    def published(self) -> tuple[Published, ...]:
        """The ports that the machine answers for."""
        return tuple(map(_published, self.definition.get("ports") or []))

    @cached_property
    def declared_ports(self) -> frozenset[int]:
        """The ports it says that it listens on, published or only exposed."""
        exposed = (int(str(port).partition("/")[0]) for port in self.definition.get("expose") or [])
        return frozenset(exposed) | {port.target for port in self.published}


def _mount(given: str | Mapping[str, Any]) -> Mount:
    if not isinstance(given, str):
        source = str(given.get("source", ""))
        return Mount(source, given["target"], bool(given.get("read_only", False)))
    source, _, rest = given.partition(":")
    target, _, options = rest.partition(":")
    return Mount(source, target, "ro" in options.split(","))


def _published(given: str | int | Mapping[str, Any]) -> Published:
    if isinstance(given, Mapping):
        port = str(given.get("published", ""))
        return Published(str(given.get("host_ip", "")), port, int(given["target"]))
    head, _, target = str(given).rpartition(":")
    address, _, port = head.rpartition(":")
    return Published(address, port, int(target.partition("/")[0]))
