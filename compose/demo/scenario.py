"""The story of one incident, on a running platform, every link of the chain verified on the way.

The demo shows it, the chain test asserts what it returns; both run this same code on real parts.
"""

import asyncio
import signal
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import httpx

from app.objectives import API_AVAILABILITY
from compose.chain.alert import (
    Inboxes,
    await_firing,
    await_mail,
    await_webhook,
    failed_trace,
    open_runbook,
)
from compose.chain.logs import lines_with
from compose.chain.prometheus import Prometheus
from compose.chain.report import ReportEvidence, follow_report
from compose.chain.request import RequestEvidence, follow_request
from compose.chain.traces import FileTraces, JaegerTraces
from compose.chain.waiting import BrokenLinkError, wait_for
from compose.demo.screen import Screen
from compose.demo.traffic import Traffic
from compose.native.run import Platform

ALERT: Final = f"{API_AVAILABILITY.title}BudgetBurn"
BROKEN_PART: Final = "postgres"
_HEALTHY_SECONDS: Final = 8.0


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds from the fault or the repair to what followed it; the moments since the epoch."""

    fault_to_firing: float
    fault_to_mail: float
    repair_to_ready: float
    repair_to_resolved_mail: float
    broken_at: float
    repaired_at: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that the scenario verified."""

    request: RequestEvidence
    report: ReportEvidence
    failed_trace_id: str
    times: Times


