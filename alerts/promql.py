"""PromQL from catalog objects: what may be asked of a declared metric in a rule, and nothing else.

Names, labels and values follow from the declaration, so a selector that could never match, a rate
of a gauge or a bucket that is not there raises `DeclarationError` where the rules are made. What
the rules record themselves is asked for through `alerts.recorded`.
"""

import json
import re
from typing import Final, Literal

from alerts import naming
from telemetry.catalog.declarations import (
    Counter,
    DeclarationError,
    Gauge,
    Histogram,
    Label,
    Metric,
)
from telemetry.catalog.objectives import Matcher

Jobs = tuple[str, ...]
"""Whose series are asked for; no query goes without."""

_LARGEST_PLAIN_BOUND: Final = 1e6
JOB: Final = Label(naming.JOB)
INSTANCE: Final = Label(naming.INSTANCE)
"""Every series that is scraped has these two."""


def level(metric: Gauge, jobs: Jobs, *only: Matcher) -> str:
    """Return the selector of a gauge's values."""
    _expect("the level", metric, Gauge)
    return _selector(metric.prometheus_name, metric, jobs, only)


def level_over_time(
    how: Literal["avg", "min", "max"], metric: Gauge, window: str, jobs: Jobs, *only: Matcher
) -> str:
    """Return what a gauge's values in the window come to."""
    return f"{how}_over_time({level(metric, jobs, *only)}[{window}])"


def total(metric: Counter | Histogram, jobs: Jobs, *only: Matcher) -> str:
    """Return the selector of a counter, or of how many measurements a histogram took."""
    _expect("the total", metric, Counter, Histogram)
    suffix = "_count" if isinstance(metric, Histogram) else ""
    return _selector(f"{metric.prometheus_name}{suffix}", metric, jobs, only)


def total_within(metric: Histogram, bound: float, jobs: Jobs, *only: Matcher) -> str:
    """Return the selector of the measurements up to `bound`, which must be one of the buckets."""
    _expect("a bucket", metric, Histogram)
    if bound not in metric.buckets:
        message = f"{bound} is no bucket of {metric.name!r}"
        raise DeclarationError(message)
    return _selector(f"{metric.prometheus_name}_bucket", metric, jobs, only, _bound(bound))


def increase(metric: Counter | Histogram, window: str, jobs: Jobs, *only: Matcher) -> str:
    """Return by how much the total grew in the window."""
    _expect("the increase", metric, Counter, Histogram)
    return f"increase({total(metric, jobs, *only)}[{window}])"


def increase_within(
    metric: Histogram, bound: float, window: str, jobs: Jobs, *only: Matcher
) -> str:
    """Return by how much the measurements up to `bound` grew in the window."""
    return f"increase({total_within(metric, bound, jobs, *only)}[{window}])"


def rate(metric: Counter | Histogram, window: str, jobs: Jobs, *only: Matcher) -> str:
    """Return by how much the total grew a second."""
    _expect("the rate", metric, Counter, Histogram)
    return f"rate({total(metric, jobs, *only)}[{window}])"


def by(metric: Metric, *labels: Label) -> str:
    """Return the grouping by labels that the metric has, or that every series has."""
    for label in labels:
        if label not in {JOB, INSTANCE}:
            _require(metric, label)
    return f"by ({', '.join(label.prometheus_name for label in labels)})"


def where(label: Label, operator: str, value: str) -> Matcher:
    """Return a condition that some series can meet; of a pattern, each alternative must be met."""
    for one in unmatched(label, operator, value):
        known = ", ".join(map(repr, label.values or ()))
        message = f"label {label.attribute!r} never has the value {one!r}, but {known}"
        raise DeclarationError(message)
    return Matcher(label, operator, value)


def matcher(label: str, operator: str, value: str) -> str:
    """Return a condition as PromQL writes it."""
    return f"{label}{operator}{json.dumps(value, ensure_ascii=False)}"


def unmatched(label: Label, operator: str, value: str) -> tuple[str, ...]:
    """Return what of a condition no value of the label meets: of a pattern, each alternative."""
    if label.values is None:
        return ()
    if operator in {"=~", "!~"}:
        patterns = value.split("|")
        return tuple(
            one for one in patterns if not any(re.fullmatch(one, known) for known in label.values)
        )
    # A series that lacks the label has the empty value.
    return () if value in {"", *label.values} else (value,)


def _selector(
    series: str, metric: Metric, jobs: Jobs, only: tuple[Matcher, ...], *others: str
) -> str:
    conditions = (_condition(metric, one) for one in only)
    return f"{series}{{{', '.join((_of_jobs(jobs), *conditions, *others))}}}"


def _of_jobs(jobs: Jobs) -> str:
    return matcher(naming.JOB, "=" if len(jobs) == 1 else "=~", "|".join(jobs))


def _condition(metric: Metric, one: Matcher) -> str:
    _require(metric, one.label)
    where(one.label, one.operator, one.value)
    return matcher(one.label.prometheus_name, one.operator, one.value)


def _require(metric: Metric, label: Label) -> None:
    """Refuse a label that is not the metric's own, the same name with other values included."""
    declared = metric.label(label.attribute)
    if declared != label:
        message = (
            f"metric {metric.name!r} declares label {label.attribute!r} with the values "
            f"{declared.values}, the query with {label.values}"
        )
        raise DeclarationError(message)


def _expect(question: str, metric: Metric, *kinds: type[Metric]) -> None:
    if not isinstance(metric, kinds):
        having = " or ".join(kind.kind for kind in kinds)
        message = f"{question} of {metric.kind} {metric.name!r}: only a {having} has one"
        raise DeclarationError(message)


def _bound(bound: float) -> str:
    if bound >= _LARGEST_PLAIN_BOUND:
        message = f"a bucket of {bound:g} is written in several ways: keep thresholds below 1e6"
        raise DeclarationError(message)
    if float(bound).is_integer():
        # Prometheus 3 writes 1.0 where 2 keeps what the process wrote, 1 or 1.0.
        return matcher(naming.LE, "=~", rf"{bound:.0f}(\.0)?")
    return matcher(naming.LE, "=", repr(float(bound)))
