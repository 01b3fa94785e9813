"""The service itself: its migrations, its web process and its worker."""

import sys

from compose.native.part import Part
from compose.native.plan import Plan
from compose.native.ports import HOST
from compose.native.readiness import http_ok


def service(plan: Plan) -> tuple[Part, ...]:
    """Return migrate, web and worker."""
    return _migrate(plan), _web(plan), _worker(plan)


def _migrate(plan: Plan) -> Part:
    return Part(
        name="migrate",
        command=(sys.executable, "-m", "app", "migrate"),
        environment=_settings(plan)
        | {
            "SIGHTLINE_DATABASE_URL": plan.owner_url,
            "SIGHTLINE_DATABASE_SERVICE_URL": plan.database_url,
        },
        ready=None,
        needs=("createdb",),
    )


def _web(plan: Plan) -> Part:
    ports = plan.ports
    return Part(
        name="web",
        command=(sys.executable, "-m", plan.web_module, "web"),
        environment={
            "SIGHTLINE_HTTP_HOST": HOST,
            "SIGHTLINE_HTTP_PORT": str(ports.web),
            "SIGHTLINE_METRICS_PORT": str(ports.web_metrics),
            "SIGHTLINE_API_KEYS": plan.api_keys,
        }
        | _settings(plan),
        ready=http_ok(plan.url(ports.web, "/readyz")),
        needs=("migrate", "valkey"),
        stop_seconds=20.0,
    )


def _worker(plan: Plan) -> Part:
    ports = plan.ports
    return Part(
        name="worker",
        command=(sys.executable, "-m", "app", "worker"),
        environment={
            "SIGHTLINE_METRICS_PORT": str(ports.worker_metrics),
            "SIGHTLINE_SMTP_HOST": HOST,
            "SIGHTLINE_SMTP_PORT": str(plan.as_others_see().ports.smtp),
        }
        | _settings(plan),
        ready=http_ok(plan.url(ports.worker_metrics, "/metrics")),
        needs=("migrate", "valkey", "mail"),
        stop_seconds=20.0,
    )


def _settings(plan: Plan) -> dict[str, str]:
    traces = {} if plan.traces_file is None else {"SIGHTLINE_TRACES_FILE": str(plan.traces_file)}
    reached = plan.as_others_see()
    usual = {
        "SIGHTLINE_DATABASE_URL": reached.database_url,
        "SIGHTLINE_REDIS_URL": reached.redis_url,
        "SIGHTLINE_METRICS_HOST": HOST,
        "SIGHTLINE_ENVIRONMENT": "native",
        "SIGHTLINE_PSEUDONYM_KEY": plan.pseudonym_key,
        "OTEL_EXPORTER_OTLP_ENDPOINT": reached.url(reached.ports.otlp_http),
    }
    return usual | traces | dict(plan.service_environment)
