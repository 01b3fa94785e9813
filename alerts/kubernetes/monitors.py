"""What the cluster's Prometheus scrapes, so that every job has the name that rules and boards ask.

The service's processes are found as pods: their metrics port is on no Service. The parts that watch
it are found by the Services that they have anyway.
"""

from dataclasses import dataclass
from typing import Any, Final

from alerts import naming
from alerts.clock import Clock
from alerts.kubernetes.objects import APPLICATION, COMPONENT_LABEL, NAME_LABEL, operated
from alerts.targets import PLATFORM, WEB, WORKER
from telemetry.catalog.declarations import DeclarationError

METRICS_PORT: Final = "metrics"
"""The name that the container's port for metrics has (9464 of web, 9465 of worker by default)."""

_SCRAPE_TIMEOUT: Final = "10s"
_POD: Final = "__meta_kubernetes_pod_name"


@dataclass(frozen=True, slots=True)
class Found:
    """The Services behind which a job's processes are: their labels, and the port's name."""

    labels: tuple[tuple[str, str], ...]
    port: str


_SERVICES: Final = {
    # The operator makes these two for every Prometheus and Alertmanager that it runs.
    "prometheus": Found((("operated-prometheus", "true"),), "web"),
    "alertmanager": Found((("operated-alertmanager", "true"),), "web"),
    "jaeger": Found(((NAME_LABEL, "jaeger"),), METRICS_PORT),
}


def pod_monitors(clock: Clock) -> list[dict[str, Any]]:
    """Return a PodMonitor for each job of the service."""
    return [_pod_monitor(job, clock) for target in (WEB, WORKER) for job in target.jobs]


def service_monitors(clock: Clock) -> list[dict[str, Any]]:
    """Return a ServiceMonitor for each job that watches the service."""
    return [_service_monitor(job, clock) for job in PLATFORM.jobs]


def _pod_monitor(job: str, clock: Clock) -> dict[str, Any]:
    component = job.removeprefix(f"{APPLICATION}-")
    labels = {NAME_LABEL: APPLICATION, COMPONENT_LABEL: component}
    specification = {
        "selector": {"matchLabels": labels},
        "podMetricsEndpoints": [_endpoint(job, METRICS_PORT, clock)],
    }
    return operated("PodMonitor", job, specification, **{COMPONENT_LABEL: component})


def _service_monitor(job: str, clock: Clock) -> dict[str, Any]:
    if job not in _SERVICES:
        message = f"no Service is known to lead to job {job!r}: say so in {__name__}"
        raise DeclarationError(message)
    found = _SERVICES[job]
    specification = {
        "selector": {"matchLabels": dict(found.labels)},
        "endpoints": [_endpoint(job, found.port, clock)],
    }
    return operated("ServiceMonitor", f"{APPLICATION}-{job}", specification)


def _endpoint(job: str, port: str, clock: Clock) -> dict[str, Any]:
    """Return the endpoint; `job` is the service's name, `instance` the pod's, not an address."""
    return {
        "port": port,
        "path": "/metrics",
        "interval": clock.scrape_interval,
        "scrapeTimeout": _SCRAPE_TIMEOUT,
        "relabelings": [
            {"targetLabel": naming.JOB, "replacement": job},
            {"targetLabel": naming.INSTANCE, "sourceLabels": [_POD]},
        ],
    }
