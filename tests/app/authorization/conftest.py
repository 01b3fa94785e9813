"""Layers over real servers, and an epoch whose trust does not run out while a test is slow."""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from app.authorization.epoch import Epoch
from app.authorization.evaluator import GrantEvaluator
from app.authorization.model import AccessQuery, Decision, EpochId, Source
from app.authorization.register import GrantRegister
from app.authorization.store import RedisStore
from app.database.pool import DatabasePool
from app.settings import Settings
from telemetry.testing import Captured

ALICE = AccessQuery("alice", "ledger", "read")


class Clock:
    """Time that passes when told to."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


class Counted:
    """A layer that counts how often it is asked, and answers what it is told."""

    def __init__(self, *, allowed: bool = False) -> None:
        self.allowed = allowed
        self.asked = 0

    async def decide(self, _: AccessQuery) -> Decision:
        self.asked += 1
        return Decision(self.allowed, Source.DATABASE)


class Gated(Counted):
    """A layer that answers when it may; `started` is released by each question that reaches it."""

    def __init__(self, *, allowed: bool = False) -> None:
        super().__init__(allowed=allowed)
        self.started = asyncio.Semaphore(0)
        self.may_end = asyncio.Event()

    async def decide(self, query: AccessQuery) -> Decision:
        decision = await super().decide(query)
        self.started.release()
        await self.may_end.wait()
        return decision


def some_epoch(number: int = 1) -> EpochId:
    return EpochId(number, uuid4())


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def epoch(captured: Captured, clock: Clock) -> Epoch:
    """An epoch that is confirmed, and stays so until the clock moves."""
    known = Epoch(captured.telemetry.meter, clock)
    known.confirmation()(some_epoch())
    return known


@pytest.fixture
async def store(settings: Settings, captured: Captured) -> AsyncIterator[RedisStore]:
    url = settings.redis_url.get_secret_value()
    opened = RedisStore.open(
        url, captured.telemetry, command_seconds=settings.redis_command_seconds
    )
    yield opened
    await opened.close()


@pytest.fixture
def evaluator(pool: DatabasePool, captured: Captured) -> GrantEvaluator:
    return GrantEvaluator(pool, captured.telemetry.tracing, captured.telemetry.meter)


@pytest.fixture
def register(pool: DatabasePool, epoch: Epoch, captured: Captured) -> GrantRegister:
    return GrantRegister(pool, epoch, captured.telemetry.meter)
