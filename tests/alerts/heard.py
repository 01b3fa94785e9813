"""What reached people: mails and webhooks, read as they stand, by the rule they tell of."""

import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any

from alerts import build, naming
from alerts.rules import AlertRule, alerts_of

RULES = alerts_of(build.groups(build.Options()))
MAIL, WEBHOOK, FIRING, RESOLVED = "mail", "webhook", "firing", "resolved"

_HEAD = re.compile(r"^(FIRING|RESOLVED), (\w+)(?:, (\w+) window)?(?:, (.+))?$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Told:
    """One alert of one message, and when it came (monotonic seconds)."""

    subject: str
    way: str
    status: str
    at: float


class Ears:
    """Reads what is new in a mailbox and in a webhook's inbox."""

    def __init__(self, mails: Sequence[EmailMessage], posted: Sequence[dict[str, Any]]) -> None:
        self._mails, self._posted = mails, posted
        self._mails_read = self._posted_read = 0
        self.told: list[Told] = []

    def has(self, subject: str, way: str, status: str, since: float = 0.0) -> bool:
        """Tell whether a rule was told of that way, at some time after `since`."""
        self._listen()
        return any(
            (one.subject, one.way, one.status) == (subject, way, status) and one.at >= since
            for one in self.told
        )

    def is_over(self, subject: str, way: str) -> bool:
        """Tell whether the last that was told of a rule, of those ways, is that it is over."""
        self._listen()
        last = [one.status for one in self.told if (one.subject, one.way) == (subject, way)][-1:]
        return last == [RESOLVED]

    def history(self, subject: str) -> str:
        """Tell all that was told of a rule, with seconds before now."""
        now = time.monotonic()
        heard = (
            f"{one.status} by {one.way} {now - one.at:.1f} s ago"
            for one in self.told
            if one.subject == subject
        )
        return f"{subject}: {', '.join(heard)}"

    def _listen(self) -> None:
        mails, posted = self._mails[self._mails_read :], self._posted[self._posted_read :]
        self._mails_read += len(mails)
        self._posted_read += len(posted)
        now = time.monotonic()
        for mail in mails:
            self.told += [Told(subject, MAIL, status, now) for subject, status in _of_mail(mail)]
        for alert in posted:
            if subject := subject_of(alert["labels"]):
                self.told.append(Told(subject, WEBHOOK, alert["status"], now))


def subject_of(labels: dict[str, str]) -> str:
    """Return the rule whose alert has these labels: of several the one that demands the most."""
    fitting = [rule for rule in RULES if _fits(rule, labels)]
    return max(fitting, key=lambda rule: len(rule.labels)).subject if fitting else ""


def body(mail: EmailMessage, kind: str = "plain") -> str:
    part = mail.get_body((kind,))
    assert part is not None
    content: str = part.get_content()
    return content.replace("\r\n", "\n")


def _fits(rule: AlertRule, labels: dict[str, str]) -> bool:
    known = {naming.JOB, naming.WINDOW} & rule.labels.keys()
    return (rule.name, rule.severity.value) == (
        labels[naming.ALERTNAME],
        labels[naming.SEVERITY],
    ) and all(rule.labels[label] == labels.get(label) for label in known)


def _of_mail(mail: EmailMessage) -> Iterable[tuple[str, str]]:
    text = body(mail)
    name = text.split(maxsplit=1)[0]
    for status, severity, window, job in _HEAD.findall(text):
        labels = {
            naming.ALERTNAME: name,
            naming.SEVERITY: severity,
            naming.WINDOW: window,
            naming.JOB: job,
        }
        yield subject_of(labels), status.lower()
