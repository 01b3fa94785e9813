"""Who is told: the addresses of the containers by default, and those a run gives instead.

Nothing here is a secret: what must not be read stands in files, which Alertmanager opens itself.
"""

import re
from dataclasses import dataclass
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_HOURS = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


@dataclass(frozen=True, slots=True)
class QuietHours:
    """When tickets wait: daily from `start` to `end` (HH:MM, over midnight too) in `zone`.

    With `weekends` all of Saturday and Sunday too. Pages and the Watchdog never wait.
    """

    start: str
    end: str
    zone: str = "UTC"
    weekends: bool = False

    def __post_init__(self) -> None:
        if not all(_HOURS.fullmatch(time) for time in (self.start, self.end)):
            message = f"quiet hours are HH:MM-HH:MM, not {self.start}-{self.end}"
            raise ValueError(message)
        if self.start == self.end:
            message = "quiet hours that never end would keep every ticket back"
            raise ValueError(message)
        try:
            ZoneInfo(self.zone)
        except (ZoneInfoNotFoundError, ValueError):
            message = f"no time zone is called {self.zone!r}"
            raise ValueError(message) from None

    @classmethod
    def parse(cls, text: str, *, weekends: bool = False) -> "QuietHours":
        """Read `22:00-07:00` or `22:00-07:00@Europe/Berlin`; `ValueError` if it is neither."""
        times, _, zone = text.partition("@")
        start, _, end = times.partition("-")
        return cls(start, end, zone or "UTC", weekends)


@dataclass(frozen=True, slots=True)
class Receivers:
    """Where notifications go.

    `dead_man` takes the Watchdog alone, so that it may stand outside all that it watches; where it
    is empty the webhook does. A mail server that wants a password gets user and password file, and
    only over TLS then. Slack and PagerDuty are off until their file is named.
    """

    smarthost: str = "mail:1025"
    webhook: str = "http://inbox:8026/alerts"
    sender: str = "alerts@sightline.example"
    on_call: str = "oncall@sightline.example"
    dead_man: str = ""
    smtp_user: str = ""
    smtp_password_file: str = ""
    slack_url_file: str = ""
    slack_channel: str = "#sightline"
    pagerduty_key_file: str = ""
    quiet: QuietHours | None = None

    def __post_init__(self) -> None:
        if bool(self.smtp_user) != bool(self.smtp_password_file):
            message = "a mail server that wants a password needs a user and a password file"
            raise ValueError(message)
