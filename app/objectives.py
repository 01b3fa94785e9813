"""What the service promises: its service-level objectives, as data."""

from typing import Final

from telemetry.catalog import http
from telemetry.catalog.objectives import Availability, Latency, Matcher, Objective

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

OBJECTIVES: Final = (API_AVAILABILITY, CHECK_LATENCY)
