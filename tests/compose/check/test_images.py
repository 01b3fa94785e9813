"""An image that can move under its name is found."""

import pytest

from compose.check.images import check_images, pin_fault
from tests.compose.check.repository import RepositoryCopy


@pytest.mark.parametrize(
    "image",
    [
        "prom/prometheus:v3.14.0",
        "postgres:17.11-bookworm",
        "valkey/valkey:9.1.1-alpine",
        "registry.example:5000/team/tool:1.2.3",
        "tool:1.2.3@sha256:0f",
    ],
)
def test_a_full_version_is_a_pin(image: str) -> None:
    assert pin_fault(image) is None


@pytest.mark.parametrize(
    "image",
    [
        "postgres",
        "postgres:latest",
        "postgres:17",
        "grafana/grafana:13.1",
        "tool@sha256:0f",
        "registry.example:5000/tool",
        "prom/prometheus:main",
        "",
    ],
)
def test_anything_less_is_not(image: str) -> None:
    assert pin_fault(image) is not None


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        (
            "grafana:13.1.4",
            "grafana:latest",
            "grafana: image grafana/grafana:latest moves: pin a full version",
        ),
        ("sightline:0.1.0", "sightline:0.0.9", "web: runs sightline:0.0.9; the project is "),
        (
            "  inbox:\n",
            "  inbox:\n    build: {context: .., dockerfile: compose/Dockerfile}\n",
            "compose.yaml: sightline must be built by one service, not by migrate, inbox",
        ),
        (
            "dockerfile: compose/Dockerfile",
            "dockerfile: Dockerfile",
            "migrate: is not built from compose/Dockerfile",
        ),
    ],
)
def test_what_is_not_the_image_that_was_meant_is_found(
    repository: RepositoryCopy, old: str, new: str, fault: str
) -> None:
    repository.change(old, new)
    assert any(line.startswith(fault) for line in repository.says(check_images))
