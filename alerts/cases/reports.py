"""Tests of the alerts on queues, mail, leases and batches; all of it is written here by hand."""

from typing import Final

from alerts import naming
from alerts.cases.model import Case, Kind, Run, Series, silent
from alerts.cases.scene import STEPS, Scene
from alerts.links import Links

_DEAD: Final = "report_queue_dead"
_AGE: Final = "report_queue_oldest_age_seconds"
_MAILS: Final = "mail_deliveries_total"
_EXPIRED: Final = "report_leases_expired_total"
_CHECKPOINT: Final = "import_checkpoint_age_seconds"
_BATCH: Final = "user_batch_checkpoint_age_seconds"
_JOB: Final = 'job="sightline-worker"'
_WORKER: Final = {"job": "sightline-worker", "instance": "worker:9465"}
_SECOND: Final = {"job": "sightline-worker", "instance": "worker2:9465"}
_OTHER: Final = {"job": "another-service", "instance": "elsewhere:1"}
_REPORTS: Final = {"report_queue": "reports"}
_MAIL: Final = {"report_queue": "mail"}
_UNKNOWN: Final = " ".join(["NaN"] * STEPS)


def _mails(outcome: str, *runs: Run, process: dict[str, str] | None = None) -> Series:
    return Series.counter(_MAILS, {**(process or _WORKER), "mail_outcome": outcome}, runs)


_DEAD_LETTERED: Final = Scene(
    name=naming.DEAD_LETTERED,
    labels=_REPORTS,
    summary="Work was given up: nobody tries it again unless it is replayed.",
    says=(
        "2 more lie dead on the queue reports than at its least within the last 1d. Each is a"
        " report that someone waits for."
    ),
    board="reports",
    graph=f"max by (report_queue) ({_DEAD}{{{_JOB}}})",
    traces="service=sightline-worker&operation=process%20reports",
    fault="two more beside three old ones, then they are replayed; both workers see them",
    faulty=(
        Series(_DEAD, {**_WORKER, **_REPORTS}, "3x4 5x5 3x10"),
        Series(_DEAD, {**_SECOND, **_REPORTS}, "3x4 5x5 3x10"),
        Series(_DEAD, {**_WORKER, **_MAIL}, "7x30"),
        Series(_DEAD, {**_OTHER, **_REPORTS}, "0+1x30"),
    ),
    pending=180,
    fires=210,
    resolved=330,
    almost="five of long ago, unknown for a while as the database was away",
    tolerable=(Series(_DEAD, {**_WORKER, **_REPORTS}, f"5x10 NaN NaN 5x{STEPS}"),),
    calm="none",
    idle=(Series(_DEAD, {**_WORKER, **_REPORTS}, f"0x{STEPS}"),),
)
_DELAYED: Final = Scene(
    name=naming.QUEUE_DELAYED,
    labels=_MAIL,
    summary="Messages of a queue wait too long.",
    says=(
        "The oldest message that is due on the queue mail is 5m 30s old. Nothing is lost; it comes"
        " late."
    ),
    board="reports",
    graph=f"max by (report_queue) ({_AGE}{{{_JOB}}})",
    traces="service=sightline-worker&operation=process%20mail",
    fault="the outbox stands, seen by the worker that reaches the database; then it is done",
    faulty=(
        Series(_AGE, {**_WORKER, **_MAIL}, "300x2 330x8 5x10"),
        Series(_AGE, {**_SECOND, **_MAIL}, _UNKNOWN),
        Series(_AGE, {**_WORKER, **_REPORTS}, "20x30"),
        Series(_AGE, {**_OTHER, **_MAIL}, "900x30"),
    ),
    pending=180,
    fires=210,
    resolved=360,
    almost="five minutes",
    tolerable=(Series(_AGE, {**_WORKER, **_MAIL}, f"300x{STEPS}"),),
    calm="nothing waits",
    idle=(Series(_AGE, {**_WORKER, **_MAIL}, f"0x{STEPS}"),),
)
_FAILING: Final = Scene(
    name=naming.MAIL_FAILING,
    summary="The mail server does not take the reports' mails.",
    says=(
        "66.67% of the attempts to hand over a mail failed in the last 15m. Each mail is tried a"
        " few times, soon one after the other, and then given up: it has to be replayed once the"
        " server takes mails again."
    ),
    board="reports",
    graph=f'sum(increase({_MAILS}{{{_JOB}, mail_outcome=~"retried|dead"}}[15m]))',
    traces="service=sightline-worker&operation=smtp.send",
    fault="two of three attempts fail, then all mails are taken",
    faulty=(
        _mails("retried", Run(16, 0.5), Run(20, 0)),
        _mails("dead", Run(16, 0.5), Run(20, 0)),
        _mails("sent", Run(16, 0.5), Run(20, 5)),
        _mails("cancelled", Run(36, 0)),
        _mails("retried", Run(36, 50), process=_OTHER),
    ),
    pending=420,
    fires=450,
    resolved=600,
    almost="just under half of them fail",
    tolerable=(_mails("retried", Run(STEPS, 1)), _mails("sent", Run(STEPS, 1.02))),
    calm="no mail leaves",
    idle=(_mails("retried", Run(STEPS, 0)), _mails("sent", Run(STEPS, 0))),
)
_EXPIRING: Final = Scene(
    name=naming.LEASES_EXPIRING,
    labels=_REPORTS,
    summary="Workers stop in the middle of their work, without a word.",
    says=(
        "4 messages of the queue reports were taken over in the last 1h from workers that gave no"
        " sign of life."
    ),
    board="reports",
    graph=f"sum by (report_queue) (increase({_EXPIRED}{{{_JOB}}}[1h]))",
    traces="service=sightline-worker&operation=process%20reports",
    fault="four leases in two minutes, and none for an hour after",
    faulty=(
        Series.counter(_EXPIRED, {**_WORKER, **_REPORTS}, (Run(4, 1), Run(130, 0))),
        Series.counter(_EXPIRED, {**_WORKER, **_MAIL}, (Run(134, 0),)),
        Series.counter(_EXPIRED, {**_OTHER, **_REPORTS}, (Run(134, 5),)),
    ),
    pending=120,
    fires=150,
    resolved=3780,
    almost="two workers were killed at a deploy",
    tolerable=(Series.counter(_EXPIRED, {**_WORKER, **_REPORTS}, (Run(2, 1), Run(STEPS, 0))),),
    calm="no lease ever ran out",
    idle=(Series.counter(_EXPIRED, {**_WORKER, **_REPORTS}, (Run(STEPS, 0),)),),
)
_STUCK: Final = Scene(
    name=naming.IMPORT_STUCK,
    labels=_WORKER,
    summary="An import makes no progress.",
    says=(
        "worker:9465 of sightline-worker has an import in hand that last committed 5m 30s ago. What"
        " it committed stands; the rest waits."
    ),
    board="batches",
    graph=f"max by (job, instance) ({_CHECKPOINT}{{{_JOB}}})",
    traces="service=sightline-worker&operation=import.batch",
    fault="no commit for over 5 m, then one; the other worker has its own import",
    faulty=(
        Series(_CHECKPOINT, _WORKER, "300x2 330x8 2x10"),
        Series(_CHECKPOINT, _SECOND, "1x30"),
        Series(_CHECKPOINT, _OTHER, "900x30"),
    ),
    pending=180,
    fires=210,
    resolved=360,
    almost="five minutes",
    tolerable=(Series(_CHECKPOINT, _WORKER, f"300x{STEPS}"),),
    calm="no import in hand",
    idle=(Series(_CHECKPOINT, _WORKER, f"0x{STEPS}"),),
)

