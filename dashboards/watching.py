"""The series of what watches the service: Prometheus' own and Alertmanager's, as declarations.

Nobody here emits them, so they are in no catalog; declared, they are asked as all others are.
"""

from typing import Final

from telemetry.catalog import Counter, Gauge, Label

INTEGRATION: Final = Label("integration")
"""The way of a notification: `email`, `webhook`, …"""

UP: Final = Gauge(
    name="up",
    unit="{target}",
    description="1 where the last scrape of the target succeeded, 0 where it failed.",
    source="Prometheus",
)
RULE_FAILURES: Final = Counter(
    name="prometheus.rule_evaluation_failures",
    unit="{failure}",
    description="Evaluations of rules that failed, by group.",
    labels=(Label("rule_group"),),
    source="Prometheus",
)
PROMETHEUS_RELOADED: Final = Gauge(
    name="prometheus.config_last_reload_successful",
    unit="{reload}",
    description="1 where Prometheus took the configuration that it was last given, else 0.",
    source="Prometheus",
)
ALERTMANAGER_RELOADED: Final = Gauge(
    name="alertmanager.config_last_reload_successful",
    unit="{reload}",
    description="1 where Alertmanager took the configuration that it was last given, else 0.",
    source="Alertmanager",
)
NOTIFICATIONS: Final = Counter(
    name="alertmanager.notifications",
    unit="{notification}",
    description="Notifications that Alertmanager tried to send.",
    labels=(INTEGRATION,),
    source="Alertmanager",
)
NOTIFICATIONS_FAILED: Final = Counter(
    name="alertmanager.notifications_failed",
    unit="{notification}",
    description="Notifications that Alertmanager could not send.",
    labels=(INTEGRATION,),
    source="Alertmanager",
)
CLUSTER_MEMBERS: Final = Gauge(
    name="alertmanager.cluster_members",
    unit="{member}",
    description="Members of the cluster that a replica of Alertmanager sees, itself included.",
    source="Alertmanager",
)
WATCHING: Final = (
    UP,
    RULE_FAILURES,
    PROMETHEUS_RELOADED,
    ALERTMANAGER_RELOADED,
    NOTIFICATIONS,
    NOTIFICATIONS_FAILED,
    CLUSTER_MEMBERS,
)
