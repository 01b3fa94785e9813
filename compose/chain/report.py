"""Link: a scheduled report → the worker's trace, linked to the request's → the mail, by one ID."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app import signals
from compose.chain.logs import lines_with
from compose.chain.traces import SpanView, Traces
from compose.chain.waiting import wait_for
from compose.inbox.letters import Letter
from telemetry.catalog import attributes, http


@dataclass(frozen=True, slots=True)
class ReportEvidence:
    """One report job, seen from the request to the mailbox."""

    correlation_id: str
    request: Sequence[SpanView]
    job: Sequence[SpanView]
    mail: Letter


def follow_report(
    correlation_id: str,
    mailbox: Callable[[], Sequence[Letter]],
    traces: Traces,
    logs: Collection[Path],
) -> ReportEvidence:
    """Wait for the report's mail and follow its ID back to the job and the request."""

    def delivered() -> Letter | None:
        mails = [mail for mail in mailbox() if mail.message["X-Correlation-ID"] == correlation_id]
        return mails[0] if mails else None

    mail = wait_for(f"the report's mail with {correlation_id}", delivered, seconds=30)
    request = _trace_of(http.REQUEST_FINISHED.name, correlation_id, traces, logs)

    def linked() -> Sequence[SpanView] | None:
        spans = _trace_of(signals.REPORT_GENERATED.name, correlation_id, traces, logs)
        return spans if _is_linked(spans, request, correlation_id) else None

    job = wait_for("a worker's trace that links to the request's", linked, seconds=20)
    return ReportEvidence(correlation_id, request, job, mail)


def _trace_of(
    event: str, correlation_id: str, traces: Traces, logs: Collection[Path]
) -> Sequence[SpanView]:
    def line() -> dict[str, Any] | None:
        found = lines_with(logs, event=event, correlation_id=correlation_id)
        return found[0] if found else None

    trace_id = wait_for(f"a log line {event} of {correlation_id}", line, seconds=20)["trace_id"]
    return wait_for(
        f"the trace {trace_id} of {event}", lambda: traces.trace(trace_id) or None, seconds=20
    )


def _is_linked(job: Sequence[SpanView], request: Sequence[SpanView], correlation_id: str) -> bool:
    """Tell whether the job's first span links to the request's sending span, under one ID."""
    senders = [span for span in request if span.name == signals.ENQUEUE_REPORT.name]
    consumers = [span for span in job if span.name == signals.PROCESS_REPORT.name]
    if len(senders) != 1 or len(consumers) != 1:
        return False
    sender, consumer = senders[0], consumers[0]
    conversations = {
        span.attributes.get(attributes.MESSAGING_CONVERSATION_ID) for span in (sender, consumer)
    }
    return (sender.trace_id, sender.span_id) in consumer.links and conversations == {correlation_id}
