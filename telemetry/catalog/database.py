"""Database client signals (semantic conventions 1.44, "Database client metrics")."""

from typing import Final

from telemetry.catalog import attributes
from telemetry.catalog.declarations import Counter, Gauge, Histogram, Label, Span, SpanKind

DURATION_BUCKETS: Final = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10)

SYSTEM: Final = Label(attributes.DB_SYSTEM_NAME, ("postgresql", "redis"))
OPERATION: Final = Label(attributes.DB_OPERATION_NAME)
POOL: Final = Label(attributes.DB_CONNECTION_POOL)
STATE: Final = Label(attributes.DB_CONNECTION_STATE, ("idle", "used"))
ERROR_TYPE: Final = Label(attributes.ERROR_TYPE)

OPERATION_DURATION: Final = Histogram(
    name="db.client.operation.duration",
    unit="s",
    description="Duration of database client operations.",
    labels=(SYSTEM, OPERATION, ERROR_TYPE),
    buckets=DURATION_BUCKETS,
)

CONNECTION_COUNT: Final = Gauge(
    name="db.client.connection.count",
    unit="{connection}",
    description="Connections of the pool, by state.",
    labels=(POOL, STATE),
)
CONNECTION_MAX: Final = Gauge(
    name="db.client.connection.max",
    unit="{connection}",
    description="The most connections that the pool opens.",
    labels=(POOL,),
)
PENDING_REQUESTS: Final = Gauge(
    name="db.client.connection.pending_requests",
    unit="{request}",
    description="Callers that wait for a connection now.",
    labels=(POOL,),
)
TIMEOUTS: Final = Counter(
    name="db.client.connection.timeouts",
    unit="{timeout}",
    description="Waits for a connection that ended without one.",
    labels=(POOL,),
)
WAIT_TIME: Final = Histogram(
    name="db.client.connection.wait_time",
    unit="s",
    description="Time that a caller waited for a connection.",
    labels=(POOL,),
    buckets=DURATION_BUCKETS,
)
USE_TIME: Final = Histogram(
    name="db.client.connection.use_time",
    unit="s",
    description="Time between taking a connection and giving it back.",
    labels=(POOL,),
    buckets=DURATION_BUCKETS,
)

POOL_ACQUIRE: Final = Span(
    "pool.acquire", SpanKind.INTERNAL, "The wait for a connection of the pool."
)

METRICS: Final = (
    OPERATION_DURATION,
    CONNECTION_COUNT,
    CONNECTION_MAX,
    PENDING_REQUESTS,
    TIMEOUTS,
    WAIT_TIME,
    USE_TIME,
)
SPANS: Final = (POOL_ACQUIRE,)
