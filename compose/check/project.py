"""compose.yaml and the repository around it, read once for every check."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final

import yaml

from compose.check.interpolation import interpolated
from compose.check.service import Service

COMPOSE_FILE: Final = "compose/compose.yaml"
DOCKERFILE: Final = "compose/Dockerfile"


@dataclass(frozen=True)
class Project:
    """The repository's top folder and what compose.yaml makes of it."""

    root: Path
    text: str
    definition: Mapping[str, Any]
    services: Mapping[str, Service]

    @property
    def folder(self) -> Path:
        """The folder that compose.yaml's relative paths start from."""
        return (self.root / COMPOSE_FILE).parent

    def relative(self, path: Path) -> str:
        """Return the path as it is called in the repository."""
        return str(path.relative_to(self.root)) if path.is_relative_to(self.root) else str(path)

    def files_behind(self, service: Service, pattern: str) -> tuple[Path, ...]:
        """Return the repository's files and folders that a container sees at a path or glob."""
        found: list[Path] = []
        for mount in filter(lambda mount: mount.is_bind, service.mounts):
            source = (self.folder / mount.source).resolve()
            if PurePosixPath(mount.target).match(pattern) and source.exists():
                found.append(source)
            elif PurePosixPath(mount.target) in PurePosixPath(pattern).parents:
                inside = PurePosixPath(pattern).relative_to(mount.target)
                found.extend(sorted(source.glob(str(inside))))
        return tuple(found)


def load(root: Path) -> Project:
    """Read compose.yaml under the repository's top folder.

    Raises `OSError` when it is not there and `yaml.YAMLError` when it is no YAML.
    """
    text = (root / COMPOSE_FILE).read_text(encoding="utf-8")
    definition = interpolated(yaml.safe_load(text))
    services = {name: Service(name, given) for name, given in definition["services"].items()}
    return Project(root.resolve(), text, definition, services)
