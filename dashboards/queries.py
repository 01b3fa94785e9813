"""Typed queries: what may be asked of a declared metric, and nothing else.

A query is made from a catalog object, so its unit, legend and labels follow from the declaration;
asking the wrong thing (a rate of a gauge, a quantile of a counter, a label that is not there, a
sum of ages) raises `DeclarationError` while the board is imported. A query can be aggregated again
only to the highest of its series, so a sum of quantiles cannot be written.
"""

from dataclasses import dataclass, replace
from enum import Enum
from typing import Final, Literal

from dashboards import selectors, units
from dashboards.selectors import INSTANCE, JOB, aggregation, quoted
from telemetry.catalog import (
    Counter,
    DeclarationError,
    Gauge,
    Histogram,
    Label,
    Matcher,
    Metric,
    attributes,
)

__all__ = [
    "INSTANCE",
    "JOB",
    "Query",
    "Shape",
    "above_zero",
    "age",
    "behind",
    "buckets",
    "gauge",
    "highest",
    "information",
    "measured",
    "occurrences",
    "quantile",
    "rate",
    "share",
]

Across = Literal["sum", "max", "min", "avg"]
Where = tuple[Matcher, ...]
By = tuple[Label, ...]

_ABSENT: Final = {
    attributes.HTTP_ROUTE: "unmatched path",
    attributes.HTTP_RESPONSE_STATUS_CODE: "no response",
    attributes.ERROR_TYPE: "ok",
}
"""How a series reads that has no such label: OpenTelemetry leaves out what does not apply."""


class Shape(Enum):
    """What the answer of a query is."""

    SERIES = "series"
    QUANTILES = "quantiles"
    BUCKETS = "buckets"
    INFORMATION = "information"


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A checked PromQL expression and how to read it.

    `name` says what the values are, in the legend or over a column; `metrics` are what it asks.
    """

    expression: str
    unit: str
    name: str
    by: By
    metrics: tuple[Metric, ...]
    shape: Shape = Shape.SERIES

    @property
    def legend(self) -> str:
        """The name of a series, in Grafana's template syntax."""
        if self.shape is Shape.BUCKETS:
            return "{{le}}"
        labels = " ".join(f"{{{{{label.prometheus_name}}}}}" for label in self.by)
        return " ".join(part for part in (self.name, labels) if part)

    @property
    def has_exemplars(self) -> bool:
        """Whether the answer can carry exemplars: it asks raw buckets, which store them."""
        return self.shape in {Shape.QUANTILES, Shape.BUCKETS}

    def named(self, name: str) -> "Query":
        """Return the same query under another name."""
        return replace(self, name=name)


def rate(counter: Metric, *, by: By = (), where: Where = ()) -> Query:
    """Return how much the counter grows a second."""
    _expect(counter, Counter, "rate")
    return _query(
        aggregation("sum", counter, by, selectors.rate(counter, where)),
        units.of_rate(counter.unit),
        counter,
        by,
    )


def occurrences(
    histogram: Metric, *, counting: str = "{operation}", by: By = (), where: Where = ()
) -> Query:
    """Return how many measurements a second the histogram took; `counting` is a catalog unit."""
    _expect(histogram, Histogram, "occurrences")
    return _query(
        aggregation("sum", histogram, by, selectors.rate(histogram, where, suffix="_count")),
        units.of_rate(counting),
        histogram,
        by,
        name=None if by else f"{counting.strip('{}')}s",
    )


def quantile(histogram: Metric, share_below: float, *, by: By = (), where: Where = ()) -> Query:
    """Return the value that `share_below` (0 to 1) of the measurements do not exceed."""
    _expect(histogram, Histogram, "quantile")
    if not 0 < share_below < 1:
        message = f"histogram {histogram.name!r}: a quantile is between 0 and 1, not {share_below}"
        raise DeclarationError(message)
    aggregated = _bucket_rates(histogram, by, where)
    return _query(
        f"histogram_quantile({share_below}, {aggregated})",
        units.of_level(histogram),
        histogram,
        by,
        name=f"p{share_below * 100:g}",
        shape=Shape.QUANTILES,
    )


def buckets(histogram: Metric, *, where: Where = ()) -> Query:
    """Return the whole distribution over time, for a heatmap."""
    _expect(histogram, Histogram, "buckets")
    return _query(
        _bucket_rates(histogram, (), where),
        units.of_level(histogram),
        histogram,
        (),
        shape=Shape.BUCKETS,
    )


def gauge(level: Metric, across: Across, *, by: By = (), where: Where = ()) -> Query:
    """Return the gauge's value; `across` says how several processes make one."""
    _expect(level, Gauge, "level")
    if across == "sum" and level.unit == "s":
        message = f"gauge {level.name!r} is a time: the sum over processes means nothing"
        raise DeclarationError(message)
    return _query(
        aggregation(across, level, by, selectors.selector(level, where)),
        units.of_level(level),
        level,
        by,
    )


