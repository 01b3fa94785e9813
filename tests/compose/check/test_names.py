"""A name that leads nowhere is found, and so is what nobody names."""

import pytest

from compose.check.names import check_names
from tests.compose.check.repository import RepositoryCopy


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("valkey: {condition", "redis: {condition", "web: waits for redis, which is no service"),
        (
            'test: [CMD, pg_isready, -h, 127.0.0.1, -p, "5432", -U, sightline, -d, sightline]',
            "test: [NONE]",
            "migrate: waits for postgres to be healthy: it has no check",
        ),
        (
            'restart: "no"',
            "restart: always",
            "web: waits for migrate to end: it is meant to stay up",
        ),
        (
            "networks: [data, edge]",
            "networks: [date]",
            "compose.yaml: network date is used and not defined",
        ),
        (
            "- grafana:/var",
            "- grafena:/var",
            "compose.yaml: volume grafena is used and not defined",
        ),
        (
            "- grafana:/var",
            "- grafena:/var",
            "compose.yaml: volume grafana is defined and not used",
        ),
        (
            "  edge: {}",
            "  edge: {}\n  idle: {}",
            "compose.yaml: network idle is defined and not used",
        ),
    ],
)
def test_a_name_without_a_thing_is_found(
    repository: RepositoryCopy, old: str, new: str, fault: str
) -> None:
    repository.change(old, new)
    assert fault in repository.says(check_names)
