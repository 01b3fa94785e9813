"""Reports: from the queue through the worker to the mail server."""

from typing import Final

from app.signals import (
    DEAD_LETTERS,
    LEASES_EXPIRED,
    LEASES_LOST,
    MAIL_FINISHED,
    MAIL_OUTCOME,
    QUEUE,
    QUEUE_AGE,
    QUEUE_DEPTH,
    RECIPIENTS_FORGOTTEN,
    REPORT_DELIVERY_TIME,
    REPORT_OUTCOME,
    REPORTS_FINISHED,
    REPORTS_REPLAYED,
    SCHEDULE_RUN,
    SCHEDULE_RUNS,
)
from dashboards.boards.tracing import JOBS
from dashboards.model import Board, Quiet, Row, Shown
from dashboards.panels import heatmap, timeseries
from dashboards.queries import buckets, gauge, quantile, rate
from telemetry.catalog.messaging import (
    CONSUMED_MESSAGES,
    DESTINATION,
    ERROR_TYPE,
    OPERATION_DURATION,
    OPERATION_NAME,
    PROCESS_DURATION,
    SENT_MESSAGES,
    WAIT_DURATION,
)

_NO_REPORT: Final = "No report in this range"

_QUEUE: Final = (
    timeseries(
        "Messages that are due",
        # Every worker sees the whole queue, so the sum would count it several times.
        gauge(QUEUE_DEPTH, "max", by=(QUEUE,)),
        answers="How much work waits?",
        if_wrong="Growing: is a worker up, is it failing (outcomes below), or is it too slow?",
    ),
    timeseries(
        "Age of the oldest message",
        gauge(QUEUE_AGE, "max", by=(QUEUE,)),
        answers="How long has the oldest message waited past its time?",
        if_wrong="Age without depth is one message that keeps failing: find it in the log.",
    ),
    timeseries(
        "Messages sent",
        rate(SENT_MESSAGES, by=(DESTINATION, ERROR_TYPE)),
        answers="How many messages are put on each queue, and do any fail to be?",
        if_wrong="A failure is a request that was not accepted: the client was told so.",
        when_empty=_NO_REPORT,
    ),
)

_FLOW: Final = (
    timeseries(
        "Messages taken",
        rate(CONSUMED_MESSAGES, by=(DESTINATION, ERROR_TYPE)),
        answers="How many messages do the workers take off each queue, every try counted?",
        if_wrong="Well above the messages sent: the same ones are tried again and again.",
        when_empty=_NO_REPORT,
    ),
    timeseries(
        "Wait in the queue, slowest 1 %",
        quantile(WAIT_DURATION, 0.99, by=(DESTINATION,)),
        answers="How long does a message wait, once it is due, until a worker takes it?",
        if_wrong="Above SIGHTLINE_POLL_SECONDS: the workers are busy or down; start another.",
        when_empty=_NO_REPORT,
    ),
    timeseries(
        "Talking to the queue, slowest 1 %",
        quantile(OPERATION_DURATION, 0.99, by=(OPERATION_NAME, DESTINATION)),
        answers="How long does it take to put a message on a queue, and to ask for one?",
        if_wrong="The queue is a table: see the board of PostgreSQL.",
        when_empty="No worker and no report in this range",
    ),
)

_WORK: Final = (
    timeseries(
        "Reports by outcome",
        rate(REPORTS_FINISHED, by=(REPORT_OUTCOME,)),
        answers="What becomes of the report jobs: delivered, retried, given up, or cancelled?",
        if_wrong="dead: nobody tries it again; the log line report.dead names the kind of error.",
        when_empty=_NO_REPORT,
    ),
    timeseries(
        "Mails by outcome",
        rate(MAIL_FINISHED, by=(MAIL_OUTCOME,)),
        answers="Does the mail server take the mails?",
        if_wrong="retried: is the server up and is SIGHTLINE_SMTP_HOST right? Nothing is lost yet.",
        when_empty="No mail in this range",
    ),
    timeseries(
        "Leases lost",
        rate(LEASES_LOST, by=(QUEUE,)),
        answers="How often did a worker finish too late, when another had taken the message?",
        if_wrong="The work takes longer than SIGHTLINE_LEASE_SECONDS, or a worker stood still.",
        when_empty="No lease was lost in this range",
        quiet=Quiet(
            "It takes two workers, one of which stands still past its lease.",
            Shown.SAMPLES,
        ),
    ),
)

