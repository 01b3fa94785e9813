"""What the queues of reports and of mails share: depth, age, leases, dead letters.

Every worker emits them, in `app.reports.consumer` and `app.reports.sampler`.
"""

from typing import Final

from telemetry.catalog.declarations import Counter, Event, Gauge, Label

QUEUE: Final = Label("report.queue", ("reports", "mail"))

QUEUE_DEPTH: Final = Gauge(
    name="report.queue.depth",
    unit="{message}",
    description="Messages of the queue that are due and not done.",
    labels=(QUEUE,),
)
QUEUE_AGE: Final = Gauge(
    name="report.queue.oldest_age",
    unit="s",
    description="Age of the oldest message of the queue that is due and not done.",
    labels=(QUEUE,),
)
LEASES_LOST: Final = Counter(
    name="report.leases.lost",
    unit="{lease}",
    description="Results refused because another worker had taken the message over.",
    labels=(QUEUE,),
)
LEASES_EXPIRED: Final = Counter(
    name="report.leases.expired",
    unit="{lease}",
    description="Messages taken over from a worker that gave no sign of life.",
    labels=(QUEUE,),
)
DEAD_LETTERS: Final = Gauge(
    name="report.queue.dead",
    unit="{message}",
    description="Messages of the queue that nobody tries again unless they are replayed.",
    labels=(QUEUE,),
)

LEASE_LOST: Final = Event("lease.lost", "A result came after its lease had gone; it is discarded.")
MESSAGE_CANCELLED: Final = Event(
    "message.cancelled", "A worker ended the work on a message that nobody wants any more."
)
MESSAGE_HANDED_BACK: Final = Event(
    "message.handed_back", "A worker that had to stop put its message back, untried."
)
QUEUE_UNAVAILABLE: Final = Event(
    "queue.unavailable", "The queue's database failed; the worker waits for it."
)
QUEUE_RECOVERED: Final = Event("queue.recovered", "The queue's database answers again.")
