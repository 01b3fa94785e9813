"""The live half of the matrix: which fault proves each alert on a real Prometheus and Alertmanager.

`tests/alerts` breaks what stands here, and fails where a cell was not seen in that run.
"""

from collections.abc import Mapping
from enum import Enum
from typing import Final

from alerts import naming
from alerts.naming import Severity
from alerts.rules import AlertRule
from app.objectives import API_AVAILABILITY, AUDIT_SEALING, CHECK_LATENCY, REPORT_DELIVERY


class Live(Enum):
    """What a live run shows of a rule."""

    FIRED = "fired"
    MAILED = "mailed"
    POSTED = "posted to the webhook"
    RESOLVED = "resolved told by each way"
    EXECUTED = "runbook executed"


_TELEMETRY: Final = "the real telemetry of a small service"

FAULTS: Final[Mapping[str, str]] = {
    naming.burn_alert(API_AVAILABILITY): "PostgreSQL is stopped under a web process",
    naming.burn_alert(CHECK_LATENCY): "every answer of PostgreSQL comes 150 ms late",
    naming.burn_alert(REPORT_DELIVERY): "reports that cannot be made are given up",
    naming.burn_alert(AUDIT_SEALING): "entries of long transactions are committed late",
    naming.TARGET_DOWN: "a web process is killed, workers are frozen, an Alertmanager is killed",
    naming.WATCHDOG: "nothing; in the end Prometheus is stopped, and it is taken back",
    naming.AUDIT_SEALING_STOPPED: "somebody holds the sealer's lock",
    naming.CACHE_BREAKER_OPEN: "Redis goes silent, its connections open",
    naming.CACHE_BYPASSED: "the connection by which invalidations come goes silent",
    naming.DATABASE_UNAVAILABLE: "PostgreSQL is stopped under a web process",
    naming.POOL_SATURATED: "somebody's transaction locks the tables that checks read",
    naming.LOOP_BLOCKED: "the switch of the drill's build holds the event loop",
    naming.DEAD_LETTERED: "reports that cannot be made are given up",
    naming.QUEUE_DELAYED: "the mail server takes connections and says nothing",
    naming.MAIL_FAILING: "the mail server refuses connections",
    naming.LEASES_EXPIRING: "three workers are frozen with a mail in hand",
    naming.IMPORT_STUCK: "somebody's transaction holds the row that an import writes",
    naming.USER_BATCH_STUCK: "somebody's transaction holds the grant of a user who leaves",
    naming.MEMORY_GROWING: "the switch of the drill's build keeps 40 MiB more every second",
    naming.CLOCK_SKEWED: "the switch of the drill's build sets the process's clock ahead",
    naming.CREDENTIALS_REFUSED: "a client goes on with a key that is none",
    naming.TRAFFIC_STOPPED: "every client stops",
    naming.RULES_FAILING: "a rule file is loaded whose rule cannot be evaluated",
    naming.NOTIFICATIONS_FAILING: "a second Alertmanager sends to servers that are not there",
    naming.CLUSTER_SPLIT: "a second Alertmanager is started without its peer, then killed",
    naming.CONFIGURATION_REFUSED: "Prometheus is told to load a file that it cannot read",
    naming.SPANS_DROPPED: f"a collector refuses all of {_TELEMETRY}",
    naming.EXEMPLARS_LOST: f"a collector rejects one span in each batch of {_TELEMETRY}",
    naming.LOG_LINES_DROPPED: f"the disk is full under {_TELEMETRY}",
    naming.THREAD_FAILING: f"a destination of spans raises an unknown error in {_TELEMETRY}",
    naming.SERIES_CAPPED: f"a label without end in {_TELEMETRY}",
    naming.SIGNALS_CUT: f"lines and attributes that may not leave {_TELEMETRY}",
    naming.INPUT_REFUSED: f"clients send nonsense to {_TELEMETRY}",
    naming.SCRAPES_REFUSED: f"scrapers hold all connections of {_TELEMETRY}",
}
"""By alert: what is broken."""

WAIVED_LIVE: Final[Mapping[tuple[str, Live], str]] = {}
"""By alert: why a cell cannot be proven live."""


def demanded_live(rule: AlertRule) -> tuple[Live, ...]:
    """Return the columns of a rule: pages go by mail and webhook, tickets by mail alone.

    The Watchdog goes to the dead man's webhook alone.
    """
    ways = {
        Severity.CRITICAL: (Live.MAILED, Live.POSTED),
        Severity.WARNING: (Live.MAILED,),
        Severity.INFO: (Live.POSTED,),
    }
    return (Live.FIRED, *ways[rule.severity], Live.RESOLVED, Live.EXECUTED)
