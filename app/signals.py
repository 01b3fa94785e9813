"""The service's own signals: plain declarations, the only place that names them.

What HTTP, databases, messaging and the runtime have in common is in `telemetry.catalog`.
"""

from typing import Final

from telemetry.catalog.declarations import (
    Counter,
    Event,
    Gauge,
    Histogram,
    Label,
    Span,
    SpanKind,
)

LAYER: Final = Label("authorization.cache.layer", ("l1", "l2"))
CACHE_RESULT: Final = Label("authorization.cache.result", ("hit", "miss", "bypass", "error"))
DECISION: Final = Label("authorization.decision", ("allow", "deny"))
DECISION_SOURCE: Final = Label("authorization.decision.source", ("l1", "l2", "database"))
CHANGE: Final = Label("authorization.change", ("grant", "revoke"))
REPORT_OUTCOME: Final = Label("report.outcome", ("delivered", "retried", "dead"))
QUEUE: Final = Label("report.queue", ("reports", "mail"))
MAIL_OUTCOME: Final = Label("mail.outcome", ("sent", "retried", "dead"))

SUBJECT_HASH: Final = "authorization.subject.hash"
"""Whose permission it is about, as a keyed hash; `user.hash` is who asks."""
TASK_ID: Final = "report.task_id"
ATTEMPT: Final = "report.attempt"
GRANTS: Final = "report.grants"
RETRY_SECONDS: Final = "report.retry_seconds"
SMTP_REPLY_CODE: Final = "smtp.reply.code"

CHECK_DURATION: Final = Histogram(
    name="authorization.check.duration",
    unit="s",
    description="Duration of permission checks, by decision and by the layer that answered.",
    labels=(DECISION, DECISION_SOURCE),
    buckets=(0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1),
)
CACHE_LOOKUPS: Final = Counter(
    name="authorization.cache.lookups",
    unit="{lookup}",
    description="Look-ups in a cache layer, by result.",
    labels=(LAYER, CACHE_RESULT),
)
CACHE_ENTRIES: Final = Gauge(
    name="authorization.cache.entries",
    unit="{entry}",
    description="Decisions that the in-process cache holds.",
)
GRANT_CHANGES: Final = Counter(
    name="authorization.grant.changes",
    unit="{change}",
    description="Grants added and revoked.",
    labels=(CHANGE,),
)
EPOCH_AGE: Final = Gauge(
    name="authorization.epoch.age",
    unit="s",
    description="Time since the caches' epoch was last confirmed; past 2 s they are bypassed.",
)

REPORTS_FINISHED: Final = Counter(
    name="report.jobs.finished",
    unit="{job}",
    description="Report jobs that a worker took, by outcome.",
    labels=(REPORT_OUTCOME,),
)
REPORT_DELIVERY_TIME: Final = Histogram(
    name="report.delivery.time",
    unit="s",
    description="Time from accepting a report to handing its mail to the mail server.",
    buckets=(0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600),
)
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
MAIL_FINISHED: Final = Counter(
    name="mail.deliveries",
    unit="{mail}",
    description="Attempts to hand a mail to the mail server, by outcome.",
    labels=(MAIL_OUTCOME,),
)

CACHE_L1: Final = Span("cache.l1", SpanKind.INTERNAL, "Look-up in the in-process cache.")
CACHE_L2: Final = Span("cache.l2", SpanKind.INTERNAL, "Look-up in the Redis cache.")
EVALUATE: Final = Span("grants.evaluate", SpanKind.INTERNAL, "Decision from the grants on record.")
ENQUEUE_REPORT: Final = Span(
    "send reports", SpanKind.PRODUCER, "A report job is put on the queue; its context travels on."
)
PROCESS_REPORT: Final = Span(
    "process reports", SpanKind.CONSUMER, "A worker makes a report; linked to the request."
)
GENERATE_REPORT: Final = Span("report.generate", SpanKind.INTERNAL, "The report's text is made.")
ENQUEUE_MAIL: Final = Span(
    "send mail", SpanKind.PRODUCER, "The report's mail is put in the outbox."
)
PROCESS_MAIL: Final = Span(
    "process mail", SpanKind.CONSUMER, "A mail of the outbox is delivered; linked to its job."
)
SMTP_SEND: Final = Span("smtp.send", SpanKind.CLIENT, "The mail is handed to the mail server.")

SERVICE_STARTED: Final = Event("service.started", "The process is ready for work.")
PSEUDONYM_KEY_MISSING: Final = Event(
    "pseudonym_key.missing", "Names are hashed with a key that only this process has."
)
SERVICE_STOPPED: Final = Event("service.stopped", "The process has handed back all its work.")
GRANT_CHANGED: Final = Event("grant.changed", "A grant was added or revoked.")
CACHE_UNAVAILABLE: Final = Event("cache.unavailable", "Redis failed; the database answers.")
EPOCH_UNCONFIRMED: Final = Event("epoch.unconfirmed", "The caches are bypassed.")
REPORT_SCHEDULED: Final = Event("report.scheduled", "A report was accepted.")
REPORT_GENERATED: Final = Event("report.generated", "A report was made and its mail put out.")
REPORT_FAILED: Final = Event("report.failed", "A report job failed and will be tried again.")
REPORT_DEAD: Final = Event("report.dead", "A report job failed for the last time.")
MAIL_SENT: Final = Event("mail.sent", "The mail server took a mail.")
MAIL_FAILED: Final = Event(
    "mail.failed", "The mail server did not take a mail, or that it did could not be recorded."
)
LEASE_LOST: Final = Event("lease.lost", "A result came after its lease had gone; it is discarded.")
MESSAGE_HANDED_BACK: Final = Event(
    "message.handed_back", "A worker that had to stop put its message back, untried."
)
QUEUE_UNAVAILABLE: Final = Event(
    "queue.unavailable", "The queue's database failed; the worker waits for it."
)
QUEUE_RECOVERED: Final = Event("queue.recovered", "The queue's database answers again.")

METRICS: Final = (
    CHECK_DURATION,
    CACHE_LOOKUPS,
    CACHE_ENTRIES,
    GRANT_CHANGES,
    EPOCH_AGE,
    REPORTS_FINISHED,
    REPORT_DELIVERY_TIME,
    QUEUE_DEPTH,
    QUEUE_AGE,
    LEASES_LOST,
    MAIL_FINISHED,
)

ATTRIBUTES: Final = (
    *(label.attribute for metric in METRICS for label in metric.labels),
    SUBJECT_HASH,
    TASK_ID,
    ATTEMPT,
    GRANTS,
    RETRY_SECONDS,
    SMTP_REPLY_CODE,
)
"""What may leave in spans and log lines beside `telemetry.catalog`'s; anything else is dropped."""
