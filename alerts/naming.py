"""Every name that rules, notifications and dashboards share: series, labels, alerts.

Plain data without dependencies beside the catalog, so that dashboards may import it.
No name depends on the time scale: `window="1h"` means the 1 h rule, in compressed time too.
"""

from enum import Enum
from typing import Final

from telemetry.catalog.objectives import Objective

# Recorded per process (labels: job, instance, slo), so that a panel can select instances.
EVENTS: Final = "instance:slo_events:increase1m"
BAD_EVENTS: Final = "instance:slo_bad_events:increase1m"

# Recorded per objective and window (labels: slo, window).
BAD_EVENTS_SUM: Final = "slo:bad_events:sum"
ERROR_RATIO: Final = "slo:errors:ratio"
BURN_RATE: Final = "slo:burn_rate:ratio"
BUDGET_LEFT: Final = "slo:budget_left:ratio"
EXHAUSTION: Final = "slo:budget_exhaustion:seconds"
"""Until nothing of the budget is left, at the speed of the last hour; at most the period."""

RECORDED: Final = (
    EVENTS,
    BAD_EVENTS,
    BAD_EVENTS_SUM,
    ERROR_RATIO,
    BURN_RATE,
    BUDGET_LEFT,
    EXHAUSTION,
)

# What Prometheus itself provides.
UP: Final = "up"
LE: Final = "le"

ALERTNAME: Final = "alertname"
INSTANCE: Final = "instance"
JOB: Final = "job"
SEVERITY: Final = "severity"
SLO: Final = "slo"
WINDOW: Final = "window"

NOTIFICATIONS_FAILING: Final = "AlertmanagerNotificationsFailing"
CLUSTER_SPLIT: Final = "AlertmanagerClusterSplit"
AUDIT_SEALING_STOPPED: Final = "AuditSealingStopped"
CACHE_BREAKER_OPEN: Final = "AuthorizationBreakerOpen"
CACHE_BYPASSED: Final = "AuthorizationCacheBypassed"
CLOCK_SKEWED: Final = "ClockSkewed"
CONFIGURATION_REFUSED: Final = "ConfigurationRefused"
CREDENTIALS_REFUSED: Final = "CredentialsRefused"
DATABASE_UNAVAILABLE: Final = "DatabaseUnavailable"
POOL_SATURATED: Final = "DatabasePoolSaturated"
LOOP_BLOCKED: Final = "EventLoopBlocked"
IMPORT_STUCK: Final = "ImportStuck"
MAIL_FAILING: Final = "MailFailing"
MEMORY_GROWING: Final = "MemoryGrowing"
RULES_FAILING: Final = "PrometheusRulesFailing"
LEASES_EXPIRING: Final = "ReportLeasesExpiring"
QUEUE_DELAYED: Final = "ReportQueueDelayed"
DEAD_LETTERED: Final = "ReportsDeadLettered"
EXEMPLARS_LOST: Final = "TelemetryExemplarLinksLost"
THREAD_FAILING: Final = "TelemetryThreadFailing"
INPUT_REFUSED: Final = "TelemetryInputRefused"
LOG_LINES_DROPPED: Final = "TelemetryLogLinesDropped"
SCRAPES_REFUSED: Final = "TelemetryScrapesRefused"
SERIES_CAPPED: Final = "TelemetrySeriesCapped"
SIGNALS_CUT: Final = "TelemetrySignalsCut"
SPANS_DROPPED: Final = "TelemetrySpansDropped"
TARGET_DOWN: Final = "TargetDown"
TRAFFIC_STOPPED: Final = "TrafficStopped"
USER_BATCH_STUCK: Final = "UserBatchStuck"
WATCHDOG: Final = "Watchdog"


class Severity(Enum):
    """What a person must do: get up, look within the working day, or nothing."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


def burn_alert(objective: Objective) -> str:
    """Return the name that the objective's four burn-rate alerts share."""
    return f"{objective.title}BudgetBurn"
