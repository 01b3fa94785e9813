"""What Prometheus scrapes, as the alerts see it: jobs, and what their silence means."""

from dataclasses import dataclass
from typing import Final

from alerts.naming import Severity
from app import signals
from telemetry.catalog import http
from telemetry.catalog.declarations import DeclarationError, Metric


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One or more jobs whose loss has the same meaning.

    `called` is what a sentence says for them. `required` jobs are missed even when no target of
    theirs is configured. `traced` ones have traces under the job's name. `impact` ends the mail's
    sentence.
    """

    jobs: tuple[str, ...]
    called: str
    severity: Severity
    impact: str
    required: bool = False
    traced: bool = False


WEB: Final = Target(
    jobs=("sightline-web",),
    called="a web process",
    severity=Severity.CRITICAL,
    impact="Its users may get no answer, and the objectives measured there are blind.",
    required=True,
    traced=True,
)
WORKER: Final = Target(
    jobs=("sightline-worker",),
    called="a worker",
    severity=Severity.WARNING,
    impact="Reports and their mails wait in the queue; nothing is lost.",
    required=True,
    traced=True,
)
PLATFORM: Final = Target(
    jobs=("prometheus", "alertmanager", "jaeger"),
    called="a part of what watches the service",
    severity=Severity.WARNING,
    impact="The service runs on, but part of what watches it is gone.",
)
TARGETS: Final = (WEB, WORKER, PLATFORM)
SERVICE_JOBS: Final = tuple(job for target in TARGETS if target.traced for job in target.jobs)
"""The processes of the service: those whose traces stand under the job's name."""

_EMITTERS: Final = {
    **{metric.name: WEB for metric in http.METRICS},
    **{
        metric.name: WORKER
        for metric in (
            signals.REPORT_DELIVERY_TIME,
            signals.REPORTS_FINISHED,
            signals.AUDIT_SEALING_TIME,
        )
    },
}


def job_of(metric: Metric) -> str:
    """Return the job that exposes a metric; others may share the metric's conventional name."""
    if metric.name not in _EMITTERS:
        message = f"no job is known to expose {metric.name!r}: say so in alerts/targets.py"
        raise DeclarationError(message)
    return _EMITTERS[metric.name].jobs[0]
