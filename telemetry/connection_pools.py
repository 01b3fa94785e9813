"""The `db.client.connection.*` set of one pool: what whoever lends connections has to tell.

`app.database.pool` tells it of PostgreSQL's connections, `telemetry.redis_pool` of Redis's.
"""

from opentelemetry.trace import Span

from telemetry.catalog import database
from telemetry.metrics import Meter


class PoolMetrics:
    """The metrics of one pool, by `name`; times in seconds.

    `most` connections may be open; `idle_least` of them are kept open without a user, and at most
    `idle_most`.
    """

    def __init__(
        self, meter: Meter, name: str, *, most: int, idle_most: int, idle_least: int
    ) -> None:
        self._name = name
        self._idle = meter.gauge(database.CONNECTION_COUNT).of(name, "idle")
        self._used = meter.gauge(database.CONNECTION_COUNT).of(name, "used")
        self._pending = meter.gauge(database.PENDING_REQUESTS).of(name)
        self._timeouts = meter.counter(database.TIMEOUTS)
        self._create_time = meter.histogram(database.CREATE_TIME)
        self._wait_time = meter.histogram(database.WAIT_TIME)
        self._use_time = meter.histogram(database.USE_TIME)
        self._timeouts.add(0, name)  # a rate needs a first sample
        for bound, connections in (
            (database.CONNECTION_MAX, most),
            (database.CONNECTION_IDLE_MAX, idle_most),
            (database.CONNECTION_IDLE_MIN, idle_least),
        ):
            meter.gauge(bound).set(connections, name)

    def connections(self, *, idle: int, used: int) -> None:
        """Set how many connections are open now."""
        self._idle.value = idle
        self._used.value = used

    def waits(self) -> None:
        """Note a caller that asks for a connection; `waits_no_more` follows, whatever happens."""
        self._pending.move(1)

    def waits_no_more(self) -> None:
        """Note that a caller has got its connection, or none."""
        self._pending.move(-1)

    def waited(self, seconds: float, span: Span | None) -> None:
        """Note how long a caller waited for the connection that it has got, in which span."""
        self._wait_time.observe_with(span, seconds, self._name)

    def timed_out(self) -> None:
        """Note a wait that ended without a connection, since none came free in time."""
        self._timeouts.add(1, self._name)

    def created(self, seconds: float) -> None:
        """Note how long it took to open a connection."""
        self._create_time.observe(seconds, self._name)

    def used(self, seconds: float, span: Span | None) -> None:
        """Note how long a connection was lent, to which span."""
        self._use_time.observe_with(span, seconds, self._name)