class Scenario:
    """One run of the story. `BrokenLinkError` where a link does not hold.

    It waits a lot and blocks while it does: run it in a thread of its own.
    """

    def __init__(self, platform: Platform, screen: Screen, began: float) -> None:
        self._platform = platform
        self._screen = screen
        self._began = began
        self._prometheus = Prometheus(platform.urls["prometheus"])
        self._traces: JaegerTraces | FileTraces = (
            FileTraces(platform.traces_file)
            if platform.traces_file
            else JaegerTraces(platform.urls["jaeger"])
        )
        self._logs = [platform.log_path("web"), platform.log_path("worker")]
        self._inboxes = Inboxes(platform.mailbox, self._webhooks)

    def run(self) -> Evidence:
        """Go through the whole story; return what was seen."""
        with self.traffic() as traffic:
            request, report = self.healthy(traffic)
            fault_at = self._break()
            firing_after, mail_after, failed = self._follow_alert(fault_at)
            repaired_at = self._mend()
            ready_after = self._await_ready(repaired_at)
            resolved_after = self._await_resolved(repaired_at)
            self._screen.say(f"answers by status: {traffic.summary()}")
        since_epoch = time.time() - time.monotonic()
        times = Times(
            firing_after,
            mail_after,
            ready_after,
            resolved_after,
            since_epoch + fault_at,
            since_epoch + repaired_at,
        )
        return Evidence(request, report, failed, times)

    def traffic(self) -> Traffic:
        """Return a client of this platform; enter it to let it begin."""
        return Traffic(self._platform.urls["web"], self._platform.api_key)

    def healthy(self, traffic: Traffic) -> tuple[RequestEvidence, ReportEvidence]:
        """Go through the part of the story before anything breaks."""
        self._chapter("Real traffic flows: checks, evaluations and grants, 40 a second")
        time.sleep(_HEALTHY_SECONDS)
        self._screen.say(f"answers by status: {traffic.summary()}")
        return self._follow_request(traffic), self._follow_report()

    def _webhooks(self) -> Sequence[Mapping[str, Any]]:
        return [kept["payload"] for kept in asyncio.run(self._platform.webhooks())]

    def _chapter(self, title: str) -> None:
        self._screen.chapter(time.monotonic() - self._began, title)

    def _follow_request(self, traffic: Traffic) -> RequestEvidence:
        self._chapter("A request, from its metric to its log lines")
        seen = follow_request(self._prometheus, self._traces, self._logs, traffic.sent)
        self._screen.held(
            "metric → exemplar → trace", f"trace_id {seen.exemplar.trace_id}, from query_exemplars"
        )
        self._screen.trace(seen.spans)
        self._screen.held(
            "trace → log lines, with the ID that the client sent",
            f"correlation_id {seen.correlation_id}",
        )
        self._screen.log_lines(seen.lines)
        return seen

    def _follow_report(self) -> ReportEvidence:
        self._chapter("A report: request → queue → worker → mail, under one ID")
        correlation_id = f"report-{uuid.uuid4().hex[:12]}"
        response = httpx.post(
            f"{self._platform.urls['web']}/reports",
            json={"recipient": "auditor@sightline.example"},
            headers={
                "Authorization": f"Bearer {self._platform.api_key}",
                "X-Correlation-ID": correlation_id,
            },
            timeout=5.0,
        )
        if response.status_code != httpx.codes.ACCEPTED:
            message = f"POST /reports answers {response.status_code}: {response.text}"
            raise BrokenLinkError(message)
        seen = follow_report(correlation_id, self._platform.mailbox, self._traces, self._logs)
        self._screen.trace(seen.job)
        self._screen.held(
            "the worker's trace links to the request's; log, spans and mail carry one ID",
            f"request  trace_id {seen.request[0].trace_id}",
            f"worker   trace_id {seen.job[0].trace_id}",
            f"mail     X-Correlation-ID {seen.mail.message['X-Correlation-ID']}, "
            f"Message-ID {seen.mail.message['Message-ID']}",
        )
        return seen

    def _break(self) -> float:
        self._chapter("Something breaks: PostgreSQL dies")
        # Before the part has ended: what follows from the fault may not wait for it.
        fault_at = time.monotonic()
        # SIGQUIT is PostgreSQL's immediate shutdown: no goodbye to anyone, as in a crash.
        asyncio.run(self._platform.stop_part(BROKEN_PART, signal.SIGQUIT))
        return fault_at

    def _follow_alert(self, fault_at: float) -> tuple[float, float, str]:
        alert = await_firing(self._prometheus, ALERT, seconds=60)
        firing_after = time.monotonic() - fault_at
        self._screen.held(
            f"{ALERT} fires in Prometheus {firing_after:.1f} s after the fault",
            alert.annotations.get("description", ""),
        )
        mail = await_mail(self._inboxes, ALERT, "FIRING", seconds=30)
        mail_after = time.monotonic() - fault_at
        await_webhook(self._inboxes, ALERT, "firing", seconds=30)
        self._screen.held(f"mail and webhook delivered {mail_after:.1f} s after the fault")
        self._screen.mail(mail)

        self._chapter("From the mail's links alone: the runbook, a failed trace, its log lines")
        runbook = open_runbook(mail)
        self._screen.held("mail → runbook", f"{len(runbook)} characters, it opens")
        spans = failed_trace(mail, self._traces, "sightline-web")
        trace_id = spans[0].trace_id
        self._screen.held("mail → failed trace", f"trace_id {trace_id}")
        self._screen.trace(spans)
        lines = wait_for(
            f"log lines of the failed trace {trace_id}",
            lambda: lines_with(self._logs, trace_id=trace_id) or None,
            seconds=10,
        )
        self._screen.held("failed trace → log lines")
        self._screen.log_lines(lines)
        return firing_after, mail_after, trace_id

    def _mend(self) -> float:
        self._chapter("The repair: PostgreSQL starts again, no other part is touched")
        repaired_at = time.monotonic()
        asyncio.run(self._platform.start_part(BROKEN_PART))
        return repaired_at

    def _await_ready(self, repaired_at: float) -> float:
        def ready() -> bool | None:
            try:
                answer = httpx.get(f"{self._platform.urls['web']}/readyz", timeout=2.0)
            except httpx.HTTPError:
                return None
            return answer.is_success or None

        wait_for("the service is ready again", ready, seconds=30)
        after = time.monotonic() - repaired_at
        self._screen.held(f"the service is ready {after:.1f} s after the repair began")
        return after

    def _await_resolved(self, repaired_at: float) -> float:
        self._screen.say("the windows empty, each at its own pace; then the alert resolves")
        mail = await_mail(self._inboxes, ALERT, "RESOLVED", seconds=150)
        await_webhook(self._inboxes, ALERT, "resolved", seconds=60)
        after = time.monotonic() - repaired_at
        self._screen.held(
            f"mail and webhook say resolved {after:.1f} s after the repair", mail.subject
        )
        return after
