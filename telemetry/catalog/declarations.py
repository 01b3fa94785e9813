"""What a signal is, before anything emits it: the types every other part derives from.

Instruments are bound to these objects, panels query them, rules judge them, documents list them.
Names follow OpenTelemetry's semantic conventions; the Prometheus name is derived, never written.
"""

import re
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise
from typing import ClassVar

_NAME = re.compile(r"[a-z][a-z0-9]*([._][a-z0-9]+)*")
_ANNOTATION = re.compile(r"\{[a-z_ ]+\}")
_UNIT_SUFFIXES = {"s": "seconds", "By": "bytes", "1": "ratio"}


class DeclarationError(ValueError):
    """A declaration contradicts itself or the naming rules; raised at import, where it stands."""


def _to_prometheus(name: str) -> str:
    return name.replace(".", "_")


@dataclass(frozen=True, slots=True)
class Label:
    """One dimension of a metric, named by its OpenTelemetry attribute.

    `values` closes the set: a value outside it is a programming error, in code and in queries.
    Where it is None the set is open and the metric's `max_series` bounds it at run time.
    """

    attribute: str
    values: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.attribute):
            message = f"label {self.attribute!r} is not a dotted lower-case attribute name"
            raise DeclarationError(message)

    @property
    def prometheus_name(self) -> str:
        """The label as Prometheus stores it."""
        return _to_prometheus(self.attribute)


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """A declared metric; use one of its kinds.

    `unit` is a UCUM code (`s`, `By`, `1`) or an annotation such as `{request}`.
    `max_series` bounds the label combinations that one process keeps; see `telemetry.metrics`.
    `source` names the library that emits it where `telemetry.metrics` does not.
    """

    kind: ClassVar[str]
    _kind_suffix: ClassVar[str | None] = None

    name: str
    unit: str
    description: str
    labels: tuple[Label, ...] = ()
    max_series: int = 500
    source: str | None = None

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            message = f"metric {self.name!r} is not a dotted lower-case name"
            raise DeclarationError(message)
        if self.unit not in _UNIT_SUFFIXES and not _ANNOTATION.fullmatch(self.unit):
            message = f"metric {self.name!r}: unit {self.unit!r} has no Prometheus suffix"
            raise DeclarationError(message)
        if not self.description.endswith("."):
            message = f"metric {self.name!r}: the description is a sentence and ends in a full stop"
            raise DeclarationError(message)
        if len({label.attribute for label in self.labels}) != len(self.labels):
            message = f"metric {self.name!r} declares a label twice"
            raise DeclarationError(message)

    @property
    def prometheus_name(self) -> str:
        """The name that is scraped: dots to underscores, unit suffix, `_total` on counters."""
        parts = (_to_prometheus(self.name), _UNIT_SUFFIXES.get(self.unit), self._kind_suffix)
        return "_".join(part for part in parts if part)

    @property
    def label_names(self) -> tuple[str, ...]:
        """The labels as Prometheus stores them, in declared order."""
        return tuple(label.prometheus_name for label in self.labels)

    def label(self, attribute: str) -> Label:
        """Return the label of that attribute, or raise `DeclarationError`."""
        for label in self.labels:
            if label.attribute == attribute:
                return label
        message = f"metric {self.name!r} has no label {attribute!r}"
        raise DeclarationError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counter(Metric):
    """A sum that only grows while the process lives."""

    kind: ClassVar[str] = "counter"
    _kind_suffix: ClassVar[str | None] = "total"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauge(Metric):
    """A value that goes up and down."""

    kind: ClassVar[str] = "gauge"


@dataclass(frozen=True, slots=True, kw_only=True)
class Histogram(Metric):
    """A distribution over fixed `buckets` (upper bounds, ascending, without +Inf)."""

    kind: ClassVar[str] = "histogram"

    buckets: tuple[float, ...]

    def __post_init__(self) -> None:
        Metric.__post_init__(self)
        if not self.buckets or any(low >= high for low, high in pairwise(self.buckets)):
            message = f"histogram {self.name!r}: buckets must ascend and be at least one"
            raise DeclarationError(message)


class SpanKind(Enum):
    """OpenTelemetry's span kinds (Trace API, "SpanKind")."""

    INTERNAL = "internal"
    SERVER = "server"
    CLIENT = "client"
    PRODUCER = "producer"
    CONSUMER = "consumer"


@dataclass(frozen=True, slots=True)
class Span:
    """A declared operation; `name` is a low-cardinality constant."""

    name: str
    kind: SpanKind
    description: str


@dataclass(frozen=True, slots=True)
class Event:
    """A declared log event; `name` is what stands in the line's `event`, never user input."""

    name: str
    description: str
