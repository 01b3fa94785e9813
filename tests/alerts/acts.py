"""One live run: faults are made, told, looked into by the runbook, mended, and taken back.

Each fault is a coroutine that takes a `Run`; they go on side by side. What was seen is kept there.
"""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field

import httpx

from alerts import build
from alerts.cases.live import Live, demanded_live
from alerts.runbooks_check import diagnosis_queries
from tests.alerts.heard import FIRING, MAIL, RESOLVED, RULES, WEBHOOK, Ears, subject_of
from tests.alerts.live import PATIENCE_SECONDS, Watchers
from tests.alerts.service import Service

_BY_SUBJECT = {rule.subject: rule for rule in RULES}
_LOOKING_SECONDS = 20.0
_DRAWN = "last_over_time(({})[30s:1s])"
"""A graph has data where some moment of it has: a scrape that is refused leaves a gap."""
_EVER_FIRED = 'max_over_time(ALERTS{alertstate="firing"}[1h])'


def subjects(name: str) -> tuple[str, ...]:
    """The rules of that alert."""
    return tuple(rule.subject for rule in RULES if rule.name == name)


def ways(subject: str) -> tuple[str, ...]:
    demanded = demanded_live(_BY_SUBJECT[subject])
    by = ((Live.MAILED, MAIL), (Live.POSTED, WEBHOOK))
    return tuple(way for column, way in by if column in demanded)


@dataclass
class Run:
    """What the faults work with, and what was seen."""

    service: Service
    watchers: Watchers
    ears: Ears
    fired: set[str] = field(default_factory=set)
    answers: dict[str, dict[str, bool]] = field(default_factory=dict)
    """By alert: its runbook's queries, and whether each had data while the fault was on."""
    graphs: dict[str, bool] = field(default_factory=dict)
    """By alert: whether the graph that its messages link to had data while the fault was on."""
    failures: dict[str, str] = field(default_factory=dict)
    """By fault: what went wrong."""
    calm: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once the queue and the mails are well again: both explain late reports."""

    async def told(
        self,
        *which: str,
        status: str = FIRING,
        since: float = 0.0,
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        """Wait until each of the rules was told of, by every way of its route."""
        missing: list[str] = []
        try:
            async with asyncio.timeout(patience):
                while missing := [  # noqa: ASYNC110  # mails come by another thread
                    f"{subject} {status} by {way}"
                    for subject in which
                    for way in ways(subject)
                    if not self._was_told(subject, way, status, since)
                ]:
                    await asyncio.sleep(0.2)
        except TimeoutError:
            heard = "; ".join(self.ears.history(subject) for subject in which)
            message = f"not told: {', '.join(missing)}; heard: {heard}"
            raise AssertionError(message) from None

    async def looked_into(self, *names: str) -> None:
        """Ask what the runbooks say, while the fault is on, until each query has data."""
        await asyncio.gather(*(self._look_into(name) for name in names))

    async def prove(
        self,
        which: Iterable[str],
        inject: Callable[[], Awaitable[object]],
        mend: Callable[[], Awaitable[object]],
    ) -> None:
        """Go the whole way with one fault."""
        names = tuple(which)
        began = time.monotonic()
        await inject()
        try:
            await self.told(*names, since=began)
            await self.looked_into(*dict.fromkeys(_BY_SUBJECT[name].name for name in names))
        finally:
            await mend()
        await self.told(*names, status=RESOLVED)

    async def until(self, query: str) -> None:
        """Wait until a query finds something."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not await self._has_data(query):  # noqa: ASYNC110  # of another process
                await asyncio.sleep(0.5)

    async def fires(self, *which: str) -> None:
        """Wait until Prometheus has all of the rules firing at once, told or silenced."""
        missing = set(which)
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                while missing:
                    found = await self.watchers.values('ALERTS{alertstate="firing"}')
                    missing = set(which) - {subject_of(labels) for labels, _ in found}
                    await asyncio.sleep(0.5)
        except TimeoutError:
            message = f"not firing at once: {', '.join(sorted(missing))}"
            raise AssertionError(message) from None

    async def remember_what_fired(self) -> None:
        """Ask Prometheus itself which alerts fired in this run."""
        found = await self.watchers.values(_EVER_FIRED)
        self.fired = {subject_of(labels) for labels, _ in found}

    def proves(self, subject: str, column: Live) -> bool:
        """Whether the run has shown that of the rule."""
        match column:
            case Live.FIRED:
                return subject in self.fired
            case Live.MAILED:
                return self.ears.has(subject, MAIL, FIRING)
            case Live.POSTED:
                return self.ears.has(subject, WEBHOOK, FIRING)
            case Live.RESOLVED:
                return all(self.ears.has(subject, way, RESOLVED) for way in ways(subject))
            case Live.EXECUTED:
                asked = self.answers.get(_BY_SUBJECT[subject].name, {})
                return bool(asked) and all(asked.values())

    def _was_told(self, subject: str, way: str, status: str, since: float) -> bool:
        if status == RESOLVED:
            return self.ears.is_over(subject, way)
        return self.ears.has(subject, way, status, since)

    async def _look_into(self, name: str) -> None:
        text = (build.RUNBOOKS / f"{name}.md").read_text(encoding="utf-8")
        asked = self.answers.setdefault(name, dict.fromkeys(diagnosis_queries(text), False))
        until = time.monotonic() + _LOOKING_SECONDS
        while time.monotonic() < until:
            for query in [query for query, has_data in asked.items() if not has_data]:
                asked[query] = await self._has_data(query)
            if not self.graphs.get(name):
                drawn = await self.watchers.graphs(name)
                self.graphs[name] = bool(drawn) and all(
                    [await self._has_data(_DRAWN.format(expression)) for expression in drawn]
                )
            if self.graphs[name] and all(asked.values()):
                return
            await asyncio.sleep(0.3)

    async def _has_data(self, query: str) -> bool:
        try:
            found = await self.watchers.values(query)
        except httpx.HTTPError:
            return False
        return any(not math.isnan(value) for _, value in found)