def age(instant: Metric, *, by: By = (), where: Where = ()) -> Query:
    """Return the seconds since the moment that the gauge holds (since the Unix epoch)."""
    _expect_moment(instant, "age")
    held = aggregation("max", instant, by, selectors.selector(instant, where))
    return _query(f"time() - {held}", units.SECONDS, instant, by)


def behind(clock: Metric, *, by: By = ()) -> Query:
    """Return how many seconds the clock that the gauge shows is behind Prometheus' own.

    Each sample is compared with the moment of its own scrape: against now, every clock would seem
    to lag by up to a scrape's interval.
    """
    _expect_moment(clock, "clock")
    shown = selectors.selector(clock)
    lag = aggregation("max", clock, by, f"timestamp({shown}) - {shown}")
    return _query(lag, units.SECONDS, clock, by)


def information(constant: Metric, *, by: By) -> Query:
    """Return the labels of a gauge that is always 1."""
    _expect(constant, Gauge, "information")
    if constant.unit != "{info}":
        message = f"gauge {constant.name!r} carries a value: its unit is {constant.unit!r}"
        raise DeclarationError(message)
    return _query(
        aggregation("max", constant, by, selectors.selector(constant)),
        units.COUNT,
        constant,
        by,
        shape=Shape.INFORMATION,
    )


def share(part: Query, whole: Query) -> Query:
    """Return `part` of `whole`, 0 to 1: zero, not empty, where the part was never seen yet."""
    if part.by != whole.by or part.unit != whole.unit:
        message = (
            f"a share needs the same labels and unit on both sides: {part.legend!r} in "
            f"{part.unit!r} against {whole.legend!r} in {whole.unit!r}"
        )
        raise DeclarationError(message)
    if {part.shape, whole.shape} != {Shape.SERIES}:
        message = "a share of quantiles or buckets means nothing"
        raise DeclarationError(message)
    return Query(
        expression=f"({part.expression} or 0 * {whole.expression}) / ({whole.expression} > 0)",
        unit=units.SHARE,
        name=part.name,
        by=part.by,
        metrics=tuple(dict.fromkeys((*part.metrics, *whole.metrics))),
    )


def highest(query: Query, *, by: By = ()) -> Query:
    """Return the highest of the query's series, or of those that share the labels `by`."""
    if query.shape is not Shape.SERIES:
        message = f"the highest of {query.shape.value} means nothing: ask for it by no label"
        raise DeclarationError(message)
    if lost := [label.attribute for label in by if label not in query.by]:
        message = f"query {query.legend!r} has no label {', '.join(map(repr, lost))} to keep"
        raise DeclarationError(message)
    return replace(
        query,
        expression=aggregation("max", query.metrics[0], by, query.expression),
        name=query.name if by or query.name else "highest",
        by=by,
    )


def above_zero(query: Query) -> Query:
    """Return the query's series where they are above zero: of many, those that say something."""
    if query.shape is not Shape.SERIES:
        message = f"{query.shape.value} are not left out where they are zero"
        raise DeclarationError(message)
    return replace(query, expression=f"({query.expression}) > 0")


def measured(query: Query) -> Query:
    """Return the query's series where they are numbers: a quantile of no measurement is none."""
    return replace(query, expression=f"({query.expression}) >= 0")


def _bucket_rates(histogram: Metric, by: By, where: Where) -> str:
    vector = selectors.rate(histogram, where, suffix="_bucket")
    return aggregation("sum", histogram, by, vector, keep=("le",))


def _query(  # noqa: PLR0913 - the fields of the query it makes
    expression: str,
    unit: str,
    metric: Metric,
    by: By,
    *,
    name: str | None = None,
    shape: Shape = Shape.SERIES,
) -> Query:
    if name is None:
        # The labels tell the series apart; without any, the metric's own last word does.
        name = "" if by else metric.name.rsplit(".", 1)[-1].replace("_", " ")
    return Query(
        expression=_with_absent_named(expression, by, shape),
        unit=unit,
        name=name,
        by=by,
        metrics=(metric,),
        shape=shape,
    )


def _with_absent_named(expression: str, by: By, shape: Shape) -> str:
    if shape is Shape.BUCKETS:
        return expression
    for label in by:
        absent = _ABSENT.get(label.attribute)
        if absent is not None:
            name = quoted(label.prometheus_name)
            expression = f'label_replace({expression}, {name}, {quoted(absent)}, {name}, "")'
    return expression


def _expect_moment(instant: Metric, question: str) -> None:
    _expect(instant, Gauge, question)
    if instant.unit != "s":
        message = f"gauge {instant.name!r} holds no moment: its unit is {instant.unit!r}"
        raise DeclarationError(message)


def _expect(metric: Metric, kind: type[Metric], question: str) -> None:
    if not isinstance(metric, kind):
        message = f"{question} of {metric.kind} {metric.name!r}: only a {kind.kind} has one"
        raise DeclarationError(message)
