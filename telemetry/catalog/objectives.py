"""Service-level objectives as data: what is promised, and which series judge it.

`alerts` turns each into recording rules and burn-rate alerts, `dashboards` into panels.
"""

import re
from dataclasses import dataclass

from telemetry.catalog.declarations import Counter, DeclarationError, Histogram, Label, Span


@dataclass(frozen=True, slots=True)
class Matcher:
    """A label condition of PromQL; `operator` is one of `=`, `!=`, `=~`, `!~`."""

    label: Label
    operator: str
    value: str

    def __post_init__(self) -> None:
        if self.operator not in {"=", "!=", "=~", "!~"}:
            message = f"{self.operator!r} is no matcher of PromQL"
            raise DeclarationError(message)
        if self.operator in {"=~", "!~"}:
            re.compile(self.value)
        elif self.label.values is not None and self.value not in self.label.values:
            message = f"label {self.label.attribute!r} never has the value {self.value!r}"
            raise DeclarationError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Availability:
    """Share of measurements of `metric` that `bad` does not match."""

    metric: Histogram
    bad: tuple[Matcher, ...]
    scope: tuple[Matcher, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """Share of measurements of `metric` at or under `threshold` (seconds, one of its buckets)."""

    metric: Histogram
    threshold: float
    scope: tuple[Matcher, ...] = ()

    def __post_init__(self) -> None:
        if self.threshold not in self.metric.buckets:
            message = f"{self.threshold} s is no bucket of {self.metric.name!r}"
            raise DeclarationError(message)


@dataclass(frozen=True, slots=True)
class Losses:
    """Events that were given up: they never came through, so no time of theirs was measured."""

    metric: Counter
    where: tuple[Matcher, ...] = ()

    def __post_init__(self) -> None:
        for one in self.where:
            self.metric.label(one.label.attribute)


@dataclass(frozen=True, slots=True, kw_only=True)
class Freshness:
    """Share of events that came through within `threshold` of being accepted.

    `metric` measures the time from acceptance to the end (seconds; the threshold is one of its
    buckets). What is `lost` is an event too, and a bad one. `span` is what the work is called in
    traces, None where it has none.
    """

    metric: Histogram
    threshold: float
    scope: tuple[Matcher, ...] = ()
    lost: Losses | None = None
    span: Span | None = None

    def __post_init__(self) -> None:
        if self.threshold not in self.metric.buckets:
            message = f"{self.threshold} s is no bucket of {self.metric.name!r}"
            raise DeclarationError(message)


Indicator = Availability | Latency | Freshness


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """A promise over `window_days`: at least `target` (a share, 0 to 1) of events are good.

    `slug` names the series, `title` the alert (CamelCase), `promise` is the sentence people read.
    `wakes` says whether a person gets up when it is broken fast; else it is a ticket at any speed.
    """

    slug: str
    title: str
    promise: str
    target: float
    indicator: Indicator
    window_days: int = 30
    wakes: bool = True

    def __post_init__(self) -> None:
        if not 0 < self.target < 1:
            message = f"objective {self.slug!r}: a target is a share between 0 and 1"
            raise DeclarationError(message)
        if not re.fullmatch(r"[a-z]+(-[a-z]+)*", self.slug):
            message = f"objective {self.slug!r}: a slug is lower-case words joined by '-'"
            raise DeclarationError(message)
        if not re.fullmatch(r"([A-Z][a-z]+)+", self.title):
            message = f"objective {self.title!r}: a title is CamelCase"
            raise DeclarationError(message)
