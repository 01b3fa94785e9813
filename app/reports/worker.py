"""The worker process' work, until told to stop: both queues' consumers, and what runs beside them.

Beside them run the sampler, the clock of schedules and the retention of finished reports.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final

from app import signals
from app.database.pool import DatabasePool
from app.database.report_statements import MAIL_LEASES, REPORT_LEASES
from app.errors import SettingsError
from app.reports.address import recipient_address
from app.reports.clock import ScheduleClock
from app.reports.consumer import Consumer, ConsumerSettings
from app.reports.mail import MailServer, Privacy
from app.reports.mailer import MailHandler
from app.reports.maker import ReportHandler
from app.reports.names import MAIL, REPORTS
from app.reports.queue import Backoff, LeaseQueue
from app.reports.retention import Retention
from app.reports.sampler import BacklogSampler
from app.settings import Settings
from telemetry.runtime import Telemetry

_FINISHING_SHARE: Final = 0.8
"""The part of the stop's deadline for finishing; the rest is for handing back."""


async def run_worker(
    settings: Settings, telemetry: Telemetry, pool: DatabasePool, stop: asyncio.Event
) -> None:
    """Make and mail reports until `stop` is set; then finish or hand back what is in hand.

    Returns within `settings.stop_seconds` of the stop, if the database answers by then. Raises
    `SettingsError` for a sender that is no address; an outage of the database is waited for.
    """
    sender = _sender(settings)
    consumer_settings = ConsumerSettings(
        poll_seconds=settings.poll_seconds,
        max_attempts=settings.max_attempts,
        backoff=Backoff(first=settings.retry_seconds),
    )
    reports = LeaseQueue(REPORTS, pool, REPORT_LEASES, lease_seconds=settings.lease_seconds)
    mails = LeaseQueue(MAIL, pool, MAIL_LEASES, lease_seconds=settings.lease_seconds)
    server = MailServer(
        settings.smtp_host,
        settings.smtp_port,
        sender,
        telemetry.tracing,
        privacy=Privacy(settings.smtp_tls, settings.smtp_user, settings.smtp_password),
    )
    mailer = Consumer(
        mails,
        MailHandler(pool, mails, server, telemetry.meter),
        signals.PROCESS_MAIL,
        telemetry,
        consumer_settings,
    )
    maker = Consumer(
        reports,
        ReportHandler(pool, reports, telemetry, on_made=mailer.wake),
        signals.PROCESS_REPORT,
        telemetry,
        consumer_settings,
    )
    sampler = BacklogSampler((reports, mails), telemetry.meter)
    clock = ScheduleClock(
        pool,
        telemetry,
        poll_seconds=settings.poll_seconds,
        on_due=maker.wake,
        bootstrap_keys=settings.api_keys.keys(),
    )
    retention = Retention(pool, telemetry.meter, days=settings.report_retention_days)
    beside = [sampler.run, clock.run, retention.run]
    await _run_until(stop, [maker, mailer], beside, settings.stop_seconds)


async def _run_until(
    stop: asyncio.Event,
    consumers: Sequence[Consumer],
    beside: Sequence[Callable[[], Coroutine[Any, Any, None]]],
    stop_seconds: float,
) -> None:
    """Run all until `stop` is set; one that fails stops the others, and its error is raised.

    What runs `beside` the consumers has nothing in hand between two steps: it is just cancelled.
    """
    working = [asyncio.create_task(consumer.run()) for consumer in consumers]
    stopped = asyncio.create_task(stop.wait())
    endless: list[asyncio.Task[Any]] = [stopped, *(asyncio.create_task(run()) for run in beside)]
    try:
        await asyncio.wait([*endless, *working], return_when=asyncio.FIRST_COMPLETED)
        for consumer in consumers:
            consumer.stop()
        await asyncio.wait(working, timeout=stop_seconds * _FINISHING_SHARE)
    finally:
        tasks: list[asyncio.Task[Any]] = [*working, *endless]
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks, timeout=stop_seconds * (1 - _FINISHING_SHARE))
    for task in tasks:
        if task.done() and not task.cancelled() and (error := task.exception()):
            raise error


def _sender(settings: Settings) -> str:
    try:
        return recipient_address(settings.mail_from)
    except ValueError as error:
        message = f"SIGHTLINE_MAIL_FROM is {error}"
        raise SettingsError(message) from None
