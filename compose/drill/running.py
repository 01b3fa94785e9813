"""Leads through incidents on a stage: break, wait until it is told, follow the links, mend, wait.

    drill = Drill(stage, watch, scale, say)
    record = await drill.incident(fault)

Between two incidents the budgets are given back and all is quiet again.
"""

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import Any, Final

import httpx

from alerts import naming
from compose.chain.prometheus import Prometheus
from compose.chain.traces import JaegerTraces
from compose.drill import budget, panels
from compose.drill.judging import judged, resolved_at, role_of, said_of, told_at
from compose.drill.links import Followed, follow, shows
from compose.drill.logs import LogMark, telling
from compose.drill.record import Record
from compose.drill.theory import Theory
from compose.drill.watch import Notice, Standing, Watch
from compose.faults.model import Fault, Told
from compose.faults.stage import Stage
from dashboards.proof.prometheus import Window

Say = Callable[[str], None]

_BEFORE_SECONDS: Final = 20.0
_POLL_SECONDS: Final = 0.2
_SETTLE_SECONDS: Final = 4.0
_FRESH_SECONDS: Final = 6.0
"""After the repair, until the last bad request has left the recorded events' base window."""
_QUIET_SECONDS: Final = 90.0
_MOST_TRACES: Final = 20


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
        before = dict(self._stage.traffic.answers)
        logs = LogMark({name: self._platform.log_path(name) for name in ("web", "worker")})
        injected = time.time()
        record = Record(
            fault=fault,
            scale=self._scale,
            moments={"began": injected - _BEFORE_SECONDS, "injected": injected},
        )
        self._mark(record, "injected", fault.breaks, injected)
        await fault.inject(self._stage)
        try:
            await self._until_told(fault, injected)
            await asyncio.sleep(_SETTLE_SECONDS)
            record.links = [asdict(one) for one in await self._followed(fault, injected)]
        finally:
            repaired = time.time()
            await fault.repair(self._stage)
        self._mark(record, "repaired", "the cause is mended", repaired)
        record.moments["repaired"] = repaired
        await self._until_resolved(fault, injected, repaired)
        await asyncio.sleep(max(0.0, repaired + _FRESH_SECONDS - time.time()))
        await self._collect(record, logs, before)
        leftover = await self.back_to_quiet(record)
        self._finish(record, leftover)
        return record

    async def back_to_quiet(self, record: Record | None = None) -> list[str]:
        """Give the budgets back and wait until no alert stands; return those that still do."""
        await asyncio.to_thread(budget.give_back, self._platform.urls["prometheus"])
        if record is not None:
            self._mark(record, "budget_returned", "what the incident spent is given back")
        until = time.monotonic() + _QUIET_SECONDS
        while time.monotonic() < until:
            if not self._watch.active() and not self._watch.pending():
                return []
            await asyncio.sleep(_POLL_SECONDS)
        return sorted({*self._watch.active(), *self._watch.pending()})

    async def _until_told(self, fault: Fault, injected: float) -> None:
        missing = set(fault.expects)
        until = injected + fault.patience_seconds
        while missing and time.time() < until:
            await asyncio.sleep(_POLL_SECONDS)
            for told in sorted(missing):
                at = told_at(self._watch.since(injected), told)
                if at is not None:
                    missing.discard(told)
                    self._say(f"{told} told {at - injected:.1f} s after the fault")
        for told in sorted(missing):
            self._say(f"{told} NOT told within {fault.patience_seconds:.0f} s")

    async def _until_resolved(self, fault: Fault, injected: float, repaired: float) -> None:
        until = repaired + fault.resolve_seconds
        while time.time() < until:
            notices = self._watch.since(injected)
            told = [one for one in fault.expects if told_at(notices, one) is not None]
            if all(resolved_at(notices, one, repaired) is not None for one in told):
                self._say(f"told to be over {time.time() - repaired:.1f} s after the repair")
                return
            await asyncio.sleep(_POLL_SECONDS)
        self._say(f"NOT told to be over within {fault.resolve_seconds:.0f} s")

    async def _followed(self, fault: Fault, injected: float) -> list[Followed]:
        first: dict[Told, Notice] = {}
        for notice in self._watch.since(injected):
            for told in fault.expects:
                if any(said_of(told, notice, "firing")):
                    first.setdefault(told, notice)
        followed: list[Followed] = []
        for notice in first.values():
            followed += await asyncio.to_thread(
                follow, notice, fault.evidence, self._traces, injected
            )
        return followed

    async def _collect(self, record: Record, logs: LogMark, before: dict[str, int]) -> None:
        injected = record.moments["injected"] or 0.0
        seconds = time.time() - injected
        window = Window(injected - _BEFORE_SECONDS, time.time())
        url, place = self._platform.urls["prometheus"], record.fault.evidence.panel
        record.panels = await asyncio.to_thread(lambda: list(panels.sampled(url, place, window)))
        record.budgets = await asyncio.to_thread(
            lambda: [asdict(one) for one in budget.spent(self._prometheus, seconds, self._scale)]
        )
        record.traces = await asyncio.to_thread(self._spans, record)
        event = record.fault.evidence.event
        ids = {trace["trace_id"] for trace in record.traces}
        record.lines = await asyncio.to_thread(
            lambda: telling(logs.lines(), event.name if event else "", ids)
        )
        answers = self._stage.traffic.answers
        record.traffic = {
            "rate": self._stage.traffic.rate,
            "answers": {
                status: count - before.get(status, 0)
                for status, count in sorted(answers.items())
                if count > before.get(status, 0)
            },
        }

    def _spans(self, record: Record) -> list[dict[str, Any]]:
        """Return the trace that a link led to, else the one that a search for the span finds."""
        evidence, injected = record.fault.evidence, record.moments["injected"] or 0.0
        if self._traces is None or not evidence.span_name:
            return []
        by_link = next((link["trace_id"] for link in record.links if link["trace_id"]), "")
        try:
            ids = [by_link] if by_link else self._searched(evidence.span_name, injected)
            for trace_id in ids:
                spans = self._traces.trace(trace_id)
                if by_link or shows(spans, evidence, injected):
                    plain = [asdict(span) for span in spans]
                    found = [{"trace_id": trace_id, "by_link": bool(by_link), "spans": plain}]
                    return found + self._of_exemplar(record, trace_id)
        except httpx.HTTPError as error:
            self._say(f"no trace is read: {type(error).__name__}")
        return []

    def _of_exemplar(self, record: Record, known: str) -> list[dict[str, Any]]:
        """Return a trace that shows the fault, and that an exemplar of a panel leads to."""
        evidence, injected = record.fault.evidence, record.moments["injected"] or 0.0
        ids = {
            one["trace_id"]: None
            for panel in record.panels
            for one in panel["exemplars"]
            if injected <= one["at"] <= (record.moments["repaired"] or time.time())
        }
        if known in ids or self._traces is None:
            return []
        for trace_id in list(ids)[:100]:
            spans = self._traces.trace(trace_id)
            if shows(spans, evidence, injected):
                plain = [asdict(span) for span in spans]
                return [{"trace_id": trace_id, "by_link": False, "spans": plain}]
        return []

    def _searched(self, span: str, injected: float) -> Iterable[str]:
        if self._traces is None:
            return
        for service in ("sightline-web", "sightline-worker"):
            yield from self._traces.search(
                {
                    "service": service,
                    "operation": span,
                    "start": str(int(injected * 1e6)),
                    "lookback": "custom",
                    "limit": str(_MOST_TRACES),
                }
            )

    def _finish(self, record: Record, leftover: list[str]) -> None:
        injected = record.moments["injected"] or 0.0
        notices = self._watch.since(injected)
        standings = [one for one in self._watch.alerts_since(injected) if one.fired_at]
        record.notices = [_notice(one) for one in notices]
        record.alerts = [_alert(one, record.fault) for one in standings]
        for standing in self._watch.alerts_since(injected):
            self._mark_standing(record, standing)
        for notice in notices:
            for said in notice.said:
                kind = "told" if said.status == "firing" else "told_over"
                self._mark(
                    record,
                    kind,
                    f"{said.name} is {said.status}",
                    notice.at,
                    alert=said.name,
                    job=said.job,
                    window=said.window,
                    severity=said.severity,
                    via=notice.via,
                )
        record.timeline.sort(key=lambda entry: entry["at"])
        record.moments["ended"] = time.time()
        record.verdict = judged(
            record, notices, self._theory.of_fault(record.fault.expects), leftover
        )

    def _mark_standing(self, record: Record, standing: Standing) -> None:
        moments = (
            ("pending", standing.pending_at),
            ("firing", standing.fired_at),
            ("over", standing.gone_at),
        )
        labels = standing.labels
        for kind, at in moments:
            if at is not None:
                self._mark(
                    record,
                    kind,
                    f"{standing.name} is {kind} in Prometheus",
                    at,
                    alert=standing.name,
                    job=labels.get(naming.JOB, ""),
                    window=labels.get(naming.WINDOW, ""),
                    severity=labels.get(naming.SEVERITY, ""),
                )

    def _mark(
        self, record: Record, kind: str, text: str, at: float | None = None, **more: str
    ) -> None:
        empty = dict.fromkeys(("alert", "job", "window", "severity", "via"), "")
        moment = time.time() if at is None else at
        record.timeline.append({"at": moment, "kind": kind, "text": text} | empty | more)
        if not more:
            self._say(text)


def _notice(notice: Notice) -> dict[str, Any]:
    return {
        "at": notice.at,
        "via": notice.via,
        "said": [asdict(one) for one in notice.said],
        "content": notice.content,
    }


def _alert(standing: Standing, fault: Fault) -> dict[str, Any]:
    job = standing.labels.get(naming.JOB, "")
    return asdict(standing) | {"role": role_of(fault, standing.name, job)}
