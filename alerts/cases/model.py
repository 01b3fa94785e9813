"""What a rule test is: series that are fed in, moments at which alerts are compared.

Times are whole seconds from the start of the case. A case's kind is one cell of the matrix that
says how well each alert is tested.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Any

from alerts.durations import duration


class Kind(Enum):
    """What a case shows."""

    FIRES = "fires"
    JUST_BELOW = "silent just below"
    RESOLVES = "resolves"
    NO_TRAFFIC = "silent without traffic"
    ABSENT = "absent data"
    GUARD = "a guard holds"


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of `steps` samples in which the counter grows by `increase` each."""

    steps: int
    increase: float


@dataclass(frozen=True, slots=True)
class Series:
    """A series that is fed in: its name, labels, and values in promtool's notation."""

    name: str
    labels: dict[str, str]
    values: str

    @classmethod
    def counter(cls, name: str, labels: dict[str, str], runs: tuple[Run, ...]) -> "Series":
        """Return a counter that starts at 0 and grows run after run."""
        parts, value = ["0"], 0.0
        for run in runs:
            first = value + run.increase
            parts.append(f"{first:g}" if run.steps == 1 else _rising(first, run))
            value += run.steps * run.increase
        return cls(name, labels, " ".join(parts))

    def document(self) -> dict[str, str]:
        """Return the series as promtool reads it."""
        labels = ", ".join(f'{key}="{value}"' for key, value in self.labels.items())
        return {"series": f"{self.name}{{{labels}}}", "values": self.values}


def _rising(first: float, run: Run) -> str:
    return f"{first:.15g}+{run.increase:.15g}x{run.steps - 1}"


@dataclass(frozen=True, slots=True)
class Fired:
    """An alert that is expected; promtool compares every label and annotation."""

    labels: dict[str, str]
    annotations: dict[str, str]


@dataclass(frozen=True, slots=True)
class Probe:
    """At this second exactly these alerts of that name fire."""

    second: int
    alert: str
    fired: tuple[Fired, ...] = ()

    def document(self) -> dict[str, Any]:
        """Return the comparison as promtool reads it."""
        return {
            "eval_time": duration(self.second),
            "alertname": self.alert,
            "exp_alerts": [
                {"exp_labels": one.labels, "exp_annotations": one.annotations} for one in self.fired
            ],
        }


@dataclass(frozen=True, slots=True)
class Value:
    """At this second the expression has exactly these samples (value by labels)."""

    second: int
    expression: str
    samples: tuple[tuple[str, float], ...]

    def document(self) -> dict[str, Any]:
        """Return the comparison as promtool reads it."""
        return {
            "eval_time": duration(self.second),
            "expr": self.expression,
            "exp_samples": [{"labels": labels, "value": value} for labels, value in self.samples],
        }


def silent(alert: str, second: int) -> Value:
    """Say that the alert neither fires nor is on its way to (pending) at this second."""
    return Value(second, f'ALERTS{{alertname="{alert}"}}', ())


def firing(alert: str, second: int) -> Value:
    """Say that one alert of that name fires at this second, whatever it says."""
    expression = f'count(ALERTS{{alertname="{alert}", alertstate="firing"}})'
    return Value(second, expression, (("{}", 1.0),))


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One test: `subject` is the alert and, for burn rates, its window."""

    subject: str
    kinds: tuple[Kind, ...]
    title: str
    series: tuple[Series, ...]
    probes: tuple[Probe, ...] = ()
    values: tuple[Value, ...] = ()

    def document(self, interval: str) -> dict[str, Any]:
        """Return the case as promtool reads it."""
        alerts = {"alert_rule_test": [one.document() for one in self.probes]}
        numbers = {"promql_expr_test": [one.document() for one in self.values]}
        kinds = ", ".join(kind.value for kind in self.kinds)
        return {
            "name": f"{self.subject}: {kinds}: {self.title}",
            "interval": interval,
            "input_series": [one.document() for one in self.series],
            **(alerts if self.probes else {}),
            **(numbers if self.values else {}),
        }
