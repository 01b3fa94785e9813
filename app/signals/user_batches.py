"""Batches of users: accepted, processed, put down.

`app.batches` emits them, in its modules of users; imports are in `app.signals.imports`.
"""

from typing import Final

from telemetry.catalog.declarations import Counter, Event, Gauge, Histogram, Label, Span, SpanKind

USER_OUTCOME: Final = Label("batch.user.outcome", ("done", "failed"))
USER_BATCH_OUTCOME: Final = Label(
    "user_batch.outcome", ("done", "failed", "cancelled", "handed_back", "interrupted")
)

BATCH_SIZE: Final = "batch.size"
USER_BATCH_ID: Final = "user_batch.id"
USER_BATCH_OPERATION: Final = "user_batch.operation"
USER_BATCH_DONE: Final = "user_batch.done"
USER_BATCH_FAILED: Final = "user_batch.failed"

BATCH_USERS: Final = Counter(
    name="batch.users",
    unit="{user}",
    description="Users processed in batches, by outcome.",
    labels=(USER_OUTCOME,),
)
USER_BATCH_CHECKPOINT_AGE: Final = Gauge(
    name="user_batch.checkpoint.age",
    unit="s",
    description="Longest time that a batch of users in hand has been at its checkpoint; 0: none.",
)
BATCH_DURATION: Final = Histogram(
    name="batch.duration",
    unit="s",
    description="Duration of processing one batch of users.",
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)

BATCH_OF_USERS: Final = Span("batch.users", SpanKind.INTERNAL, "A batch of users is processed.")
ENQUEUE_USER_BATCH: Final = Span(
    "send user_batches", SpanKind.PRODUCER, "A batch of users is accepted; its context travels on."
)
PROCESS_USER_BATCH: Final = Span(
    "process user_batches", SpanKind.CONSUMER, "A batch of users is run; linked to its request."
)

USER_BATCH_ACCEPTED: Final = Event("user_batch.accepted", "A batch of users was put on record.")
USER_BATCH_ENDED: Final = Event(
    "user_batch.ended", "A process put a batch of users down: done, cancelled or handed back."
)
USER_BATCH_FAILED_FOR_GOOD: Final = Event("user_batch.failed", "A batch of users failed for good.")
USER_BATCH_INTERRUPTED: Final = Event(
    "user_batch.interrupted", "A try of a batch of users ended without its end; another follows."
)
