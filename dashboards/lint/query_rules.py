"""Rules for one query: which series it may ask, and how."""

from collections.abc import Iterator, Mapping

from dashboards.promql import Selector
from dashboards.selectors import RATE_INTERVAL
from telemetry.catalog import Histogram, Metric

_RATES = frozenset({"rate", "irate", "increase"})
_TARGETS = (("job", "=~", "$job"), ("instance", "=~", "$instance"))
_HISTOGRAM_SUFFIXES = ("_bucket", "_count", "_sum")
_ALWAYS_THERE = frozenset({"job", "instance"})

Series = Mapping[str, tuple[Metric, bool]]
"""Name of a scraped series: its metric, and whether it only grows."""


def series_of(metrics: tuple[Metric, ...]) -> Series:
    """Return the names under which the metrics are scraped."""
    result: dict[str, tuple[Metric, bool]] = {}
    for metric in metrics:
        if isinstance(metric, Histogram):
            for suffix in _HISTOGRAM_SUFFIXES:
                result[f"{metric.prometheus_name}{suffix}"] = (metric, True)
        else:
            result[metric.prometheus_name] = (metric, metric.kind == "counter")
    return result


def narrowed(selector: Selector, _series: Series) -> Iterator[str]:
    """Hold every selector to the board's job and instance."""
    for label, operator, value in _TARGETS:
        if (label, operator, value) not in selector.matchers:
            yield f'{selector.metric} is not narrowed by {label}{operator}"{value}"'


def rate_interval(selector: Selector, _series: Series) -> Iterator[str]:
    """Hold windows to Grafana's rate interval: any other is too short at some zoom.

    A sum over samples that were recorded is over an objective's window, whatever the zoom.
    """
    if selector.function == "sum_over_time" and ":" in selector.metric:
        return
    if selector.window is not None and selector.window != RATE_INTERVAL:
        yield f"{selector.metric} is read over [{selector.window}], not [{RATE_INTERVAL}]"


def declared(selector: Selector, series: Series) -> Iterator[str]:
    """Hold series and labels to the catalog: a renamed metric is a finding, not "No data"."""
    if selector.metric not in series:
        yield f"{selector.metric} is no series of the catalog"
        return
    metric, _ = series[selector.metric]
    known = {*metric.label_names, *_ALWAYS_THERE}
    if selector.metric.endswith("_bucket"):
        known.add("le")
    for label, _, _ in selector.matchers:
        if label not in known:
            yield f"{selector.metric} has no label {label}"


def counters(selector: Selector, series: Series) -> Iterator[str]:
    """Hold what only grows to be read as a rate, and what goes up and down never to be."""
    metric, grows = series.get(selector.metric, (None, selector.metric.endswith("_total")))
    if grows and selector.function not in _RATES:
        yield f"counter {selector.metric} is read without rate, irate or increase"
    if metric is not None and not grows and selector.function in _RATES:
        yield f"gauge {selector.metric} is read with {selector.function}"
