"""What a service declares is where it listens, and others can reach it there."""

import pytest

from compose.check.listening import check_listening
from tests.compose.check.repository import RepositoryCopy


@pytest.mark.parametrize(
    ("file", "old", "new", "fault"),
    [
        (
            "compose.yaml",
            'expose: ["9465"]',
            'expose: ["9466"]',
            "worker: declares port 9466, which it does not listen on",
        ),
        (
            "compose.yaml",
            'expose: ["9465"]',
            "expose: []",
            "worker: listens on port 9465, which it does not declare",
        ),
        (
            "compose.yaml",
            'SIGHTLINE_METRICS_PORT: "9464"',
            'SIGHTLINE_METRICS_PORT: "9467"',
            "web: declares port 9464, which it does not listen on",
        ),
        (
            "compose.yaml",
            "SIGHTLINE_HTTP_HOST: 0.0.0.0",
            "SIGHTLINE_HTTP_HOST: 127.0.0.1",
            "web: listens for itself only on port 8000: its address is loopback",
        ),
        (
            "compose.yaml",
            "JAEGER_LISTEN_HOST: 0.0.0.0",
            "JAEGER_MAX_TRACES: 1000",
            "jaeger: listens for itself only on port 4318: its address is loopback",
        ),
        (
            "compose.yaml",
            "--host, 0.0.0.0, ",
            "",
            "inbox: listens for itself only on port 8026: its address is loopback",
        ),
        (
            "compose.yaml",
            ":-3000}:3000",
            ":-3000}:8080",
            "grafana: declares port 8080, which it does not listen on",
        ),
        (
            "jaeger/config.yaml",
            "JAEGER_OTLP_HTTP_PORT:-4318",
            "JAEGER_OTLP_HTTP_PORT:-4319",
            "jaeger: listens on port 4319, which it does not declare",
        ),
        (
            "jaeger/config.yaml",
            "JAEGER_METRICS_PORT:-8888",
            "JAEGER_METRICS_PORT:-8889",
            "jaeger: declares port 8888, which it does not listen on",
        ),
    ],
)
def test_a_port_that_is_not_what_is_said_is_found(
    repository: RepositoryCopy, file: str, old: str, new: str, fault: str
) -> None:
    repository.change(old, new, f"compose/{file}")
    assert fault in repository.says(check_listening)
