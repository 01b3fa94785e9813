"""Whether a query, or a message's template, names labels that are declared.

A label that nobody has is no error to Prometheus: the selector finds nothing, the alert is silent
for ever, and a template writes an empty word. A rename would end like that.
"""

import re
from collections.abc import Iterator
from typing import Final

from alerts.naming import INSTANCE, JOB, LE, SLO
from app import signals
from telemetry import catalog
from telemetry.catalog import Histogram, Metric

_SELECTOR: Final = re.compile(r"(?<![\w:])([a-zA-Z_:][\w:]*)\{([^}]*)\}")
_MATCHER: Final = re.compile(r'(\w+)\s*(?:=~|!~|!=|=)\s*"')
_GROUPING: Final = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)")
_TEMPLATE: Final = re.compile(r"\$labels\.(\w+)")
_TARGET: Final = frozenset({JOB, INSTANCE, LE})
_OF_OTHERS: Final = frozenset({SLO, "rule_group", "integration"})
"""What the rules themselves, Prometheus and Alertmanager label their series with."""


def exposed(metric: Metric) -> tuple[str, ...]:
    """Return the names of the series that a metric is scraped as."""
    name = metric.prometheus_name
    if isinstance(metric, Histogram):
        return (f"{name}_bucket", f"{name}_count", f"{name}_sum")
    return (name,)


_METRICS: Final = {
    series: metric for metric in (*catalog.METRICS, *signals.METRICS) for series in exposed(metric)
}
_SOMEBODYS: Final = frozenset(
    label for metric in _METRICS.values() for label in metric.label_names
).union(_TARGET, _OF_OTHERS)


def unknown_in_query(query: str) -> Iterator[str]:
    """Yield a line for each label that its series, or in a grouping no series at all, has."""
    for series, conditions in _SELECTOR.findall(query):
        if series in _METRICS:
            known = _TARGET.union(_METRICS[series].label_names)
            for label in _MATCHER.findall(conditions):
                if label not in known:
                    yield f"{series} has no label {label}"
    for names in _GROUPING.findall(query):
        yield from _nobodys(filter(None, map(str.strip, names.split(","))))


def unknown_in_template(text: str) -> Iterator[str]:
    """Yield a line for each label of an alert that no series has."""
    yield from _nobodys(_TEMPLATE.findall(text))


def _nobodys(labels: Iterator[str] | list[str]) -> Iterator[str]:
    yield from (f"no series has a label {label}" for label in labels if label not in _SOMEBODYS)
