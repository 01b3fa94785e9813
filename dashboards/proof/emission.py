"""Whether service and catalog agree: what is emitted is declared, and what is declared emitted."""

from collections.abc import Iterable, Iterator, Mapping

from dashboards.lint.query_rules import series_of
from dashboards.proof.prometheus import About
from telemetry.catalog import Histogram, Label, Metric

_TARGET = frozenset({"__name__", "job", "instance"})
_PROMETHEUS_OWN = ("up", "scrape_", "ALERTS")


def emitted(series: Iterable[Mapping[str, str]], metrics: tuple[Metric, ...]) -> frozenset[Metric]:
    """Return the declared metrics that have a series."""
    names = series_of(metrics)
    found = {labels["__name__"] for labels in series}
    return frozenset(metric for name, (metric, _) in names.items() if name in found)


def disagreements(
    series: Iterable[Mapping[str, str]],
    about: Mapping[str, About],
    metrics: tuple[Metric, ...],
    unemitted: Mapping[Metric, str],
    unseen: Mapping[tuple[Metric, Label], str],
) -> Iterator[str]:
    """Yield one line for each; `unemitted` and `unseen` say why something rightly never shows."""
    kept = [labels for labels in series if not _is_prometheus_own(labels["__name__"])]
    names = series_of(metrics)
    for name in sorted({labels["__name__"] for labels in kept} - names.keys()):
        yield f"{name} is emitted, but is in no catalog"
    of_metric: dict[Metric, list[Mapping[str, str]]] = {}
    for labels in kept:
        if labels["__name__"] in names:
            of_metric.setdefault(names[labels["__name__"]][0], []).append(labels)
    for metric in metrics:
        if metric in of_metric:
            yield from _differences(metric, of_metric[metric], unseen)
            yield from _told(metric, about)
        if metric not in of_metric and metric not in unemitted:
            yield f"{metric.name} is in the catalog, but nothing emits it"
        if metric in of_metric and metric in unemitted:
            yield f"{metric.name} is emitted: take its reason out of dashboards/unemitted.py"


def _is_prometheus_own(name: str) -> bool:
    """Whether Prometheus made the series itself, or a rule recorded it."""
    return ":" in name or name.startswith(_PROMETHEUS_OWN)


def _differences(
    metric: Metric, series: list[Mapping[str, str]], unseen: Mapping[tuple[Metric, Label], str]
) -> Iterator[str]:
    own = _TARGET | ({"le"} if isinstance(metric, Histogram) else frozenset())
    found = frozenset[str]().union(*series) - own
    for name in sorted(found - set(metric.label_names)):
        yield f"{metric.name} is emitted with a label {name}, which it does not declare"
    for label in metric.labels:
        if label.prometheus_name not in found and (metric, label) not in unseen:
            yield f"{metric.name} declares a label {label.attribute}, which no series has"
        values = {
            labels[label.prometheus_name] for labels in series if label.prometheus_name in labels
        }
        if label.values is not None and (strange := values - set(label.values)):
            yield f"{metric.name}: {label.attribute} has undeclared values {sorted(strange)}"
    if isinstance(metric, Histogram):
        bounds = {float(labels["le"]) for labels in series if "le" in labels}
        if bounds != {*metric.buckets, float("inf")}:
            yield f"{metric.name} has other buckets than it declares"


def _told(metric: Metric, about: Mapping[str, About]) -> Iterator[str]:
    """Compare with what a scrape tells of the metric; a library's own words are its own."""
    name = metric.prometheus_name
    told = about.get(name.removesuffix("_total")) or about.get(name)
    if told is None:
        yield f"{metric.name} is scraped without its kind and description"
    elif told.kind != metric.kind:
        yield f"{metric.name} is declared a {metric.kind} and scraped as a {told.kind}"
    elif metric.source is None and told.description != metric.description:
        yield f"{metric.name} is scraped with another description than it declares"
