"""The caches before the grants on record, and the epoch that keeps them honest.

`app.authorization` emits them: its layers, its breaker round Redis and its epoch.
"""

from typing import Final

from telemetry.catalog.declarations import Counter, Event, Gauge, Histogram, Label, Span, SpanKind

LAYER: Final = Label("authorization.cache.layer", ("l1", "l2"))
CACHE_RESULT: Final = Label(
    "authorization.cache.result",
    ("hit", "miss", "coalesced", "stale_refused", "bypass", "error"),
)
CACHE_FILL: Final = Label("authorization.cache.fill", ("stored", "stale_refused", "error"))
BREAKER_STATE: Final = Label("authorization.cache.breaker.state", ("closed", "half_open", "open"))
EPOCH_NEWS: Final = Label("authorization.epoch.news", ("own", "pushed", "polled"))

CACHE_LOOKUPS: Final = Counter(
    name="authorization.cache.lookups",
    unit="{lookup}",
    description="Look-ups in a cache layer, by result.",
    labels=(LAYER, CACHE_RESULT),
)
CACHE_FILLS: Final = Counter(
    name="authorization.cache.fills",
    unit="{decision}",
    description="Loaded decisions that a layer kept, or refused as the epoch had moved on.",
    labels=(LAYER, CACHE_FILL),
)
CACHE_LOAD_DURATION: Final = Histogram(
    name="authorization.cache.load.duration",
    unit="s",
    description="Time that a layer waited for the layers below it, once for all who asked.",
    labels=(LAYER,),
    buckets=(0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1),
)
CACHE_BREAKER: Final = Gauge(
    name="authorization.cache.breaker",
    unit="{breaker}",
    description="1 for the state that the circuit breaker round Redis is in, 0 for the others.",
    labels=(BREAKER_STATE,),
)
CACHE_ENTRIES: Final = Gauge(
    name="authorization.cache.entries",
    unit="{entry}",
    description="Decisions that the in-process cache holds.",
)
EPOCH_AGE: Final = Gauge(
    name="authorization.epoch.age",
    unit="s",
    description="Time since the caches' epoch was last confirmed; past 2 s they are bypassed.",
)
EPOCH_MOVES: Final = Counter(
    name="authorization.epoch.moves",
    unit="{move}",
    description="New epochs, by how the process came to know: its own change, a push or a poll.",
    labels=(EPOCH_NEWS,),
)

CACHE_L1: Final = Span("cache.l1", SpanKind.INTERNAL, "Look-up in the in-process cache.")
CACHE_L2: Final = Span("cache.l2", SpanKind.INTERNAL, "Look-up in the Redis cache.")

CACHE_UNAVAILABLE: Final = Event("cache.unavailable", "Redis failed; the database answers.")
CACHE_RECOVERED: Final = Event("cache.recovered", "Redis answers again.")
EPOCH_UNCONFIRMED: Final = Event("epoch.unconfirmed", "The caches are bypassed.")
EPOCH_CONFIRMED: Final = Event("epoch.confirmed", "The caches are in use again.")
