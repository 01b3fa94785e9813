"""Leads through incidents on a stage: break, wait until it is told, follow the links, mend, wait.

    drill = Drill(stage, watch, scale, say)
    record = await drill.incident(fault)

Between two incidents the budgets are given back and all is quiet again. What the drill itself
cannot do breaks the incident, never the drill: the fault is mended and the next one has its turn.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Final

from compose.chain.prometheus import Prometheus
from compose.chain.traces import JaegerTraces
from compose.drill import budget
from compose.drill.evidence import Gathering
from compose.drill.judging import judged
from compose.drill.links import Followed, follow
from compose.drill.logs import LogMark
from compose.drill.quiet import until_quiet
from compose.drill.record import Record
from compose.drill.telling import Deadlines, first_telling, resolved_at
from compose.drill.theory import Theory
from compose.drill.timeline import as_record, moments_of
from compose.drill.watch import Notice, Watch
from compose.faults.model import Fault, Told
from compose.faults.stage import Stage

Say = Callable[[str], None]

_BEFORE_SECONDS: Final = 20.0
_POLL_SECONDS: Final = 0.2
_SETTLE_SECONDS: Final = 4.0
_FRESH_SECONDS: Final = 6.0
"""After the repair, until the last bad request has left the recorded events' base window."""


class Drill:
    """One run over some faults. `say` is told a line for each thing that happens."""

    def __init__(self, stage: Stage, watch: Watch, scale: int, say: Say) -> None:
        self._stage, self._watch, self._scale, self._say = stage, watch, scale, say
        self._platform = stage.platform
        self._theory = Theory(scale)
        urls = self._platform.urls
        self._prometheus = Prometheus(urls["prometheus"])
        self._traces = JaegerTraces(urls["jaeger"]) if "jaeger" in urls else None

    @property
    def theory(self) -> Theory:
        """How soon alerts can be told here."""
        return self._theory

    async def healthy(self, seconds: float) -> list[str]:
        """Let all be well for so long; return what was told nevertheless."""
        began = time.time()
        await asyncio.sleep(seconds)
        return sorted(
            {one.name for notice in self._watch.since(began) for one in notice.says("firing")}
        )

    async def incident(self, fault: Fault) -> Record:
        """Go through one incident from quiet to quiet; return its record, judged."""
        troubles: list[str] = []
        if fault.prepare is not None:
            await self._attempt(troubles, "prepare it", fault.prepare(self._stage))
        before = dict(self._stage.traffic.answers)
        logs = LogMark({name: self._platform.log_path(name) for name in ("web", "worker")})
        injected = time.time()
        record = Record(
            fault=fault,
            scale=self._scale,
            moments={"began": injected - _BEFORE_SECONDS, "injected": injected},
            troubles=troubles,
        )
        self._mark(record, "injected", fault.breaks, injected)
        try:
            await self._attempt(troubles, "break it", fault.inject(self._stage))
            if not troubles:
                await self._until_told(record)
            await asyncio.sleep(_SETTLE_SECONDS)
            await self._attempt(troubles, "follow the links", self._follow(record))
        finally:
            record.moments["repaired"] = repaired = time.time()
            await self._attempt(troubles, "mend it", fault.repair(self._stage))
        self._mark(record, "repaired", "the cause is mended", repaired)
        await self._until_resolved(record)
        await asyncio.sleep(max(0.0, repaired + _FRESH_SECONDS - time.time()))
        gathering = Gathering(self._stage, self._traces, record)
        await self._attempt(troubles, "read what was seen", gathering.collect(logs, before))
        leftover: list[str] = []
        await self._attempt(troubles, "come to rest", self._rest(record, leftover))
        fired = asyncio.to_thread(self._watch.correct, self._prometheus, injected)
        await self._attempt(troubles, "read when alerts fired", fired)
        self._finish(record, leftover)
        return record

    async def _attempt(self, troubles: list[str], what: str, work: Awaitable[None]) -> None:
        """Do a part of an incident. What it raises is this incident's trouble, not the drill's."""
        try:
            await work
        except Exception as error:  # noqa: BLE001  # whatever it is, the fault must be mended
            troubles.append(f"{what}: {type(error).__name__}: {error}")
            self._say(f"TROUBLE: {troubles[-1]}")

    async def _until_told(self, record: Record) -> None:
        fault, limits = record.fault, Deadlines.of(record.fault, record.moments)
        missing = set(fault.expects)
        while missing and time.time() < limits.told_by:
            await asyncio.sleep(_POLL_SECONDS)
            for told in sorted(missing):
                first = first_telling(self._watch.since(limits.injected), told, limits)
                if first is not None:
                    missing.discard(told)
                    self._say(f"{told} told {first.at - limits.injected:.1f} s after the fault")
        for told in sorted(missing):
            self._say(f"{told} NOT told within {fault.patience_seconds:.0f} s")

    async def _until_resolved(self, record: Record) -> None:
        fault, limits = record.fault, Deadlines.of(record.fault, record.moments)
        before = self._watch.since(limits.injected)
        told = [one for one in fault.expects if first_telling(before, one, limits)]
        if not told:
            return
        while time.time() < limits.over_by:
            notices = self._watch.since(limits.injected)
            if all(resolved_at(notices, one, limits) is not None for one in told):
                self._say(f"told to be over {time.time() - limits.repaired:.1f} s after the repair")
                return
            await asyncio.sleep(_POLL_SECONDS)
        self._say(f"NOT told to be over within {fault.resolve_seconds:.0f} s")

    async def _follow(self, record: Record) -> None:
        limits = Deadlines.of(record.fault, record.moments)
        first: dict[Told, Notice | None] = {
            told: first_telling(self._watch.since(limits.injected), told, limits)
            for told in record.fault.expects
        }
        messages = {id(one): one for one in first.values() if one is not None}
        followed: list[Followed] = []
        for notice in messages.values():
            followed += await asyncio.to_thread(
                follow, notice, record.fault.evidence, self._traces, limits.injected
            )
        record.links = [asdict(one) for one in followed]

    async def _rest(self, record: Record, leftover: list[str]) -> None:
        """Give the budgets back and wait until all is quiet; note what is not."""
        record.moments["returned"] = time.time()
        await asyncio.to_thread(budget.give_back, self._platform.urls["prometheus"])
        self._mark(record, "budget_returned", "what the incident spent is given back")
        leftover += await until_quiet(
            self._watch, self._platform.urls["alertmanager"], record.moments["injected"] or 0.0
        )

    def _finish(self, record: Record, leftover: list[str]) -> None:
        injected = record.moments["injected"] or 0.0
        record.moments["ended"] = time.time()
        notices, standings = self._watch.since(injected), self._watch.alerts_since(injected)
        as_record(record, standings, notices)
        record.timeline += moments_of(standings, notices)
        record.timeline.sort(key=lambda entry: entry["at"])
        theory = self._theory.of_fault(record.fault.expects)
        record.verdict = judged(record, notices, theory, leftover)

    def _mark(self, record: Record, kind: str, text: str, at: float | None = None) -> None:
        empty = dict.fromkeys(("alert", "job", "window", "severity", "via"), "")
        moment = time.time() if at is None else at
        record.timeline.append({"at": moment, "kind": kind, "text": text} | empty)
        self._say(text)
