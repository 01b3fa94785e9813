"""Jaeger v2, with the containers' own configuration: its addresses are environment variables."""

from pathlib import Path
from typing import Final

from compose.native.part import Part
from compose.native.plan import REPOSITORY, Plan
from compose.native.ports import HOST
from compose.native.readiness import both, http_ok

_CONFIG: Final = REPOSITORY / "compose" / "jaeger" / "config.yaml"


def jaeger(plan: Plan, binary: Path) -> Part:
    """Return Jaeger; ready when it is healthy and its API answers."""
    ports = plan.ports
    return Part(
        name="jaeger",
        command=(str(binary), "--config", f"file:{_CONFIG}"),
        environment={
            "JAEGER_LISTEN_HOST": HOST,
            "JAEGER_QUERY_HTTP_PORT": str(ports.jaeger),
            "JAEGER_QUERY_GRPC_PORT": str(ports.jaeger_grpc),
            "JAEGER_METRICS_PORT": str(ports.jaeger_metrics),
            "JAEGER_HEALTH_PORT": str(ports.jaeger_health),
            "JAEGER_OTLP_GRPC_PORT": str(ports.otlp_grpc),
            "JAEGER_OTLP_HTTP_PORT": str(ports.otlp_http),
        },
        ready=both(
            http_ok(plan.url(ports.jaeger_health, "/status")),
            http_ok(plan.url(ports.jaeger, "/api/services")),
        ),
    )
