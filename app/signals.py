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
    Metric,
    Span,
    SpanKind,
)

LAYER: Final = Label("authorization.cache.layer", ("l1", "l2"))
CACHE_RESULT: Final = Label(
    "authorization.cache.result",
    ("hit", "miss", "coalesced", "stale_refused", "bypass", "error"),
)
CACHE_FILL: Final = Label("authorization.cache.fill", ("stored", "stale_refused", "error"))
BREAKER_STATE: Final = Label("authorization.cache.breaker.state", ("closed", "half_open", "open"))
EPOCH_NEWS: Final = Label("authorization.epoch.news", ("own", "pushed", "polled"))
DECISION: Final = Label("authorization.decision", ("allow", "deny"))
DECISION_SOURCE: Final = Label("authorization.decision.source", ("l1", "l2", "database"))
CHANGE: Final = Label("authorization.change", ("grant", "revoke"))
RELATION: Final = Label("authorization.relation", ("membership", "parent", "implication"))
RELATION_CHANGE: Final = Label("authorization.relation.change", ("add", "remove"))
GRAPH_LIMIT: Final = Label("authorization.graph.limit", ("depth", "fan_out"))
REPORT_OUTCOME: Final = Label("report.outcome", ("delivered", "retried", "dead", "cancelled"))
SCHEDULE_RUN: Final = Label("report.schedule.run", ("on_time", "missed"))
QUEUE: Final = Label("report.queue", ("reports", "mail"))
MAIL_OUTCOME: Final = Label("mail.outcome", ("sent", "retried", "dead", "cancelled"))

REFUSAL_REASON: Final = Label(
    "access.refusal.reason",
    (
        "unauthenticated",
        "address_limited",
        "forbidden",
        "key_limited",
        "head_too_large",
        "head_too_slow",
        "answer_not_read",
        "malformed",
        "connections",
    ),
)

IMPORT_KIND: Final = Label("import.kind", ("users", "groups", "memberships", "parents", "grants"))
ROW_OUTCOME: Final = Label("import.row.outcome", ("added", "unchanged", "rejected"))
IMPORT_BATCH_OUTCOME: Final = Label("import.batch.outcome", ("committed", "failed", "fenced"))
IMPORT_OUTCOME: Final = Label("import.outcome", ("done", "failed", "handed_back", "interrupted"))
USER_OUTCOME: Final = Label("batch.user.outcome", ("done", "failed"))
USER_BATCH_OUTCOME: Final = Label(
    "user_batch.outcome", ("done", "failed", "cancelled", "handed_back", "interrupted")
)

SUBJECT_HASH: Final = "authorization.subject.hash"
"""Whose permission it is about, as a keyed hash; `user.hash` is who asks."""
TASK_ID: Final = "report.task_id"
ATTEMPT: Final = "report.attempt"
GRANTS: Final = "report.grants"
RETRY_SECONDS: Final = "report.retry_seconds"
SMTP_REPLY_CODE: Final = "smtp.reply.code"