_BATCH_STUCK: Final = Scene(
    name=naming.USER_BATCH_STUCK,
    summary="A batch of users makes no progress.",
    says=(
        "A batch of users that is in hand was last at a checkpoint 5m 30s ago. What was done to"
        " users before stands; the rest waits."
    ),
    board="batches",
    graph=f"max({_BATCH}{{{_JOB}}})",
    traces="service=sightline-worker&operation=batch.users",
    fault="no checkpoint for over 5 m, seen by the worker that reaches the database; then one",
    faulty=(
        Series(_BATCH, _WORKER, "300x2 330x8 2x10"),
        Series(_BATCH, _SECOND, _UNKNOWN),
        Series(_BATCH, _OTHER, "900x30"),
    ),
    pending=180,
    fires=210,
    resolved=360,
    almost="five minutes",
    tolerable=(Series(_BATCH, _WORKER, f"300x{STEPS}"),),
    calm="no batch in hand",
    idle=(Series(_BATCH, _WORKER, f"0x{STEPS}"),),
)


def cases(links: Links) -> tuple[Case, ...]:
    """Return every case."""
    scenes = (_DEAD_LETTERED, _DELAYED, _FAILING, _EXPIRING, _STUCK, _BATCH_STUCK)
    return (
        *(case for scene in scenes for case in scene.cases(links)),
        Case(
            subject=naming.MAIL_FAILING,
            kinds=(Kind.GUARD,),
            title="all of four attempts fail: one wrong address",
            series=(_mails("retried", Run(4, 1), Run(STEPS, 0)),),
            values=tuple(silent(naming.MAIL_FAILING, second) for second in (150, 600, 900)),
        ),
    )
