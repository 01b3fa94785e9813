"""An address in any configuration file leads to a service that listens there."""

import pytest

from compose.check.agreement import check_agreement
from compose.check.references import references
from tests.compose.check.repository import RepositoryCopy

COMPOSE = "compose/compose.yaml"
PROMETHEUS = "compose/prometheus/prometheus.yml"
SOURCES = "compose/grafana/provisioning/datasources/datasources.yaml"
ALERTMANAGER = "alerts/generated/alertmanager.yaml"


def test_every_kind_of_address_is_read(repository: RepositoryCopy) -> None:
    read = {(r.client, f"{r.host}:{r.port}") for r in references(repository.project)}
    assert read >= {
        ("prometheus", "web:9464"),
        ("prometheus", "worker:9465"),
        ("prometheus", "jaeger:8888"),
        ("prometheus", "alertmanager:9093"),
        ("alertmanager", "mail:1025"),
        ("alertmanager", "inbox:8026"),
        ("grafana", "prometheus:9090"),
        ("grafana", "jaeger:16686"),
        ("grafana", "alertmanager:9093"),
        ("web", "postgres:5432"),
        ("web", "valkey:6379"),
        ("web", "jaeger:4318"),
        ("worker", "mail:1025"),
        ("migrate", "postgres:5432"),
    }


def test_every_health_check_with_a_port_is_read(repository: RepositoryCopy) -> None:
    checked = {r.client for r in references(repository.project) if r.client == r.host}
    long_running = {s.name for s in repository.project.services.values() if s.is_long_running}
    assert long_running - checked == {"mail"}  # Mailpit's own command knows its port


@pytest.mark.parametrize(
    ("file", "old", "new", "fault"),
    [
        (
            PROMETHEUS,
            '"web:9464"',
            '"web:9465"',
            f"{PROMETHEUS}: prometheus calls web:9465, and web has no port 9465",
        ),
        (
            PROMETHEUS,
            '"worker:9465"',
            '"127.0.0.1:9465"',
            (
                f"{PROMETHEUS}: prometheus calls 127.0.0.1:9465,"
                " which in a container is the container itself"
            ),
        ),
        (
            PROMETHEUS,
            '"alertmanager:9093"',
            '"alerts:9093"',
            f"{PROMETHEUS}: prometheus calls alerts:9093, and there is no service alerts",
        ),
        (
            SOURCES,
            "http://jaeger:16686",
            "http://jaeger:16687",
            f"{SOURCES}: grafana calls jaeger:16687, and jaeger has no port 16687",
        ),
        (
            ALERTMANAGER,
            "mail:1025",
            "mail:25",
            f"{ALERTMANAGER}: alertmanager calls mail:25, and mail has no port 25",
        ),
        (
            ALERTMANAGER,
            "http://inbox:8026",
            "http://hooks:8026",
            f"{ALERTMANAGER}: alertmanager calls hooks:8026, and there is no service hooks",
        ),
        (
            COMPOSE,
            "@postgres:5432/",
            "@postgres:5433/",
            (
                f"{COMPOSE}: SIGHTLINE_DATABASE_URL: web calls postgres:5433,"
                " and postgres has no port 5433"
            ),
        ),
        (
            COMPOSE,
            "@postgres:5432/",
            "@database/",
            (
                f"{COMPOSE}: SIGHTLINE_DATABASE_URL: web calls database:5432,"
                " and there is no service database"
            ),
        ),
        (
            COMPOSE,
            "redis://valkey:6379/0",
            "redis://localhost:6379/0",
            (
                f"{COMPOSE}: SIGHTLINE_REDIS_URL: web calls localhost:6379,"
                " which in a container is the container itself"
            ),
        ),
        (
            COMPOSE,
            "http://jaeger:4318",
            "http://jaeger:4319",
            (
                f"{COMPOSE}: OTEL_EXPORTER_OTLP_ENDPOINT: web calls jaeger:4319,"
                " and jaeger has no port 4319"
            ),
        ),
        (
            COMPOSE,
            "SIGHTLINE_SMTP_HOST: mail",
            "SIGHTLINE_SMTP_HOST: smtp",
            f"{COMPOSE}: SIGHTLINE_SMTP_HOST: worker calls smtp:1025, and there is no service smtp",
        ),
        (
            COMPOSE,
            "127.0.0.1:8000/readyz",
            "127.0.0.1:8001/readyz",
            f"{COMPOSE}: healthcheck: web calls web:8001, and web has no port 8001",
        ),
        (
            COMPOSE,
            "'127.0.0.1', 8026",
            "'127.0.0.1', 8027",
            f"{COMPOSE}: healthcheck: inbox calls inbox:8027, and inbox has no port 8027",
        ),
        (
            COMPOSE,
            "networks: [data, edge]",
            "networks: [edge]",
            (
                f"{COMPOSE}: SIGHTLINE_REDIS_URL: web calls valkey:6379,"
                " and shares no network with valkey"
            ),
        ),
    ],
)
def test_an_address_that_leads_nowhere_is_found(
    repository: RepositoryCopy, file: str, old: str, new: str, fault: str
) -> None:
    repository.change(old, new, file)
    assert fault in repository.says(check_agreement)
