"""Check that the containers and the native run have one Jaeger: its release has two numbers.

The Go module is still numbered 1.N; the program and the image of the same release are 2.(N - 63).
"""

from collections.abc import Iterator
from typing import Final

from compose.check.findings import Finding
from compose.check.project import Project
from compose.native.tools import JAEGER_VERSION

_FIRST_OF_TWO: Final = 63


def check_versions(project: Project) -> Iterator[Finding]:
    """Yield the Jaeger whose image is not the release that the native run builds."""
    _, minor, patch = JAEGER_VERSION.removeprefix("v").split(".")
    same = f"2.{int(minor) - _FIRST_OF_TWO}.{patch}"
    for service in project.services.values():
        if service.repository == "jaegertracing/jaeger" and not service.image.endswith(f":{same}"):
            yield Finding(service.name, f"runs {service.image}; the native run builds {same}")
