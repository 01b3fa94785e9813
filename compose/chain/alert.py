"""Link: a burning budget → an alert in Prometheus → a mail and a webhook, firing and resolved.

The mail is read as a person reads it: by its links alone it must lead to the runbook and to traces.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx

from compose.chain.prometheus import Alert, Prometheus
from compose.chain.traces import FileTraces, JaegerTraces, SpanView
from compose.chain.waiting import BrokenLinkError, wait_for
from compose.inbox.letters import Letter

_LINK = re.compile(r"https?://[^\s<>\"]+")


@dataclass(frozen=True, slots=True)
class Inboxes:
    """Where notifications arrive: functions that return all that has come so far."""

    mails: Callable[[], Sequence[Letter]]
    webhooks: Callable[[], Sequence[Mapping[str, Any]]]
    """Alertmanager's payloads."""


def await_firing(prometheus: Prometheus, name: str, *, seconds: float) -> Alert:
    """Wait until Prometheus says that the alert fires; return it."""

    def firing() -> Alert | None:
        matching = [one for one in prometheus.alerts() if one.name == name]
        return next((one for one in matching if one.state == "firing"), None)

    def state() -> str:
        return str([(one.name, one.state) for one in prometheus.alerts()])

    return wait_for(f"{name} fires in Prometheus", firing, seconds=seconds, found_instead=state)


def await_mail(inboxes: Inboxes, name: str, status: str, *, seconds: float) -> Letter:
    """Wait for the mail of an alert; `status` is FIRING or RESOLVED, as its subject says."""

    def arrived() -> Letter | None:
        wanted = f"[{status}] {name}:"
        matching = [mail for mail in inboxes.mails() if mail.subject.startswith(wanted)]
        return matching[-1] if matching else None

    def subjects() -> str:
        return f"the last mails: {[mail.subject for mail in inboxes.mails()][-5:]}"

    return wait_for(
        f"a mail that says {status} {name}", arrived, seconds=seconds, found_instead=subjects
    )


def await_webhook(inboxes: Inboxes, name: str, status: str, *, seconds: float) -> Mapping[str, Any]:
    """Wait for the webhook of an alert; `status` is firing or resolved."""

    def arrived() -> Mapping[str, Any] | None:
        matching = [
            post
            for post in inboxes.webhooks()
            if any(
                alert["labels"]["alertname"] == name and alert["status"] == status
                for alert in post["alerts"]
            )
        ]
        return matching[-1] if matching else None

    return wait_for(f"a webhook that says {status} {name}", arrived, seconds=seconds)


def links_of(mail: Letter) -> list[str]:
    """Return the addresses that the mail's plain text offers, in order."""
    return [link.rstrip(".,)") for link in _LINK.findall(mail.text)]


def open_runbook(mail: Letter) -> str:
    """Open the runbook that the mail links to; return its text."""
    address = _only(mail, "/runbooks/")
    response = httpx.get(address, timeout=5.0)
    if response.status_code != httpx.codes.OK:
        message = f"the mail's runbook {address} answers {response.status_code}"
        raise BrokenLinkError(message)
    return response.text


def failed_trace(
    mail: Letter, traces: JaegerTraces | FileTraces, service: str
) -> Sequence[SpanView]:
    """Follow the mail's link to example traces; return one that holds the error.

    Jaeger's page and its API take the same parameters, so the link is followed as a browser would.
    Without Jaeger the mail has no such link, and the service's file of traces is read instead.
    """
    if isinstance(traces, FileTraces):
        candidates = partial(traces.failed, service)
    else:
        parameters = dict(parse_qsl(urlsplit(_only(mail, "/search?")).query))
        candidates = partial(traces.search, parameters)

    def look() -> Sequence[SpanView] | None:
        found = (traces.trace(trace_id) for trace_id in candidates())
        return next((spans for spans in found if any(span.failed for span in spans)), None)

    return wait_for("a failed trace behind the mail", look, seconds=20)


def _only(mail: Letter, part: str) -> str:
    found = [link for link in links_of(mail) if part in link]
    if not found:
        message = f"the alert's mail has no link with {part}: {links_of(mail)}"
        raise BrokenLinkError(message)
    return found[0]
