"""What the service promises: its service-level objectives, as data."""

from typing import Final

from app import signals
from telemetry.catalog import http
from telemetry.catalog.objectives import (
    Availability,
    Freshness,
    Latency,
    Losses,
    Matcher,
    Objective,
)

_API: Final = Matcher(http.ROUTE, "!~", "/livez|/readyz")
_CHECK: Final = Matcher(http.ROUTE, "=~", "/permissions/check|/access/v1/evaluation")

API_AVAILABILITY: Final = Objective(
    slug="api-availability",
    title="ApiAvailability",
    promise="99.9 % of API requests are answered without a server error.",
    target=0.999,
    indicator=Availability(
        metric=http.REQUEST_DURATION,
        bad=(Matcher(http.STATUS_CODE, "=~", "5.."),),
        scope=(_API,),
    ),
)
CHECK_LATENCY: Final = Objective(
    slug="check-latency",
    title="CheckLatency",
    promise="99 % of permission checks are answered within 100 ms.",
    target=0.99,
    indicator=Latency(metric=http.REQUEST_DURATION, threshold=0.1, scope=(_CHECK,)),
)
REPORT_DELIVERY: Final = Objective(
    slug="report-delivery",
    title="ReportDelivery",
    promise="99 % of reports are delivered within 5 minutes of being ordered.",
    target=0.99,
    indicator=Freshness(
        metric=signals.REPORT_DELIVERY_TIME,
        threshold=300,
        lost=Losses(signals.REPORTS_FINISHED, (Matcher(signals.REPORT_OUTCOME, "=", "dead"),)),
        span=signals.PROCESS_MAIL,
    ),
    wakes=False,
)
AUDIT_SEALING: Final = Objective(
    slug="audit-sealing",
    title="AuditSealing",
    promise="99.9 % of audit entries are sealed within 60 s of being recorded.",
    target=0.999,
    indicator=Freshness(metric=signals.AUDIT_SEALING_TIME, threshold=60),
    wakes=False,
)

OBJECTIVES: Final = (API_AVAILABILITY, CHECK_LATENCY, REPORT_DELIVERY, AUDIT_SEALING)
