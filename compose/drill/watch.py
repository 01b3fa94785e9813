"""What anybody is told while a drill runs: mails and webhooks as they arrive, alerts as they stand.

A mail is read as a person reads it: by its subject and its text. Times are seconds since the Unix
epoch, those of deliveries as the receiver wrote them down.
"""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import httpx

from alerts import naming
from compose.chain.prometheus import Prometheus
from compose.inbox.letters import Letter
from compose.native.run import Platform

_POLL_SECONDS: Final = 0.4
_SUBJECT: Final = re.compile(r"\[(FIRING|RESOLVED)\] (\w+)\b[^:]*: ")
_SECTION: Final = re.compile(
    r"^(FIRING|RESOLVED), (?P<severity>\w+)(?:, (?P<window>\S+) window)?(?:, (?P<job>\S+))?$",
    re.MULTILINE,
)
_OF_THE_SERIES: Final = frozenset({"__name__", "alertstate"})
_LINK: Final = re.compile(r"https?://[^\s<>\"]+")


@dataclass(frozen=True, slots=True)
class Said:
    """One alert in a message; `status` is `firing` or `resolved`."""

    status: str
    name: str
    severity: str
    job: str = ""
    window: str = ""


@dataclass(frozen=True, slots=True)
class Notice:
    """One message that somebody got."""

    at: float
    via: str
    """`mail` or `webhook`."""
    said: tuple[Said, ...]
    links: tuple[str, ...]
    content: Mapping[str, Any] = field(repr=False)
    """Of a mail subject, headers, text and HTML; of a webhook Alertmanager's payload."""

    def says(self, status: str) -> Iterable[Said]:
        """Return the alerts of that status in it."""
        return (one for one in self.said if one.status == status)


def of_mail(letter: Letter) -> Notice | None:
    """Return the notice of an alert's mail; None for any other mail."""
    found = _SUBJECT.match(letter.subject)
    if found is None:
        return None
    text = letter.text
    said = tuple(
        Said(each[1].lower(), found[2], each["severity"], each["job"] or "", each["window"] or "")
        for each in _SECTION.finditer(text)
    )
    return Notice(
        letter.received.timestamp(),
        "mail",
        said,
        tuple(_LINK.findall(text)),
        {
            "subject": letter.subject,
            "from": letter.sender,
            "to": list(letter.recipients),
            "headers": [[name, str(value)] for name, value in letter.message.items()],
            "text": text,
            "html": letter.html,
        },
    )


def of_webhook(kept: Mapping[str, Any]) -> Notice:
    """Return the notice of what the inbox kept."""
    payload = kept["payload"]
    said, links = [], []
    for alert in payload["alerts"]:
        labels = alert["labels"]
        said.append(
            Said(
                alert["status"],
                labels[naming.ALERTNAME],
                labels.get(naming.SEVERITY, ""),
                labels.get(naming.JOB, ""),
                labels.get(naming.WINDOW, ""),
            )
        )
        links += [text for name, text in alert["annotations"].items() if name.endswith("_url")]
    at = datetime.fromisoformat(kept["received"]).timestamp()
    return Notice(at, "webhook", tuple(said), tuple(links), payload)


@dataclass(slots=True)
class Standing:
    """One alert of Prometheus over time: moments at which it was first seen so."""

    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    pending_at: float
    fired_at: float | None = None
    gone_at: float | None = None

    @property
    def name(self) -> str:
        """The alert's name."""
        return self.labels[naming.ALERTNAME]


class Watch:
    """Takes down notices and alerts while `watching`."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._last_mail = ""
        self._last_post = 0
        self._present: dict[frozenset[tuple[str, str]], Standing] = {}
        self.notices: list[Notice] = []
        """All but the Watchdog's, in the order in which they were seen."""
        self.standings: list[Standing] = []

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Look again and again while the block lasts; a part that is away is asked again later."""
        async with httpx.AsyncClient(trust_env=False, timeout=3.0) as client:
            task = asyncio.create_task(self._run(client))
            try:
                yield
            finally:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

    def since(self, moment: float) -> Sequence[Notice]:
        """Return what was delivered from then on, oldest first."""
        found = [notice for notice in self.notices if notice.at >= moment]
        return sorted(found, key=lambda notice: notice.at)

    def alerts_since(self, moment: float) -> Sequence[Standing]:
        """Return the alerts that were pending or firing at any time from then on."""
        return [one for one in self.standings if one.gone_at is None or one.gone_at >= moment]

    def correct(self, prometheus: Prometheus, since: float) -> None:
        """Put in when alerts fired by Prometheus' own series, not by when we looked."""
        found = prometheus.samples('ALERTS{alertstate="firing"}', time.time() - since)
        for series, samples in found:
            labels = {key: value for key, value in series.items() if key not in _OF_THE_SERIES}
            for standing in self.standings:
                if dict(standing.labels) == labels and standing.fired_at is not None:
                    fired = (at for at, _ in samples if at >= standing.pending_at)
                    standing.fired_at = min(standing.fired_at, next(fired, standing.fired_at))

    def active(self) -> list[str]:
        """Return the names of the alerts that fire now."""
        return [one.name for one in self._present.values() if one.fired_at is not None]

    def pending(self) -> list[str]:
        """Return the names of the alerts that are on their way to fire."""
        return [one.name for one in self._present.values() if one.fired_at is None]

    async def _run(self, client: httpx.AsyncClient) -> None:
        while True:
            await asyncio.gather(
                self._look_at_alerts(client),
                self._look_at_webhooks(client),
                self._look_at_mails(),
                return_exceptions=True,
            )
            await asyncio.sleep(_POLL_SECONDS)

    async def _look_at_alerts(self, client: httpx.AsyncClient) -> None:
        answer = await client.get(f"{self._platform.urls['prometheus']}/api/v1/alerts")
        now = time.time()
        seen = set()
        for alert in answer.raise_for_status().json()["data"]["alerts"]:
            labels = alert["labels"]
            if labels[naming.ALERTNAME] == naming.WATCHDOG:
                continue
            key = frozenset(labels.items())
            seen.add(key)
            if key not in self._present:
                active = datetime.fromisoformat(alert["activeAt"]).timestamp()
                self._present[key] = Standing(labels, alert["annotations"], active)
                self.standings.append(self._present[key])
            standing = self._present[key]
            standing.annotations = alert["annotations"]
            if alert["state"] == "firing" and standing.fired_at is None:
                standing.fired_at = now
        for key in self._present.keys() - seen:
            self._present.pop(key).gone_at = now

    async def _look_at_webhooks(self, client: httpx.AsyncClient) -> None:
        for kept in (await client.get(f"{self._platform.urls['inbox']}/alerts")).json():
            # By its number, not by its place: the inbox keeps the last ones only.
            if kept["number"] <= self._last_post:
                continue
            self._last_post = kept["number"]
            if kept["payload"]["groupLabels"].get(naming.ALERTNAME) != naming.WATCHDOG:
                self.notices.append(of_webhook(kept))

    async def _look_at_mails(self) -> None:
        for letter in await asyncio.to_thread(self._platform.mailbox, after=self._last_mail):
            self._last_mail = letter.name
            notice = of_mail(letter)
            if notice is not None:
                self.notices.append(notice)
