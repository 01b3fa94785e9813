"""Database client signals (semantic conventions 1.44, "Database client metrics")."""

from typing import Final

from telemetry.catalog import attributes
from telemetry.catalog.declarations import Counter, Gauge, Histogram, Label, Span, SpanKind

DURATION_BUCKETS: Final = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10)

BATCH_SIZE: Final = "db.operation.batch.size"
COLLECTION_NAME: Final = "db.collection.name"
PROCEDURE_NAME: Final = "db.stored_procedure.name"
RETURNED_ROWS: Final = "db.response.returned_rows"

SYSTEM: Final = Label(attributes.DB_SYSTEM_NAME, ("postgresql", "redis"))
NAMESPACE: Final = Label(attributes.DB_NAMESPACE)
OPERATION: Final = Label(attributes.DB_OPERATION_NAME)
SUMMARY: Final = Label(attributes.DB_QUERY_SUMMARY)
COLLECTION: Final = Label(COLLECTION_NAME)
STATUS_CODE: Final = Label(attributes.DB_RESPONSE_STATUS_CODE)
SERVER_ADDRESS: Final = Label(attributes.SERVER_ADDRESS)
SERVER_PORT: Final = Label(attributes.SERVER_PORT)
POOL: Final = Label(attributes.DB_CONNECTION_POOL)
STATE: Final = Label(attributes.DB_CONNECTION_STATE, ("idle", "used"))
ERROR_TYPE: Final = Label(attributes.ERROR_TYPE)

OPERATION_DURATION: Final = Histogram(
    name="db.client.operation.duration",
    unit="s",
    description="Duration of database client operations.",
    labels=(
        SYSTEM,
        NAMESPACE,
        OPERATION,
        SUMMARY,
        COLLECTION,
        STATUS_CODE,
        ERROR_TYPE,
        SERVER_ADDRESS,
        SERVER_PORT,
    ),
    buckets=DURATION_BUCKETS,
)

CONNECTION_COUNT: Final = Gauge(
    name="db.client.connection.count",
    unit="{connection}",
    description="Connections of the pool, by state.",
    labels=(POOL, STATE),
)
CONNECTION_IDLE_MAX: Final = Gauge(
    name="db.client.connection.idle.max",
    unit="{connection}",
    description="The most connections that the pool keeps idle.",
    labels=(POOL,),
)
CONNECTION_IDLE_MIN: Final = Gauge(
    name="db.client.connection.idle.min",
    unit="{connection}",
    description="The fewest connections that the pool keeps open.",
    labels=(POOL,),
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
CREATE_TIME: Final = Histogram(
    name="db.client.connection.create_time",
    unit="s",
    description="Time that it took to open a connection.",
    labels=(POOL,),
    buckets=DURATION_BUCKETS,
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
    CONNECTION_IDLE_MAX,
    CONNECTION_IDLE_MIN,
    CONNECTION_MAX,
    PENDING_REQUESTS,
    TIMEOUTS,
    CREATE_TIME,
    WAIT_TIME,
    USE_TIME,
)
SPANS: Final = (POOL_ACQUIRE,)
