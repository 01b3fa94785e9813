"""What a fault is: a declaration with its ground truth, and two functions that really do it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum

from compose.faults.stage import Stage
from telemetry.catalog.declarations import Event, Span


class Layer(Enum):
    """Where it breaks."""

    DATABASE = "database"
    CACHE = "cache"
    WORK = "work behind the requests"
    REQUESTS = "requests"
    PROCESS = "process"
    CLIENTS = "clients"
    OBSERVABILITY = "observability"


@dataclass(frozen=True, slots=True, order=True)
class Told:
    """An alert as a person is told of it: by its name and, where that says more, by its job."""

    name: str
    job: str = ""

    def covers(self, name: str, job: str) -> bool:
        """Tell whether an alert of that name and job is meant; without a job every job is."""
        return self.name == name and self.job in ("", job)

    def __str__(self) -> str:
        return f"{self.name} ({self.job})" if self.job else self.name


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where the fault shows: a span in a trace, a log event, a panel as (board's slug, title).

    What cannot show it has its reason instead: `why_no_trace`, `why_no_log`, `why_no_panel`.
    `failed` asks for a span with an error and a line that says so, `slow_seconds` for what lasted
    at least so long, `attribute` for a span that has it, and a line that says no other.
    """

    panel: tuple[str, str] | None
    span: Span | str | None = None
    event: Event | None = None
    failed: bool = False
    slow_seconds: float = 0.0
    attribute: tuple[str, str] | None = None
    why_no_trace: str = ""
    why_no_log: str = ""
    why_no_panel: str = ""

    @property
    def is_particular(self) -> bool:
        """Whether the span says more than its name: any healthy request has that."""
        return self.failed or self.slow_seconds > 0 or self.attribute is not None

    @property
    def span_name(self) -> str:
        """The name that the span has in a trace; empty where there is none."""
        return self.span.name if isinstance(self.span, Span) else self.span or ""


Act = Callable[[Stage], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault. `expects` must be told; `may_follow` are effects, which are no false alarms.

    Whatever else is told is false; `must_not` names those that would mislead the most.
    """

    name: str
    breaks: str
    layer: Layer
    expects: tuple[Told, ...]
    may_follow: tuple[Told, ...] = ()
    must_not: tuple[Told, ...] = ()
    evidence: Evidence
    prepare: Act | None = None
    """What must be so before it can break; all is still well then."""
    inject: Act
    repair: Act
    patience_seconds: float = 60.0
    """How long all that is expected may take."""
    resolve_seconds: float = 75.0
    """How long the message may take that says that it is over."""
    told_by: str = "mail"
    """What must tell: `mail`, or `webhook` where it is the mails' own way that breaks."""
    later_seconds: float = 0.0
    """By how much more than the rules' own waiting the first message may take, for `why_later`."""
    why_later: str = ""
