"""An incident as its report and the tour need it. Times are seconds since the fault."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

from compose.chain.traces import SpanView

Points = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Moments:
    """The moments of an incident; None is what did not happen."""

    began: float
    fires: float | None
    told: float | None
    repaired: float | None
    resolved: float | None
    """When it was told that the window is over that found the fault."""
    clear: float | None
    """When nothing of the expected alerts was told to fire any more."""
    ended: float

    def after_repair(self, moment: float | None) -> float | None:
        """Return how long after the repair a moment was."""
        return None if moment is None or self.repaired is None else moment - self.repaired


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert of Prometheus; `detail` tells which of its kind, `role` as the record has it."""

    name: str
    detail: str
    role: str
    pending: float | None
    fired: float | None
    gone: float | None


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail as it arrived."""

    subject: str
    sender: str
    recipients: tuple[str, ...]
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class Message:
    """What somebody was told: (status, alert) each; `letter` is its mail.

    `jobs` are the alerts' jobs, in the same order; empty where an alert has none.
    """

    at: float
    via: str
    said: tuple[tuple[str, str], ...]
    letter: Letter | None
    jobs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Link:
    """A link of a message, followed."""

    alert: str
    kind: str
    url: str
    holds: bool
    found: str


@dataclass(frozen=True, slots=True)
class Trace:
    """A trace; `by_link` tells whether a message led to it."""

    trace_id: str
    by_link: bool
    spans: tuple[SpanView, ...]


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line of the service's log; `fields` are all but its time, level and event."""

    at: float
    level: str
    event: str
    trace_id: str
    fields: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, line: Mapping[str, Any], zero: float) -> Self:
        """Return the line of a record."""
        try:
            at = datetime.fromisoformat(str(line.get("timestamp"))).timestamp() - zero
        except ValueError:
            at = 0.0
        level, event = str(line.get("level", "")), str(line.get("event", ""))
        known = {"timestamp", "level", "event"}
        fields = tuple((key, str(value)) for key, value in line.items() if key not in known)
        return cls(at, level, event, str(line.get("trace_id", "")), fields)


@dataclass(frozen=True, slots=True)
class Curve:
    """One series of a panel, named as its legend has it."""

    name: str
    points: Points


@dataclass(frozen=True, slots=True)
class Heat:
    """A histogram over time: the upper bounds, lowest first, and of each row value by moment."""

    bounds: tuple[float, ...]
    rows: tuple[Mapping[float, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """A panel over the incident; `exemplars` are (moment, value, trace ID)."""

    board: str
    board_title: str
    title: str
    answers: str
    unit: str
    visual: str
    shows_the_fault: bool
    curves: tuple[Curve, ...]
    heat: Heat | None = None
    exemplars: tuple[tuple[float, float, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Budget:
    """What an incident cost an objective; a `share` of 1 is the whole budget."""

    objective: str
    promise: str
    events: float
    bad: float
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """All of it. `zero` is the fault's moment, in seconds since the Unix epoch."""

    name: str
    breaks: str
    layer: str
    span: str
    why_no_trace: str
    zero: float
    scale: int
    moments: Moments
    expected: tuple[str, ...]
    alerts: tuple[Alert, ...]
    messages: tuple[Message, ...]
    links: tuple[Link, ...]
    traces: tuple[Trace, ...]
    lines: tuple[LogLine, ...]
    panels: tuple[Panel, ...]
    budgets: tuple[Budget, ...]
    answers: Mapping[str, int]
    broken: tuple[str, ...]
    theory: float | None
    run: str
    """`drill` or `demo`: who broke it."""

    @property
    def title(self) -> str:
        """Its name as a heading has it."""
        words = self.name.replace("-", " ").split()
        written = [_WRITTEN.get(word, word) for word in words]
        return " ".join([written[0][:1].upper() + written[0][1:], *written[1:]]) if words else ""

    @property
    def page(self) -> Message | None:
        """The first mail of what was expected to be told, else the first message of any kind."""
        told = [
            one
            for one in self.messages
            if one.at >= 0
            and any(status == "firing" and name in self.expected for status, name in one.said)
        ]
        return next((one for one in told if one.letter), next(iter(told), None))

    def clock(self, seconds: float) -> str:
        """Return the time of day, in UTC."""
        return datetime.fromtimestamp(self.zero + seconds, UTC).strftime("%H:%M:%S")

    @property
    def day(self) -> str:
        """Return the day, in UTC."""
        return datetime.fromtimestamp(self.zero, UTC).strftime("%d %B %Y").lstrip("0")


_WRITTEN = {
    "postgresql": "PostgreSQL",
    "redis": "Redis",
    "smtp": "SMTP",
    "jaeger": "Jaeger",
    "prometheus": "Prometheus",
}
