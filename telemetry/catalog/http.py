"""HTTP server signals (semantic conventions 1.44, "HTTP metrics" and "HTTP spans")."""

from typing import Final

from telemetry.catalog import attributes
from telemetry.catalog.declarations import Event, Gauge, Histogram, Label

OTHER_METHOD: Final = "_OTHER"
"""The value that stands for every method outside `KNOWN_METHODS`."""

OTHER_SCHEME: Final = "_OTHER"

KNOWN_METHODS: Final = (
    "CONNECT",
    "DELETE",
    "GET",
    "HEAD",
    "OPTIONS",
    "PATCH",
    "POST",
    "PUT",
    "QUERY",
    "TRACE",
)

METHOD: Final = Label(attributes.HTTP_REQUEST_METHOD)
"""One of the known methods, which a service may change, or `_OTHER`."""

SCHEME: Final = Label(attributes.URL_SCHEME, ("http", "https", OTHER_SCHEME))
ROUTE: Final = Label(attributes.HTTP_ROUTE)
STATUS_CODE: Final = Label(attributes.HTTP_RESPONSE_STATUS_CODE)
ERROR_TYPE: Final = Label(attributes.ERROR_TYPE)

REQUEST_DURATION: Final = Histogram(
    name="http.server.request.duration",
    unit="s",
    description="Duration of HTTP server requests, from the first byte to the last.",
    labels=(METHOD, SCHEME, ROUTE, STATUS_CODE, ERROR_TYPE),
    buckets=(0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10),
)

ACTIVE_REQUESTS: Final = Gauge(
    name="http.server.active_requests",
    unit="{request}",
    description="Requests that are being served now.",
    labels=(METHOD, SCHEME),
)

REQUEST_FINISHED: Final = Event(
    "request.finished", "The access line: one a request, after its last byte."
)
REQUEST_FAILED: Final = Event(
    "request.failed", "An exception that no handler expected; answered with a 500."
)

METRICS: Final = (REQUEST_DURATION, ACTIVE_REQUESTS)
EVENTS: Final = (REQUEST_FINISHED, REQUEST_FAILED)
