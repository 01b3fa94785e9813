"""PromQL from catalog objects: selectors whose names and labels are known to exist."""

import json
import re

from alerts.naming import JOB, LE
from alerts.targets import job_of
from telemetry.catalog.declarations import Counter, DeclarationError, Histogram, Label, Metric
from telemetry.catalog.objectives import Matcher

_LARGEST_PLAIN_BOUND = 1e6


def selector(series: str, *matchers: str) -> str:
    """Return a selector; matchers as `equal` and `matches` make them."""
    return f"{series}{{{', '.join(matchers)}}}"


def equal(label: str, value: str) -> str:
    """Return the matcher for exactly this value."""
    return f"{label}={json.dumps(value, ensure_ascii=False)}"


def matches(label: str, pattern: str) -> str:
    """Return the matcher for a regular expression."""
    return f"{label}=~{json.dumps(pattern, ensure_ascii=False)}"


def condition(label: Label, operator: str, value: str) -> str:
    """Return the matcher of a condition; `DeclarationError` on a value that the label never has.

    Of a regular expression, each alternative must be of some use.
    """
    Matcher(label, operator, value)
    if operator in {"=~", "!~"} and label.values is not None:
        for pattern in value.split("|"):
            if not any(re.fullmatch(pattern, one) for one in label.values):
                known = ", ".join(map(repr, label.values))
                message = f"label {label.attribute!r} never has the value {pattern!r}, but {known}"
                raise DeclarationError(message)
    return f"{label.prometheus_name}{operator}{json.dumps(value, ensure_ascii=False)}"


def count(metric: Histogram, *conditions: Matcher) -> str:
    """Return the selector of how many measurements a histogram took."""
    return selector(f"{metric.prometheus_name}_count", *_conditions(metric, conditions))


def count_within(metric: Histogram, bound: float, *conditions: Matcher) -> str:
    """Return the selector of the measurements up to `bound`, which must be one of the buckets."""
    if bound not in metric.buckets:
        message = f"{bound} is no bucket of {metric.name!r}"
        raise DeclarationError(message)
    return selector(
        f"{metric.prometheus_name}_bucket", *_conditions(metric, conditions), _bound(bound)
    )


def total(metric: Counter, *conditions: Matcher) -> str:
    """Return the selector of a counter, in the job that exposes it."""
    return selector(metric.prometheus_name, *_conditions(metric, conditions))


def _conditions(metric: Metric, conditions: tuple[Matcher, ...]) -> list[str]:
    texts = [equal(JOB, job_of(metric))]
    for one in conditions:
        label = metric.label(one.label.attribute)
        texts.append(condition(label, one.operator, one.value))
    return texts


def _bound(bound: float) -> str:
    if bound >= _LARGEST_PLAIN_BOUND:
        message = f"a bucket of {bound:g} is written in several ways: keep thresholds below 1e6"
        raise DeclarationError(message)
    if float(bound).is_integer():
        # Prometheus 3 writes 1.0 where 2 keeps what the process wrote, 1 or 1.0.
        return matches(LE, rf"{bound:.0f}(\.0)?")
    return equal(LE, repr(float(bound)))
