"""Check that what a container mounts, and what it is told to read, is in the repository."""

import subprocess
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path, PurePosixPath

import yaml

from compose.check.findings import Finding
from compose.check.project import Project


def check_mounts(project: Project) -> Iterator[Finding]:
    """Yield each mounted path that a fresh clone would not have, or that could be written to."""
    for service in project.services.values():
        for mount in service.mounts:
            if not mount.is_bind:
                continue
            source = (project.folder / mount.source).resolve()
            if not source.exists():
                yield Finding(service.name, f"mounts {mount.source}, which does not exist")
            elif source.is_dir() and not any(source.iterdir()):
                yield Finding(service.name, f"mounts {mount.source}, which is empty")
            elif not source.is_relative_to(project.root) or _is_ignored(project.root, source):
                yield Finding(service.name, f"mounts {mount.source}, which is not in git")
            if not mount.read_only:
                yield Finding(service.name, f"mounts {mount.source} for writing: add :ro")


def check_paths(project: Project) -> Iterator[Finding]:
    """Yield each path inside a container that its configuration names and no mount provides."""
    for service in project.services.values():
        for path in configured_paths(service.command):
            found = project.files_behind(service, path)
            if not found:
                yield Finding(service.name, f"is told to read {path}, which no mount provides")
            for file in found:
                for inner in named_paths(file, path):
                    if not project.files_behind(service, inner):
                        missing = f"names {inner}, which no mount of {service.name} provides"
                        yield Finding(project.relative(file), missing)


def configured_paths(command: tuple[str, ...]) -> Iterator[str]:
    """Yield the configuration files that a command names: `--config PATH`, `--config.file=PATH`."""
    words = [part for word in command for part in word.split("=", 1)]
    for option, value in pairwise(words):
        if option in {"--config", "--config.file"}:
            yield value


def named_paths(configuration: Path, mounted_at: str) -> Iterator[str]:
    """Yield the paths, as the container sees them, that a configuration file names in turn."""
    content = yaml.safe_load(configuration.read_text(encoding="utf-8"))
    for section in ("rule_files", "templates"):
        for path in content.get(section) or []:
            yield str(PurePosixPath(mounted_at).parent / path)


def _is_ignored(root: Path, path: Path) -> bool:
    """Tell whether git leaves the path out; outside a working copy nothing is."""
    run = subprocess.run(  # noqa: S603  # git, on a path of the repository
        ["git", "-C", str(root), "check-ignore", "--quiet", str(path)],  # noqa: S607  # git of PATH
        capture_output=True,
        check=False,
    )
    return run.returncode == 0
