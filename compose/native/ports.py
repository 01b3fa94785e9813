"""The ports of the native run: defaults, overrides, free ones, and the check before the start."""

import errno
import random
import socket
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Final, Self

from compose.native.errors import PortTakenError, RunError

HOST: Final = "127.0.0.1"
_VARIABLE: Final = "SIGHTLINE_PORT_"
# Below the range from which Linux takes the ports of outgoing connections: a port found free here
# is not taken by a passing client before its part binds it.
_FREE_RANGE: Final = range(15_000, 32_000)
_LARGEST: Final = 65_535


@dataclass(frozen=True)
class Ports:
    """Every port that the native run binds, all on 127.0.0.1."""

    web: int = 8000
    web_metrics: int = 9464
    worker_metrics: int = 9465
    postgres: int = 5432
    valkey: int = 6379
    prometheus: int = 9090
    alertmanager: int = 9093
    jaeger: int = 16686
    jaeger_grpc: int = 16685
    jaeger_metrics: int = 8888
    jaeger_health: int = 13133
    otlp_grpc: int = 4317
    otlp_http: int = 4318
    smtp: int = 1025
    mail: int = 8025
    inbox: int = 8026

    @classmethod
    def free(cls) -> Self:
        """Return ports that nothing listens on now."""
        names = [field.name for field in fields(cls)]
        candidates = random.SystemRandom().sample(_FREE_RANGE, k=len(_FREE_RANGE))
        free = (port for port in candidates if _can_bind(port))
        return cls(**dict(zip(names, free, strict=False)))

    def changed(self, settings: Mapping[str, str]) -> Self:
        """Return these ports with some set anew, by part; a wrong one raises `RunError`."""
        known = asdict(self)
        values: dict[str, int] = {}
        for name, text in settings.items():
            if name not in known:
                message = f"no part has a port named {name!r}: use one of {', '.join(known)}"
                raise RunError(message)
            if not text.isdecimal() or not 0 < int(text) <= _LARGEST:
                message = f"the port of {name} must be 1 to {_LARGEST}, not {text!r}"
                raise RunError(message)
            values[name] = int(text)
        return replace(self, **values)

    def changed_by_environment(self, environment: Mapping[str, str]) -> Self:
        """Return these ports with those that `SIGHTLINE_PORT_*` sets."""
        return self.changed(
            {
                name.removeprefix(_VARIABLE).lower(): value
                for name, value in environment.items()
                if name.startswith(_VARIABLE)
            }
        )

    def require_free(self) -> None:
        """Raise `PortTakenError` naming every port that is taken or set twice."""
        mine = asdict(self)
        twice = [name for name, port in mine.items() if list(mine.values()).count(port) > 1]
        if twice:
            message = f"{' and '.join(twice)} share a port: give each its own"
            raise PortTakenError(message)
        taken = [name for name, port in mine.items() if not _can_bind(port)]
        if taken:
            what = ", ".join(f"{mine[name]} ({name})" for name in taken)
            noun, verb = ("port", "is") if len(taken) == 1 else ("ports", "are")
            remedy = f"--port {taken[0]}=N or {_VARIABLE}{taken[0].upper()}=N, or --free-ports"
            message = f"{noun} {what} {verb} taken: choose with {remedy}"
            raise PortTakenError(message)


def _can_bind(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As servers do: a connection that lingers after its server has gone is no obstacle.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            if error.errno in (errno.EADDRINUSE, errno.EACCES):
                return False
            raise
    return True