IMPORT_ID: Final = "import.id"
IMPORT_BYTES: Final = "import.bytes"
IMPORT_ROWS: Final = "import.rows"
IMPORT_REJECTED: Final = "import.rejected"
BATCH_SIZE: Final = "batch.size"
USER_BATCH_ID: Final = "user_batch.id"
USER_BATCH_OPERATION: Final = "user_batch.operation"
USER_BATCH_DONE: Final = "user_batch.done"
USER_BATCH_FAILED: Final = "user_batch.failed"

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
GRANT_CHANGES: Final = Counter(
    name="authorization.grant.changes",
    unit="{change}",
    description="Grants added and revoked.",
    labels=(CHANGE,),
)
RELATION_CHANGES: Final = Counter(
    name="authorization.relation.changes",
    unit="{change}",
    description="Memberships of groups, parents of resources and implied actions that changed.",
    labels=(RELATION, RELATION_CHANGE),
)
GRAPH_LIMITS_EXCEEDED: Final = Counter(
    name="authorization.graph.limits_exceeded",
    unit="{check}",
    description="Checks that could not be decided within the graph's limits.",
    labels=(GRAPH_LIMIT,),
)
CHECK_BATCH_SIZE: Final = Histogram(
    name="authorization.batch.size",
    unit="{check}",
    description="Checks that one batch asks for.",
    buckets=(1, 2, 5, 10, 20, 50, 100),
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
REPORTS_REPLAYED: Final = Counter(
    name="report.jobs.replayed",
    unit="{job}",
    description="Reports, dead or cancelled, that were put back on their queue over HTTP.",
)
SCHEDULE_RUNS: Final = Counter(
    name="report.schedule.runs",
    unit="{run}",
    description="Scheduled reports put on the queue; missed: one for all that fell due meanwhile.",
    labels=(SCHEDULE_RUN,),
)
RECIPIENTS_FORGOTTEN: Final = Counter(
    name="report.recipients.forgotten",
    unit="{job}",
    description="Finished reports whose address and content were deleted after their retention.",
)
MAIL_FINISHED: Final = Counter(
    name="mail.deliveries",
    unit="{mail}",
    description="Attempts to hand a mail to the mail server, by outcome.",
    labels=(MAIL_OUTCOME,),
)

REFUSALS: Final = Counter(
    name="access.refusals",
    unit="{refusal}",
    description="Requests and connections turned away before any work, by reason.",
    labels=(REFUSAL_REASON,),
)
CONNECTIONS: Final = Gauge(
    name="access.connections",
    unit="{connection}",
    description="Connections of clients that are open.",
)
KEYS_AGE: Final = Gauge(
    name="access.keys.age",
    unit="s",
    description="Time since the API keys on record were confirmed; past 2 s they are refused.",
)

AUDIT_FAILURE: Final = Label("audit.failure", ("database", "restored", "unexpected"))
ENTRIES: Final = "audit.entries"
AUDIT_SEALED: Final = Counter(
    name="audit.entries.sealed",
    unit="{entry}",
    description="Audit entries that were chained.",
)
AUDIT_LAG: Final = Gauge(
    name="audit.sealing.lag",
    unit="s",
    description="Age of the oldest audit entry that is not chained yet.",
)
AUDIT_SEALING_TIME: Final = Histogram(
    name="audit.sealing.time",
    unit="s",
    description="Time from recording an audit entry to chaining it.",
    buckets=(0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600),
)
AUDIT_FAILURES: Final = Counter(
    name="audit.sealing.failures",
    unit="{attempt}",
    description="Attempts to chain audit entries that failed, by cause.",
    labels=(AUDIT_FAILURE,),
)

CACHE_L1: Final = Span("cache.l1", SpanKind.INTERNAL, "Look-up in the in-process cache.")
CACHE_L2: Final = Span("cache.l2", SpanKind.INTERNAL, "Look-up in the Redis cache.")
EVALUATE: Final = Span("grants.evaluate", SpanKind.INTERNAL, "Decision from the grants on record.")
EVALUATE_MANY: Final = Span(
    "grants.evaluate_many", SpanKind.INTERNAL, "Decisions of a batch, in one statement."
)
EXPLAIN: Final = Span("grants.explain", SpanKind.INTERNAL, "A decision with what allows it.")
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
RELATION_CHANGED: Final = Event(
    "relation.changed", "A membership, a resource's parent or an implied action changed."
)
CACHE_UNAVAILABLE: Final = Event("cache.unavailable", "Redis failed; the database answers.")
CACHE_RECOVERED: Final = Event("cache.recovered", "Redis answers again.")
EPOCH_UNCONFIRMED: Final = Event("epoch.unconfirmed", "The caches are bypassed.")
EPOCH_CONFIRMED: Final = Event("epoch.confirmed", "The caches are in use again.")
REPORT_SCHEDULED: Final = Event("report.scheduled", "A report was accepted.")
REPORT_GENERATED: Final = Event("report.generated", "A report was made and its mail put out.")
REPORT_FAILED: Final = Event("report.failed", "A report job failed and will be tried again.")
REPORT_DEAD: Final = Event("report.dead", "A report job failed for the last time.")
MAIL_SENT: Final = Event("mail.sent", "The mail server took a mail.")
MAIL_FAILED: Final = Event(
    "mail.failed", "The mail server did not take a mail, or that it did could not be recorded."
)
LEASE_LOST: Final = Event("lease.lost", "A result came after its lease had gone; it is discarded.")
MESSAGE_CANCELLED: Final = Event(
    "message.cancelled", "A worker ended the work on a message that nobody wants any more."
)
REPORT_CANCELLED: Final = Event("report.cancelled", "A report was cancelled, or will be soon.")
REPORT_REPLAYED: Final = Event("report.replayed", "A report that had ended is tried anew.")
SCHEDULE_UNAVAILABLE: Final = Event(
    "schedule.unavailable", "The schedules' database failed; what falls due waits for it."
)
SCHEDULE_WRONG: Final = Event("schedule.wrong", "A schedule cannot be read any more; it rests.")
MESSAGE_HANDED_BACK: Final = Event(
    "message.handed_back", "A worker that had to stop put its message back, untried."
)
QUEUE_UNAVAILABLE: Final = Event(
    "queue.unavailable", "The queue's database failed; the worker waits for it."
)
QUEUE_RECOVERED: Final = Event("queue.recovered", "The queue's database answers again.")
KEYS_UNCONFIRMED: Final = Event(
    "keys.unconfirmed", "The API keys on record cannot be confirmed and are refused."
)

AUDIT_ENTRIES_SEALED: Final = Event("audit.sealed", "Audit entries were chained.")
AUDIT_SEALING_FAILED: Final = Event(
    "audit.sealing_failed", "Audit entries could not be chained; it is tried again."
)
AUDIT_BROKEN: Final = Event("audit.broken", "A verification found the audit trail tampered with.")
AUDIT_UNMET: Final = Event(
    "audit.unmet", "The audit trail is sound in itself, but not the one that a caller brought."
)
AUDIT_CUT: Final = Event("audit.cut", "Audit entries past their retention were removed.")
AUDIT_CUT_FAILED: Final = Event(
    "audit.cut_failed", "Audit entries past their retention could not be removed."
)

IMPORT_ROWS_READ: Final = Counter(
    name="import.rows",
    unit="{row}",
    description="Rows of imported files whose fate is committed, by kind and outcome.",
    labels=(IMPORT_KIND, ROW_OUTCOME),
)
IMPORT_BATCH_DURATION: Final = Histogram(
    name="import.batch.duration",
    unit="s",
    description="Duration of writing a portion of a file and its checkpoint, by outcome.",
    labels=(IMPORT_BATCH_OUTCOME,),
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
IMPORT_CHECKPOINT_AGE: Final = Gauge(
    name="import.checkpoint.age",
    unit="s",
    description="Time since the import in hand last committed; 0 where the process has none.",
)
IMPORTS_FINISHED: Final = Counter(
    name="import.finished",
    unit="{import}",
    description="Imports that a process put down, by how.",
    labels=(IMPORT_OUTCOME,),
)
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

ENQUEUE_IMPORT: Final = Span(
    "send imports", SpanKind.PRODUCER, "An import is accepted; its context travels on."
)
PROCESS_IMPORT: Final = Span(
    "process imports", SpanKind.CONSUMER, "An import is run; linked to the request for it."
)
IMPORT_BATCH: Final = Span(
    "import.batch", SpanKind.INTERNAL, "A portion of a file is committed with its checkpoint."
)
BATCH_OF_USERS: Final = Span("batch.users", SpanKind.INTERNAL, "A batch of users is processed.")
ENQUEUE_USER_BATCH: Final = Span(
    "send user_batches", SpanKind.PRODUCER, "A batch of users is accepted; its context travels on."
)
PROCESS_USER_BATCH: Final = Span(
    "process user_batches", SpanKind.CONSUMER, "A batch of users is run; linked to its request."
)

IMPORT_ACCEPTED: Final = Event("import.accepted", "An import was put on record.")
IMPORT_STARTED: Final = Event("import.started", "An import runs, from its checkpoint.")
IMPORT_WAITING: Final = Event(
    "import.waiting", "The database did not take a portion; the import waits and tries again."
)
IMPORT_FINISHED: Final = Event("import.finished", "An import is at its end.")
IMPORT_FAILED: Final = Event("import.failed", "An import failed for good.")
IMPORT_HANDED_BACK: Final = Event(
    "import.handed_back", "A process that had to stop left an import at its checkpoint."
)
IMPORT_INTERRUPTED: Final = Event(
    "import.interrupted", "A try of an import ended without its end; another follows."
)
USER_BATCH_ACCEPTED: Final = Event("user_batch.accepted", "A batch of users was put on record.")
USER_BATCH_ENDED: Final = Event(
    "user_batch.ended", "A process put a batch of users down: done, cancelled or handed back."
)
USER_BATCH_FAILED_FOR_GOOD: Final = Event("user_batch.failed", "A batch of users failed for good.")
USER_BATCH_INTERRUPTED: Final = Event(
    "user_batch.interrupted", "A try of a batch of users ended without its end; another follows."
)

METRICS: Final[tuple[Metric, ...]] = (
    CHECK_DURATION,
    CACHE_LOOKUPS,
    CACHE_FILLS,
    CACHE_LOAD_DURATION,
    CACHE_BREAKER,
    CACHE_ENTRIES,
    GRANT_CHANGES,
    RELATION_CHANGES,
    GRAPH_LIMITS_EXCEEDED,
    CHECK_BATCH_SIZE,
    EPOCH_AGE,
    EPOCH_MOVES,
    REPORTS_FINISHED,
    REPORT_DELIVERY_TIME,
    QUEUE_DEPTH,
    QUEUE_AGE,
    LEASES_LOST,
    LEASES_EXPIRED,
    DEAD_LETTERS,
    REPORTS_REPLAYED,
    SCHEDULE_RUNS,
    RECIPIENTS_FORGOTTEN,
    MAIL_FINISHED,
    REFUSALS,
    CONNECTIONS,
    KEYS_AGE,
    AUDIT_SEALED,
    AUDIT_LAG,
    AUDIT_SEALING_TIME,
    AUDIT_FAILURES,
    IMPORT_ROWS_READ,
    IMPORT_BATCH_DURATION,
    IMPORT_CHECKPOINT_AGE,
    IMPORTS_FINISHED,
    BATCH_USERS,
    USER_BATCH_CHECKPOINT_AGE,
    BATCH_DURATION,
)

ATTRIBUTES: Final = (
    *(label.attribute for metric in METRICS for label in metric.labels),
    SUBJECT_HASH,
    TASK_ID,
    ATTEMPT,
    GRANTS,
    RETRY_SECONDS,
    SMTP_REPLY_CODE,
    ENTRIES,
    IMPORT_ID,
    IMPORT_BYTES,
    IMPORT_ROWS,
    IMPORT_REJECTED,
    BATCH_SIZE,
    USER_BATCH_OUTCOME.attribute,
    USER_BATCH_ID,
    USER_BATCH_OPERATION,
    USER_BATCH_DONE,
    USER_BATCH_FAILED,
)
"""What may leave in spans and log lines beside `telemetry.catalog`'s; anything else is dropped."""
