"""What Prometheus and Alertmanager say of themselves, and Prometheus of each scrape.

They declare it, not our catalog; here stands what rules and runbooks ask of it, so that no query
names a series that is not there. Names and labels: their own metrics endpoints.
"""

from typing import Final

from alerts import naming
from telemetry.catalog.declarations import Counter, Gauge, Label, Metric

RULE_GROUP: Final = Label("rule_group")
INTEGRATION: Final = Label("integration")

UP: Final = Gauge(
    name=naming.UP,
    unit="{target}",
    description="1 if the last scrape of the target succeeded, else 0.",
)
SCRAPE_DURATION: Final = Gauge(
    name="scrape.duration", unit="s", description="Duration of the last scrape."
)
SCRAPE_SAMPLES: Final = Gauge(
    name="scrape.samples_scraped", unit="{sample}", description="Samples of the last scrape."
)
RULE_FAILURES: Final = Counter(
    name="prometheus.rule.evaluation_failures",
    unit="{failure}",
    description="Evaluations of rules that failed.",
    labels=(RULE_GROUP,),
)
RULE_GROUP_DURATION: Final = Gauge(
    name="prometheus.rule_group.last_duration",
    unit="s",
    description="Duration of the group's last evaluation.",
    labels=(RULE_GROUP,),
)
ALERTS_DROPPED: Final = Counter(
    name="prometheus.notifications.dropped",
    unit="{alert}",
    description="Alerts that reached no Alertmanager.",
)
COMPACTIONS_FAILED: Final = Counter(
    name="prometheus.tsdb.compactions_failed",
    unit="{compaction}",
    description="Compactions of the stored samples that failed.",
)
PROMETHEUS_RELOADED: Final = Gauge(
    name="prometheus.config.last_reload_successful",
    unit="{reload}",
    description="1 if Prometheus took the configuration that it was last given, else 0.",
)
PROMETHEUS_RELOAD_TIME: Final = Gauge(
    name="prometheus.config.last_reload_success_timestamp",
    unit="s",
    description="When Prometheus last took a configuration, since the Unix epoch.",
)
ALERTMANAGER_RELOADED: Final = Gauge(
    name="alertmanager.config.last_reload_successful",
    unit="{reload}",
    description="1 if Alertmanager took the configuration that it was last given, else 0.",
)
NOTIFICATIONS: Final = Counter(
    name="alertmanager.notifications",
    unit="{message}",
    description="Messages that Alertmanager set out to deliver.",
    labels=(INTEGRATION,),
)
NOTIFICATIONS_FAILED: Final = Counter(
    name="alertmanager.notifications.failed",
    unit="{message}",
    description="Messages that Alertmanager could not deliver.",
    labels=(INTEGRATION,),
)
CLUSTER_MEMBERS: Final = Gauge(
    name="alertmanager.cluster.members",
    unit="{member}",
    description="Replicas that this one knows, itself included.",
)
CLUSTER_HEALTH: Final = Gauge(
    name="alertmanager.cluster.health_score",
    unit="{score}",
    description="How slow or cut off a replica finds itself; 0 is well.",
)

METRICS: Final[tuple[Metric, ...]] = (
    UP,
    SCRAPE_DURATION,
    SCRAPE_SAMPLES,
    RULE_FAILURES,
    RULE_GROUP_DURATION,
    ALERTS_DROPPED,
    COMPACTIONS_FAILED,
    PROMETHEUS_RELOADED,
    PROMETHEUS_RELOAD_TIME,
    ALERTMANAGER_RELOADED,
    NOTIFICATIONS,
    NOTIFICATIONS_FAILED,
    CLUSTER_MEMBERS,
    CLUSTER_HEALTH,
)
