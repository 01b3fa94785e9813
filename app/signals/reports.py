"""Reports by mail: ordered, scheduled, made, tried again or dead.

`app.reports` emits them, from the order to the mail put in the outbox; what follows is in
`app.signals.mail`, what both queues share in `app.signals.queues`.
"""

from typing import Final

from telemetry.catalog.declarations import Counter, Event, Histogram, Label, Span, SpanKind

REPORT_OUTCOME: Final = Label("report.outcome", ("delivered", "retried", "dead", "cancelled"))
SCHEDULE_RUN: Final = Label("report.schedule.run", ("on_time", "missed"))

TASK_ID: Final = "report.task_id"
SCHEDULE_ID: Final = "report.schedule_id"
ATTEMPT: Final = "report.attempt"
GRANTS: Final = "report.grants"
RETRY_SECONDS: Final = "report.retry_seconds"

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

ENQUEUE_REPORT: Final = Span(
    "send reports", SpanKind.PRODUCER, "A report job is put on the queue; its context travels on."
)
PROCESS_REPORT: Final = Span(
    "process reports", SpanKind.CONSUMER, "A worker makes a report; linked to the request."
)
GENERATE_REPORT: Final = Span("report.generate", SpanKind.INTERNAL, "The report's text is made.")

REPORT_SCHEDULED: Final = Event("report.scheduled", "A report was accepted.")
REPORT_GENERATED: Final = Event("report.generated", "A report was made and its mail put out.")
REPORT_FAILED: Final = Event("report.failed", "A report job failed and will be tried again.")
REPORT_DEAD: Final = Event("report.dead", "A report job failed for the last time.")
REPORT_CANCELLED: Final = Event("report.cancelled", "A report was cancelled, or will be soon.")
REPORT_REPLAYED: Final = Event("report.replayed", "A report that had ended is tried anew.")
SCHEDULE_UNAVAILABLE: Final = Event(
    "schedule.unavailable", "The schedules' database failed; what falls due waits for it."
)
SCHEDULE_SKIPPED: Final = Event(
    "schedule.skipped", "A schedule fell due whose key is valid no more; it made no report."
)
SCHEDULE_WRONG: Final = Event("schedule.wrong", "A schedule cannot be read any more; it rests.")
