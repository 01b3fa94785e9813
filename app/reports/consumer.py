"""The loop that takes messages off one queue: claim, restore the context, work, settle.

A message is processed in a trace of its own that links to the span which put it on the queue; the
correlation ID is bound for as long. What the work is, a `Handler` knows.
"""

import asyncio
import contextlib
from dataclasses import dataclass, field
from typing import Final, Protocol

import structlog

from app import signals
from app.reports import attributes
from app.reports.lease import OUTAGE, kept
from app.reports.queue import (
    Backoff,
    CancelRequestedError,
    Claim,
    LeaseLostError,
    LeaseQueue,
)
from telemetry import catalog
from telemetry.catalog.attributes import ERROR_TYPE
from telemetry.messaging import Messaging
from telemetry.runtime import Telemetry
from telemetry.tracing import error_type_of

_OUTAGE_BACKOFF: Final = Backoff(first=0.25, longest=10.0)

logger = structlog.stdlib.get_logger()


class PermanentError(Exception):
    """The message can never be processed; trying again would change nothing."""


class AttemptsExhaustedError(PermanentError):
    """Its earlier tries all ended without a result: each time the worker was lost with it."""


class Handler(Protocol):
    """The work of one queue."""

    async def handle(self, claim: Claim) -> None:
        """Do the work and complete the claim in the transaction that stores the result."""

    def failed(self, claim: Claim, error: Exception, retry_seconds: float | None) -> None:
        """Record that the try failed and the message waits, or is dead where there is no retry."""

    def cancelled(self, claim: Claim) -> None:
        """Record that the message was cancelled while a worker had it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumerSettings:
    """How often to look for messages (seconds), and how often to try each."""

    poll_seconds: float
    max_attempts: int
    backoff: Backoff = field(default_factory=Backoff)


class Consumer:
    """Processes one queue's messages, one after the other, until it is stopped."""

    def __init__(
        self,
        queue: LeaseQueue,
        handler: Handler,
        span: catalog.Span,
        telemetry: Telemetry,
        settings: ConsumerSettings,
    ) -> None:
        self._queue = queue
        self._handler = handler
        self._span = span
        self._settings = settings
        self._messaging = Messaging(
            telemetry.tracing, telemetry.meter, system=attributes.MESSAGING_SYSTEM
        )
        self._leases_lost = telemetry.meter.counter(signals.LEASES_LOST)
        self._leases_expired = telemetry.meter.counter(signals.LEASES_EXPIRED)
        for leases in (self._leases_lost, self._leases_expired):
            leases.add(0, queue.name)  # a rate needs a first sample
        self._awake = asyncio.Event()
        self._stopping = False
        self._failures = 0

    def wake(self) -> None:
        """Look for messages now instead of at the next poll."""
        self._awake.set()

    def stop(self) -> None:
        """Take no further message; `run` returns once the one in hand is settled."""
        self._stopping = True
        self._awake.set()

    async def run(self) -> None:
        """Work until stopped. A database that is away is waited for, and logged once.

        Where the task is cancelled the message in hand is handed back first.
        """
        while not self._stopping:
            try:
                pause = 0.0 if await self.take_one() else self._settings.poll_seconds
            except OUTAGE as error:
                pause = self._database_failed(error)
            else:
                self._database_answered()
            if pause and not self._stopping:
                await self._sleep(pause)

    async def take_one(self) -> bool:
        """Process one message that is ready; False where none was."""
        self._awake.clear()
        with self._messaging.receiving(self._queue.name) as receiving:
            claim = await self._queue.claim()
            receiving.messages = int(claim is not None)
        if claim is None:
            return False
        if claim.lease_expired:
            self._leases_expired.add(1, self._queue.name)
        with self._messaging.processing(
            self._span,
            self._queue.name,
            str(claim.id),
            carrier=claim.carrier,
            waited_seconds=claim.waited_seconds,
        ) as processing:
            processing.span.set_attribute(attributes.ATTEMPT, claim.tries)
            error = await self._attempt(claim)
            if error:
                if not isinstance(error, CancelRequestedError):
                    processing.failed(error)
                await self._settle(claim, error)
        return True

    async def _attempt(self, claim: Claim) -> Exception | None:
        if claim.cancel_requested:
            return CancelRequestedError()
        if claim.tries > self._settings.max_attempts:
            return AttemptsExhaustedError()
        try:
            async with kept(self._queue, claim):
                await self._handler.handle(claim)
        except asyncio.CancelledError:
            # If the commit came first there is nothing to hand back; the same if it is lost.
            with contextlib.suppress(LeaseLostError, *OUTAGE):
                await self._queue.hand_back(claim)
                logger.info(
                    signals.MESSAGE_HANDED_BACK.name,
                    **{attributes.QUEUE: self._queue.name, attributes.TASK_ID: str(claim.id)},
                )
            raise
        except Exception as error:  # noqa: BLE001  # a message that fails must not end the worker
            return error
        return None

    async def _settle(self, claim: Claim, error: Exception) -> None:
        """Put a failed message where it belongs. The result of a lost lease belongs nowhere."""
        dead = isinstance(error, PermanentError) or claim.tries >= self._settings.max_attempts
        retry_seconds = None if dead else self._settings.backoff.delay(claim.tries)
        try:
            if isinstance(error, LeaseLostError):
                raise error
            cancelled = isinstance(error, CancelRequestedError)
            if cancelled:
                await self._queue.cancel(claim)
            elif retry_seconds is None:
                await self._queue.bury(claim, error_type_of(error))
            else:
                waits = await self._queue.retry(claim, retry_seconds, error_type_of(error))
                cancelled = not waits
        except LeaseLostError:
            self._leases_lost.add(1, self._queue.name)
            logger.warning(
                signals.LEASE_LOST.name,
                **{
                    attributes.QUEUE: self._queue.name,
                    attributes.TASK_ID: str(claim.id),
                    attributes.ATTEMPT: claim.attempt,
                },
            )
        else:
            if cancelled:
                self._handler.cancelled(claim)
                logger.info(
                    signals.MESSAGE_CANCELLED.name,
                    **{attributes.QUEUE: self._queue.name, attributes.TASK_ID: str(claim.id)},
                )
            else:
                self._handler.failed(claim, error, retry_seconds)

    async def _sleep(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._awake.wait(), seconds)

    def _database_failed(self, error: Exception) -> float:
        self._failures += 1
        if self._failures == 1:
            logger.error(
                signals.QUEUE_UNAVAILABLE.name,
                **{attributes.QUEUE: self._queue.name, ERROR_TYPE: error_type_of(error)},
            )
        return _OUTAGE_BACKOFF.delay(self._failures)

    def _database_answered(self) -> None:
        if self._failures:
            logger.info(signals.QUEUE_RECOVERED.name, **{attributes.QUEUE: self._queue.name})
        self._failures = 0
