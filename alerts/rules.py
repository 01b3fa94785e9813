"""What a rule file holds: recording rules, alerts, groups; and their form in YAML."""

from dataclasses import dataclass, field
from typing import Any

from alerts.naming import SEVERITY, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingRule:
    """A series computed at every evaluation."""

    record: str
    expression: str
    labels: dict[str, str] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """Return the rule as Prometheus reads it."""
        return {"record": self.record, "expr": self.expression, "labels": self.labels}


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRule:
    """A condition that must hold for `hold` (a duration; None fires at once).

    `subject` tells it apart from rules of the same name; tests are counted by it. An annotation
    that is empty has nothing to say in this run, and is left out.
    """

    name: str
    subject: str
    expression: str
    hold: str | None
    severity: Severity
    labels: dict[str, str] = field(default_factory=dict)
    annotations: dict[str, str]

    def document(self) -> dict[str, Any]:
        """Return the rule as Prometheus reads it."""
        hold = {"for": self.hold} if self.hold else {}
        labels = {SEVERITY: self.severity.value, **self.labels}
        return {
            "alert": self.name,
            "expr": self.expression,
            **hold,
            "labels": labels,
            "annotations": {key: text for key, text in self.annotations.items() if text},
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Rules that are evaluated one after the other, every `interval`."""

    name: str
    interval: str
    rules: tuple[RecordingRule | AlertRule, ...]

    def document(self) -> dict[str, Any]:
        """Return the group as Prometheus reads it."""
        return {
            "name": self.name,
            "interval": self.interval,
            "rules": [rule.document() for rule in self.rules],
        }


def alerts_of(groups: tuple[Group, ...]) -> tuple[AlertRule, ...]:
    """Return the alerts of all groups, in order."""
    return tuple(rule for group in groups for rule in group.rules if isinstance(rule, AlertRule))
