"""Selectors of PromQL from declarations: the only place that writes a metric's name in a query.

Everything is checked against the declaration, so a query that could never match stops the build.
"""

from collections.abc import Iterable
from typing import Final

from telemetry.catalog import DeclarationError, Label, Matcher, Metric

JOB: Final = Label("job")
"""The Prometheus job of a series: the service's name. Every series has it."""

INSTANCE: Final = Label("instance")
"""The address that a series was scraped from: one process. Every series has it."""

RATE_INTERVAL: Final = "$__rate_interval"
"""Grafana's shortest window that always holds enough scrapes to take a rate."""

_TARGET_LABELS: Final = (JOB, INSTANCE)
_TARGET_MATCHERS: Final = 'job=~"$job", instance=~"$instance"'


def selector(
    metric: Metric, where: Iterable[Matcher] = (), *, suffix: str = "", extra: str = ""
) -> str:
    """Return the metric's selector, bound to the board's job and instance.

    `suffix` is a histogram's `_bucket`, `_count` or `_sum`; `extra` a matcher that is no label of
    the declaration (`le`). Raises `DeclarationError` on a condition that no series can meet.
    """
    matchers = [_TARGET_MATCHERS, *(_matcher(metric, condition) for condition in where)]
    if extra:
        matchers.append(extra)
    return f"{metric.prometheus_name}{suffix}{{{', '.join(matchers)}}}"


def rate(
    metric: Metric, where: Iterable[Matcher] = (), *, suffix: str = "", extra: str = ""
) -> str:
    """Return the rate of that selector over `$__rate_interval`."""
    return f"rate({selector(metric, where, suffix=suffix, extra=extra)}[{RATE_INTERVAL}])"


def aggregation(
    operator: str, metric: Metric, by: tuple[Label, ...], vector: str, *, keep: tuple[str, ...] = ()
) -> str:
    """Return `vector` aggregated by the labels; `DeclarationError` where the metric lacks one.

    `keep` are labels that Prometheus adds by itself, such as a histogram's `le`.
    """
    for label in by:
        if label not in _TARGET_LABELS:
            _require(metric, label)
    names = ", ".join((*keep, *(label.prometheus_name for label in by)))
    return f"{operator} by ({names}) ({vector})" if names else f"{operator}({vector})"


def quoted(value: str) -> str:
    """Return the value as a string literal of PromQL."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _matcher(metric: Metric, condition: Matcher) -> str:
    """Return the condition as PromQL, or raise `DeclarationError`.

    Where the label's values are declared, a pattern is a choice of them and nothing else: one that
    was renamed would otherwise go unnoticed beside the others.
    """
    if condition.label in _TARGET_LABELS:
        message = (
            f"metric {metric.name!r}: {condition.label.attribute!r} is the board's own variable, "
            "not a condition of a query"
        )
        raise DeclarationError(message)
    _require(metric, condition.label)
    values = condition.label.values
    if condition.operator in {"=~", "!~"} and values is not None:
        for alternative in condition.value.split("|"):
            if alternative not in values:
                message = (
                    f"metric {metric.name!r}: {alternative!r} of {condition.value!r} is no value "
                    f"of label {condition.label.attribute!r}, which are "
                    f"{', '.join(map(repr, values))}"
                )
                raise DeclarationError(message)
    return f"{condition.label.prometheus_name}{condition.operator}{quoted(condition.value)}"


def _require(metric: Metric, label: Label) -> None:
    """Refuse a label that is not the metric's own, the same name with other values included."""
    declared = metric.label(label.attribute)
    if declared != label:
        message = (
            f"metric {metric.name!r} declares label {label.attribute!r} with other values "
            f"than the one in the query: {declared.values} against {label.values}"
        )
        raise DeclarationError(message)
