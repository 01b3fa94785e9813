"""Gathers what an incident left behind: panels, budgets, traces, log lines, answers.

Asked of the running parts after the repair, before the budgets are given back.
"""

import asyncio
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import Any, Final

from compose.chain.prometheus import Prometheus
from compose.chain.traces import JaegerTraces
from compose.drill import budget, panels
from compose.drill.links import shows
from compose.drill.logs import LogMark, telling
from compose.drill.record import Record
from compose.drill.showing import line_shows
from compose.faults.stage import Stage
from dashboards.proof.prometheus import Window

_MOST_TRACES: Final = 20
_MOST_EXEMPLARS: Final = 100


class Gathering:
    """Of one incident, into its record; without `traces` none is looked for."""

    def __init__(self, stage: Stage, traces: JaegerTraces | None, record: Record) -> None:
        self._stage, self._traces, self._record = stage, traces, record
        self._evidence = record.fault.evidence
        self._injected = record.moments["injected"] or 0.0

    async def collect(self, logs: LogMark, before: Mapping[str, int]) -> None:
        """Gather it all; `before` are the answers that were counted before the fault."""
        record = self._record
        record.traffic = {
            "rate": self._stage.traffic.rate,
            "answers": dict(self._answers(before)),
        }
        # The log first: it is there whatever else cannot be asked.
        record.lines = await asyncio.to_thread(self._lines, logs)
        await asyncio.to_thread(self._measured)
        record.traces = await asyncio.to_thread(self._spans)
        record.lines = await asyncio.to_thread(self._lines, logs)

    def _answers(self, before: Mapping[str, int]) -> Iterator[tuple[str, int]]:
        for status, count in sorted(self._stage.traffic.answers.items()):
            if count > before.get(status, 0):
                yield status, count - before.get(status, 0)

    def _lines(self, logs: LogMark) -> list[dict[str, Any]]:
        """Return the lines that show it, and those of the traces that are known."""
        moments = self._record.moments
        return telling(
            logs.lines(),
            lambda line: line_shows(line, self._evidence, moments),
            {trace["trace_id"] for trace in self._record.traces},
        )

    def _measured(self) -> None:
        url, record = self._stage.platform.urls["prometheus"], self._record
        window = Window(record.moments["began"] or self._injected, time.time())
        record.panels = list(panels.sampled(url, self._evidence.panel, window))
        seconds = time.time() - self._injected
        record.budgets = [
            asdict(one) for one in budget.spent(Prometheus(url), seconds, record.scale)
        ]

    def _spans(self) -> list[dict[str, Any]]:
        """Return the trace that a link led to, else the one that a search for the span finds."""
        if self._traces is None or not self._evidence.span_name:
            return []
        by_link = next((link["trace_id"] for link in self._record.links if link["trace_id"]), "")
        ids = [by_link] if by_link else self._searched(self._traces)
        for trace_id in ids:
            spans = self._traces.trace(trace_id)
            if by_link or shows(spans, self._evidence, self._injected):
                plain = [asdict(span) for span in spans]
                found = [{"trace_id": trace_id, "by_link": bool(by_link), "spans": plain}]
                return found + self._of_exemplar(self._traces, trace_id)
        return []

    def _of_exemplar(self, traces: JaegerTraces, known: str) -> list[dict[str, Any]]:
        """Return a trace that shows the fault, and that an exemplar of a panel leads to."""
        repaired = self._record.moments["repaired"] or time.time()
        ids = {
            one["trace_id"]: None
            for panel in self._record.panels
            for one in panel["exemplars"]
            if self._injected <= one["at"] <= repaired
        }
        if known in ids:
            return []
        for trace_id in list(ids)[:_MOST_EXEMPLARS]:
            spans = traces.trace(trace_id)
            if shows(spans, self._evidence, self._injected):
                plain = [asdict(span) for span in spans]
                return [{"trace_id": trace_id, "by_link": False, "spans": plain}]
        return []

    def _searched(self, traces: JaegerTraces) -> Iterable[str]:
        for service in ("sightline-web", "sightline-worker"):
            yield from traces.search(
                {
                    "service": service,
                    "operation": self._evidence.span_name,
                    "start": str(int(self._injected * 1e6)),
                    "lookback": "custom",
                    "limit": str(_MOST_TRACES),
                }
            )
