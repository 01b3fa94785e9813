"""Check that every image is the one that was meant, today and in a year."""

import re
import tomllib
from collections.abc import Iterator
from typing import Final

from compose.check.findings import Finding
from compose.check.project import DOCKERFILE, Project

_VERSION: Final = re.compile(r"v?\d+\.\d+\.\d+([.-].+)?")
# Since version 10 a PostgreSQL release is two numbers.
_TWO_NUMBERS: Final = re.compile(r"\d+\.\d+(-.+)?")


def pin_fault(image: str) -> str | None:
    """Return what is wrong with an image's name as a pin; None for an exact one."""
    name = image.partition("@")[0]
    repository, colon, tag = name.rpartition(":")
    if not colon or "/" in tag:
        return f"image {image} has no tag"
    exact = _TWO_NUMBERS if repository.rpartition("/")[2] == "postgres" else _VERSION
    if not exact.fullmatch(tag):
        return f"image {image} moves: pin a full version"
    return None


def check_images(project: Project) -> Iterator[Finding]:
    """Yield each image that is not pinned, and ours when its version is not the project's."""
    pyproject = (project.root / "pyproject.toml").read_text(encoding="utf-8")
    own = tomllib.loads(pyproject)["project"]
    for service in project.services.values():
        fault = pin_fault(service.image)
        if fault:
            yield Finding(service.name, fault)
        elif service.repository == own["name"] and not service.image.endswith(f":{own['version']}"):
            yield Finding(service.name, f"runs {service.image}; the project is {own['version']}")
    yield from _one_builder(project, own["name"])


def _one_builder(project: Project, name: str) -> Iterator[Finding]:
    ours = [service for service in project.services.values() if service.repository == name]
    builders = [service for service in ours if "build" in service.definition]
    if len(builders) != 1:
        names = ", ".join(service.name for service in builders) or "nobody"
        yield Finding("compose.yaml", f"{name} must be built by one service, not by {names}")
    for service in builders:
        build = service.definition["build"]
        context = project.folder / build["context"]
        if (context / build["dockerfile"]).resolve() != project.root / DOCKERFILE:
            yield Finding(service.name, f"is not built from {DOCKERFILE}")
