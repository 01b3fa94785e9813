"""The alerts on what works behind the requests: queues, mail, leases, imports, batches of users.

Each worker samples the same tables, so a queue's values are the largest of any worker; what workers
count themselves is summed.
"""

from typing import Final

from alerts import cause, naming, promql
from alerts.cause import PROCESS, WHO, Cause, Traces
from alerts.clock import Clock
from alerts.durations import seconds
from alerts.links import BATCHES_BOARD, REPORTS_BOARD, Links
from alerts.rules import Group
from alerts.targets import WORKER
from app.signals import (
    BATCH_OF_USERS,
    DEAD_LETTERS,
    IMPORT_BATCH,
    IMPORT_CHECKPOINT_AGE,
    LEASES_EXPIRED,
    MAIL_FINISHED,
    MAIL_OUTCOME,
    QUEUE,
    QUEUE_AGE,
    SMTP_SEND,
    USER_BATCH_CHECKPOINT_AGE,
)

_JOBS: Final = WORKER.jobs
_NOT_SENT: Final = promql.where(MAIL_OUTCOME, "=~", "retried|dead")
_OF_QUEUE: Final = Traces(WORKER.jobs[0], f"process {{{{$labels.{QUEUE.prometheus_name}}}}}")
"""The spans of a worker that takes a message of the alert's queue."""

_LONGEST_WAIT: Final = "5m"
_SHORTEST_LIMIT: Final = 15
"""Seconds: the pauses between tries do not shrink with the time scale."""

_FEWEST_FAILURES: Final = 5
_FAILED_SHARE: Final = "0.5"
_LEASES_TOLERATED: Final = 2


def group(clock: Clock, links: Links) -> Group:
    """Return the alerts on reports, mails, imports and batches of users."""
    return cause.group(
        "reports",
        (
            _dead_lettered(clock),
            _queue_delayed(clock),
            _mail_failing(clock),
            _leases_expiring(clock),
            _import_stuck(clock),
            _user_batch_stuck(clock),
        ),
        clock,
        links,
    )


def _limit(clock: Clock) -> int:
    return max(_SHORTEST_LIMIT, seconds(clock.window(_LONGEST_WAIT)))


def _dead_lettered(clock: Clock) -> Cause:
    by_queue = promql.by(DEAD_LETTERS, QUEUE)
    dead = f"max {by_queue} ({promql.level(DEAD_LETTERS, _JOBS)})"
    lookback = clock.window("1d")
    least = promql.level_over_time("min", DEAD_LETTERS, lookback, _JOBS)
    before = f"min {by_queue} ({least})"
    return Cause(
        name=naming.DEAD_LETTERED,
        summary="Work was given up: nobody tries it again unless it is replayed.",
        description=(
            '{{ $value | printf "%.0f" }} more lie dead on the queue {{ $labels.report_queue }} '
            f"than at its least within the last {lookback}. Each is a report that someone waits "
            "for."
        ),
        expression=f"{dead} - {before} > 0",
        shown=dead,
        hold="1m",
        board=REPORTS_BOARD,
        traces=_OF_QUEUE,
    )


def _queue_delayed(clock: Clock) -> Cause:
    oldest = f"max {promql.by(QUEUE_AGE, QUEUE)} ({promql.level(QUEUE_AGE, _JOBS)})"
    return Cause(
        name=naming.QUEUE_DELAYED,
        summary="Messages of a queue wait too long.",
        description=(
            "The oldest message that is due on the queue {{ $labels.report_queue }} is "
            "{{ $value | humanizeDuration }} old. Nothing is lost; it comes late."
        ),
        expression=f"{oldest} > {_limit(clock)}",
        shown=oldest,
        hold="2m",
        floor=10,
        board=REPORTS_BOARD,
        traces=_OF_QUEUE,
    )


def _mail_failing(clock: Clock) -> Cause:
    window = clock.window("15m")
    failed, every = (
        f"sum({promql.increase(MAIL_FINISHED, window, _JOBS, *where)})"
        for where in ((_NOT_SENT,), ())
    )
    return Cause(
        name=naming.MAIL_FAILING,
        summary="The mail server does not take the reports' mails.",
        description=(
            "{{ $value | humanizePercentage }} of the attempts to hand over a mail failed in the "
            f"last {window}. Each mail is tried a few times, soon one after the other, and then "
            "given up: it has to be replayed once the server takes mails again."
        ),
        expression=f"({failed} >= {_FEWEST_FAILURES})\n/\n({every} > 0)\n> {_FAILED_SHARE}",
        shown=failed,
        hold="5m",
        board=REPORTS_BOARD,
        traces=Traces(WORKER.jobs[0], SMTP_SEND.name),
    )


def _leases_expiring(clock: Clock) -> Cause:
    window = clock.window("1h")
    taken_over = promql.increase(LEASES_EXPIRED, window, _JOBS)
    expired = f"sum {promql.by(LEASES_EXPIRED, QUEUE)} ({taken_over})"
    return Cause(
        name=naming.LEASES_EXPIRING,
        summary="Workers stop in the middle of their work, without a word.",
        description=(
            '{{ $value | printf "%.0f" }} messages of the queue {{ $labels.report_queue }} were '
            f"taken over in the last {window} from workers that gave no sign of life."
        ),
        expression=f"{expired} > {_LEASES_TOLERATED}",
        shown=expired,
        hold="1m",
        board=REPORTS_BOARD,
        traces=_OF_QUEUE,
    )


def _import_stuck(clock: Clock) -> Cause:
    age = f"max by ({PROCESS}) ({promql.level(IMPORT_CHECKPOINT_AGE, _JOBS)})"
    return Cause(
        name=naming.IMPORT_STUCK,
        summary="An import makes no progress.",
        description=(
            f"{WHO} has an import in hand that last committed "
            "{{ $value | humanizeDuration }} ago. What it committed stands; the rest waits."
        ),
        expression=f"{age} > {_limit(clock)}",
        shown=age,
        hold="2m",
        floor=10,
        board=BATCHES_BOARD,
        traces=Traces(WORKER.jobs[0], IMPORT_BATCH.name),
    )


def _user_batch_stuck(clock: Clock) -> Cause:
    age = f"max({promql.level(USER_BATCH_CHECKPOINT_AGE, _JOBS)})"
    return Cause(
        name=naming.USER_BATCH_STUCK,
        summary="A batch of users makes no progress.",
        description=(
            "A batch of users that is in hand was last at a checkpoint "
            "{{ $value | humanizeDuration }} ago. What was done to users before stands; the rest "
            "waits."
        ),
        expression=f"{age} > {_limit(clock)}",
        shown=age,
        hold="2m",
        floor=10,
        board=BATCHES_BOARD,
        traces=Traces(WORKER.jobs[0], BATCH_OF_USERS.name),
    )
