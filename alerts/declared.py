"""Whether a query, or a message's template, names series, labels and values that are declared.

What nobody has is no error to Prometheus: the selector finds nothing, the alert is silent for ever,
and a template writes an empty word. A rename would end like that. Rules are made of declarations
and hold by themselves (`alerts.promql`); the queries of the runbooks are written by hand.
"""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Final

from alerts import watching
from alerts.naming import INSTANCE, JOB, LE, RECORDED, SLO, WINDOW
from alerts.promql import unmatched
from alerts.targets import TARGETS
from alerts.windows import recorded_windows
from app import signals
from app.objectives import OBJECTIVES
from telemetry import catalog
from telemetry.catalog import Gauge, Histogram, Label, Metric

_SERIES: Final = re.compile(r"(?<![\w:])([a-zA-Z_:][\w:]*)(?=[{\[])")
_SELECTOR: Final = re.compile(r"(?<![\w:])([a-zA-Z_:][\w:]*)\{([^}]*)\}")
_MATCHER: Final = re.compile(r'(\w+)\s*(=~|!~|!=|=)\s*("(?:[^"\\]|\\.)*")')
_GROUPING: Final = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)")
_RATE: Final = re.compile(r"\b(rate|irate|increase)\s*\(\s*([a-zA-Z_:][\w:]*)")
_TEMPLATE: Final = re.compile(r"\$labels\.(\w+)")


def exposed(metric: Metric) -> tuple[str, ...]:
    """Return the names of the series that a metric is scraped as."""
    name = metric.prometheus_name
    if isinstance(metric, Histogram):
        return (f"{name}_bucket", f"{name}_count", f"{name}_sum")
    return (name,)


_METRICS: Final = {
    series: metric
    for metric in (*catalog.METRICS, *signals.METRICS, *watching.METRICS)
    for series in exposed(metric)
}
_EVERYWHERE: Final = (
    Label(JOB, tuple(job for target in TARGETS for job in target.jobs)),
    Label(INSTANCE),
    Label(LE),
)
_OF_RULES: Final = (
    Label(SLO, tuple(objective.slug for objective in OBJECTIVES)),
    Label(
        WINDOW, tuple({w: None for one in OBJECTIVES for w in recorded_windows(one.window_days)})
    ),
)
_LABELS: Final = {
    **{series: (*metric.labels, *_EVERYWHERE) for series, metric in _METRICS.items()},
    **dict.fromkeys(RECORDED, (*_OF_RULES, *_EVERYWHERE)),
}
_SOMEBODYS: Final = frozenset(label.prometheus_name for of in _LABELS.values() for label in of)

SERIES: Final = frozenset({*_LABELS, "ALERTS"})
"""Every series that a query here may name; the last has the labels of any rule."""


def unknown_in_query(query: str) -> Iterator[str]:
    """Yield a line for each series, label or value that nobody has, and each rate of a gauge."""
    for series in dict.fromkeys(_SERIES.findall(query)):
        if series not in SERIES:
            yield f"no signal is called {series}"
    for series, conditions in _SELECTOR.findall(query):
        if series in _LABELS:
            yield from _unknown_in_selector(series, _LABELS[series], conditions)
    for function, series in _RATE.findall(query):
        if isinstance(_METRICS.get(series), Gauge):
            yield f"{function} of {series}, which is a gauge"
    for names in _GROUPING.findall(query):
        yield from _nobodys(filter(None, map(str.strip, names.split(","))))


def unknown_in_template(text: str) -> Iterator[str]:
    """Yield a line for each label of an alert that no series has."""
    yield from _nobodys(_TEMPLATE.findall(text))


def _unknown_in_selector(series: str, labels: tuple[Label, ...], conditions: str) -> Iterator[str]:
    known = {label.prometheus_name: label for label in labels}
    for name, operator, quoted in _MATCHER.findall(conditions):
        if name not in known:
            yield f"{series} has no label {name}"
            continue
        for value in unmatched(known[name], operator, json.loads(quoted)):
            yield f"{series}: label {name} never has the value {value!r}"


def _nobodys(labels: Iterable[str]) -> Iterator[str]:
    yield from (f"no series has a label {label}" for label in labels if label not in _SOMEBODYS)
