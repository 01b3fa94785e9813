"""What a run is going to be: its folder, ports, time scale and secrets. Parts are made from it."""

import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, Self

from compose.native.folder import RunFolder
from compose.native.ports import HOST, Ports

REPOSITORY: Final = Path(__file__).resolve().parents[2]
_KEY_NAME: Final = "native"


def _mint() -> str:
    return secrets.token_urlsafe(32)


@dataclass(frozen=True)
class Plan:
    """The facts that all parts share. Its secrets are minted anew for every run."""

    folder: RunFolder
    ports: Ports
    scale: int = 1
    """How many times faster than real time the alerting windows run."""
    service_environment: Mapping[str, str] = field(default_factory=dict)
    """Settings of web and worker that replace the usual ones."""
    detours: Mapping[str, int] = field(default_factory=dict)
    """Ports under which the others reach a part in place of its own, by its name in `Ports`."""
    web_module: str = "app"
    """What the web process runs: `python -m <module> web`."""
    jaeger: Path | None = None
    """Jaeger's binary; without it the traces go to a file."""
    api_key: str = field(default_factory=_mint, repr=False)
    database_password: str = field(default_factory=_mint, repr=False)
    service_password: str = field(default_factory=_mint, repr=False)
    cache_password: str = field(default_factory=_mint, repr=False)
    pseudonym_key: str = field(default_factory=_mint, repr=False)

    def as_others_see(self) -> Self:
        """Return the plan with the detours in place of the parts' own ports."""
        return replace(self, ports=replace(self.ports, **self.detours))

    @property
    def database_url(self) -> str:
        """The service's database as the service's user, password included: it owns nothing."""
        return self._database("sightline", "sightline_app", self.service_password)

    @property
    def owner_url(self) -> str:
        """The service's database as its owner, who migrates it."""
        return self._database("sightline")

    @property
    def maintenance_url(self) -> str:
        """The database that is there before the service's own."""
        return self._database("postgres")

    @property
    def redis_url(self) -> str:
        """The cache, password included."""
        return f"redis://:{self.cache_password}@{HOST}:{self.ports.valkey}/0"

    @property
    def api_keys(self) -> str:
        """What the service is told of the key: its SHA-256."""
        return json.dumps({_KEY_NAME: hashlib.sha256(self.api_key.encode()).hexdigest()})

    @property
    def traces_file(self) -> Path | None:
        """Where spans go when there is no Jaeger."""
        return None if self.jaeger else self.folder.logs / "traces.jsonl"

    @property
    def alert_files(self) -> Path:
        """The folder of rules and of Alertmanager's configuration and template."""
        return self.folder.config / "alerts"

    def url(self, port: int, path: str = "") -> str:
        """Return the URL of a part that speaks HTTP."""
        return f"http://{HOST}:{port}{path}"

    def _database(self, name: str, user: str = "sightline", password: str = "") -> str:
        password = password or self.database_password
        return f"postgresql://{user}:{password}@{HOST}:{self.ports.postgres}/{name}"
