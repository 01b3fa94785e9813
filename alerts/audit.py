"""The alert on the audit trail: entries that wait to be chained could be changed unseen.

The lag is sampled by the web processes too: it grows where they see it when every sealer is down.
"""

from typing import Final

from alerts import naming, promql
from alerts.clock import Clock
from alerts.durations import seconds
from alerts.links import AUDIT_BOARD, Links
from alerts.naming import Severity
from alerts.rules import AlertRule, Group
from alerts.targets import SERVICE_JOBS
from app.signals import AUDIT_LAG

_LONGEST_LAG: Final = "1m"
_HOLD: Final = "1m"
_LOOKBACK: Final = "1h"


def group(clock: Clock, links: Links) -> Group:
    """Return the alert on the audit trail."""
    lag = f"max({promql.level(AUDIT_LAG, SERVICE_JOBS)})"
    limit = seconds(clock.window(_LONGEST_LAG))
    lookback = clock.window(_LOOKBACK)
    return Group(
        name="audit",
        interval=clock.evaluation_interval,
        rules=(
            AlertRule(
                name=naming.AUDIT_SEALING_STOPPED,
                subject=naming.AUDIT_SEALING_STOPPED,
                expression=f"{lag} > {limit}",
                hold=clock.hold(_HOLD),
                severity=Severity.WARNING,
                annotations={
                    "summary": "Audit entries are not sealed.",
                    "description": (
                        "The oldest audit entry that is not chained is {{ $value |"
                        " humanizeDuration }} old. None is lost, but a change of those that wait"
                        " would leave no trace."
                    ),
                    "runbook_url": links.runbook(naming.AUDIT_SEALING_STOPPED),
                    "dashboard_url": links.board(AUDIT_BOARD, lookback),
                    "graph_url": links.graph(lag, lookback),
                },
            ),
        ),
    )
