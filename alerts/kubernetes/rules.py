"""The rule groups as a PrometheusRule."""

from typing import Any

from alerts.kubernetes.objects import APPLICATION, operated
from alerts.rules import Group


def prometheus_rule(groups: tuple[Group, ...]) -> dict[str, Any]:
    """Return the object; its labels are those by which kube-prometheus' Prometheus takes rules."""
    specification = {"groups": [group.document() for group in groups]}
    return operated(
        "PrometheusRule", APPLICATION, specification, prometheus="k8s", role="alert-rules"
    )