_ENDS: Final = (
    timeseries(
        "Dead letters",
        gauge(DEAD_LETTERS, "max", by=(QUEUE,)),
        answers="How many messages does nobody try any more?",
        if_wrong="`python -m app reports dead` names them; `reports replay` tries them anew.",
    ),
    timeseries(
        "Leases that ran out",
        rate(LEASES_EXPIRED, by=(QUEUE,)),
        answers="How often was a message taken over from a worker that gave no sign of life?",
        if_wrong="A worker was killed or stood still: see its restarts and its event loop.",
        when_empty="No lease ran out in this range",
        quiet=Quiet(
            "Workers that live give their leases back in time.",
            Shown.LATER,
        ),
    ),
    timeseries(
        "Replays",
        rate(REPORTS_REPLAYED),
        answers="How many reports are put back on their queue by hand?",
        if_wrong="The same ones again and again: what ails them is not mended.",
        when_empty="No report was replayed in this range",
    ),
)

_SCHEDULED: Final = (
    timeseries(
        "Scheduled reports",
        rate(SCHEDULE_RUNS, by=(SCHEDULE_RUN,)),
        answers="How many scheduled reports fall due, and did a worker see to each in time?",
        if_wrong="missed: no worker ran when it fell due; it is made once for all that it missed.",
        when_empty="No schedule fell due in this range",
        quiet=Quiet(
            "A schedule falls due once a minute at most.",
            Shown.LATER,
        ),
        width=12,
    ),
    timeseries(
        "Recipients forgotten",
        rate(RECIPIENTS_FORGOTTEN),
        answers="Are addresses and contents deleted once their retention is over?",
        if_wrong="None, with reports older than SIGHTLINE_REPORT_RETENTION_DAYS: is a worker up?",
        when_empty="No report's retention ended in this range",
        width=12,
    ),
)

_TIME: Final = (
    timeseries(
        "From request to mail",
        quantile(REPORT_DELIVERY_TIME, 0.5),
        quantile(REPORT_DELIVERY_TIME, 0.99),
        answers="How long does it take until the mail server has the report?",
        if_wrong="Waiting in the queue, or slow work? The panel beside it has the work alone.",
        when_empty=_NO_REPORT,
    ),
    timeseries(
        "Time on one message, slowest 1 %",
        quantile(PROCESS_DURATION, 0.99, by=(DESTINATION,)),
        answers="How long does a worker spend on one message of each queue?",
        if_wrong="Open an exemplar: the trace of the job links to the request that asked for it.",
        when_empty=_NO_REPORT,
    ),
    heatmap(
        "From request to mail, all of it",
        buckets(REPORT_DELIVERY_TIME),
        answers="Is delivery slow for all reports, or only for those that were retried?",
        if_wrong="A band far above the rest is the retries: see the outcomes.",
        width=8,
        height=8,
        when_empty=_NO_REPORT,
    ),
)

REPORTS: Final = Board(
    slug="reports",
    title="Reports, queue and mail",
    description="Report jobs from the queue through the worker to the mail server.",
    rows=(
        Row("Queue", _QUEUE),
        Row("Flow", _FLOW),
        Row("Work", _WORK),
        Row("Ends", _ENDS),
        Row("Schedules and retention", _SCHEDULED),
        Row("Time", _TIME),
        Row("Traces", JOBS),
    ),
)
