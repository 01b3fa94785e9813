"""What a run is going to be: its folder, ports, time scale and secrets. Parts are made from it."""

import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

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
    jaeger: Path | None = None
    """Jaeger's binary; without it the traces go to a file."""
    api_key: str = field(default_factory=_mint, repr=False)
    database_password: str = field(default_factory=_mint, repr=False)
    cache_password: str = field(default_factory=_mint, repr=False)
    pseudonym_key: str = field(default_factory=_mint, repr=False)

    @property
    def database_url(self) -> str:
        """The service's database, password included."""
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

    def _database(self, name: str) -> str:
        return (
            f"postgresql://sightline:{self.database_password}@{HOST}:{self.ports.postgres}/{name}"
        )
