"""Counters, gauges and histograms: plain numbers in the process, samples when a scrape asks.

prometheus-client collects from them and writes the exposition. Its own instruments walk their
buckets in Python, lock each, and check and copy every exemplar; these look one tuple up, take one
lock and touch a few numbers (`make bench`, "exposition" and "instructions").

A scrape in another thread sees a histogram's buckets, count and sum from the same moment.
"""

from abc import abstractmethod
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from itertools import accumulate
from threading import RLock
from typing import Any, Final, Generic, TypeVar

from opentelemetry import trace
from prometheus_client import Metric as Family
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from telemetry.catalog import Histogram, Metric
from telemetry.exemplars import Exemplar, as_sample, exemplar_of

OVERFLOW: Final = "_overflow"
"""Every label of the series that takes a metric's measurements past its `max_series`."""

_Series = TypeVar("_Series")
_Copied = TypeVar("_Copied")
_Values = tuple[str, ...]

Measured = tuple[_Values, float, Exemplar | None]
"""The series, the value, and where it leads to."""


class Instrument(Collector, Generic[_Series, _Copied]):
    """The series of one declared metric, bounded. `on_capped` hears of each one that is refused."""

    def __init__(self, declaration: Metric, on_capped: Callable[[str], None]) -> None:
        self._declaration = declaration
        self._on_capped = on_capped
        self._series: dict[_Values, _Series] = {}
        self._lock = RLock()  # a finaliser may measure while its own thread collects
        if not declaration.labels:
            self._series[()] = self._zero()

    @property
    def series(self) -> int:
        """How many label combinations there are."""
        return len(self._series)

    def describe(self) -> Iterator[Family]:
        """Yield the metric without samples: for the registry, which looks for names used twice."""
        yield self._family()

    def collect(self) -> Iterator[Family]:
        """Yield the metric with all its samples."""
        family = self._family()
        with self._lock:
            series = [(values, self._copied(value)) for values, value in self._series.items()]
        for values, value in series:
            self._add_samples(family, values, value)
        yield family

    @abstractmethod
    def _zero(self) -> _Series: ...

    @abstractmethod
    def _copied(self, series: _Series) -> _Copied: ...

    @abstractmethod
    def _family(self) -> Family: ...

    @abstractmethod
    def _add_samples(self, family: Family, values: _Values, copied: _Copied) -> None: ...

    def _new(self, values: _Values) -> _Series:
        """Return the value of a series that is not there yet, or of the one past the bound."""
        declaration = self._declaration
        if len(values) != len(declaration.labels):
            message = f"{declaration.name} takes {len(declaration.labels)} label values: {values}"
            raise ValueError(message)
        for label, value in zip(declaration.labels, values, strict=True):
            if label.values is not None and value not in label.values:
                message = f"{declaration.name}: {label.attribute} is never {value!r}"
                raise ValueError(message)
        if len(self._series) >= declaration.max_series:
            self._on_capped(declaration.name)
            values = (OVERFLOW,) * len(values)
        with self._lock:
            return self._series.setdefault(values, self._zero())


class Number:
    """One series of a counter or a gauge."""

    __slots__ = ("_lock", "value")

    def __init__(self, lock: AbstractContextManager[object]) -> None:
        self._lock = lock
        self.value = 0.0

    def move(self, amount: float) -> None:
        """Add `amount`."""
        with self._lock:
            self.value += amount


class _Numbers(Instrument[Number, float]):
    def _zero(self) -> Number:
        return Number(self._lock)

    def _copied(self, series: Number) -> float:
        return series.value

    def _add_samples(self, family: Family, values: _Values, copied: float) -> None:
        assert isinstance(family, CounterMetricFamily | GaugeMetricFamily)  # noqa: S101  # made above
        family.add_metric(values, copied)


class BoundCounter(_Numbers):
    """A declared counter, ready to count."""

    def add(self, amount: float, *label_values: str) -> None:
        """Count `amount` (at least 0); label values in declared order, "" for an absent one."""
        if amount < 0:
            message = f"{self._declaration.name} only grows: {amount}"
            raise ValueError(message)
        (self._series.get(label_values) or self._new(label_values)).move(amount)

    def _family(self) -> Family:
        declared = self._declaration
        return CounterMetricFamily(
            declared.prometheus_name, declared.description, labels=declared.label_names
        )


class BoundGauge(_Numbers):
    """A declared gauge, ready to be set."""

    _read: Callable[[], float] | None = None

    def set(self, value: float, *label_values: str) -> None:
        """Set the value now."""
        (self._series.get(label_values) or self._new(label_values)).value = value

    def add(self, amount: float, *label_values: str) -> None:
        """Move the value by `amount`, which may be negative."""
        (self._series.get(label_values) or self._new(label_values)).move(amount)

    def of(self, *label_values: str) -> Number:
        """Return one series, for whoever moves it all the time."""
        return self._series.get(label_values) or self._new(label_values)

    def set_function(self, read: Callable[[], float]) -> None:
        """Read the value at each scrape, in the scrape's thread; for gauges without labels."""
        if self._declaration.labels:
            message = f"{self._declaration.name} has labels: no one function gives its values"
            raise ValueError(message)
        self._read = read

    def collect(self) -> Iterator[Family]:
        """Yield the metric with all its samples."""
        if self._read is not None:
            self._series[()].value = self._read()
        yield from super().collect()

    def _family(self) -> Family:
        declared = self._declaration
        return GaugeMetricFamily(
            declared.prometheus_name, declared.description, labels=declared.label_names
        )


class _Distribution:
    __slots__ = ("counts", "exemplars", "total")

    def __init__(self, buckets: int) -> None:
        self.counts = [0] * buckets
        self.exemplars: list[Exemplar | None] = [None] * buckets
        self.total = 0.0


_Moment = tuple[list[int], list[Exemplar | None], float]


class BoundHistogram(Instrument[_Distribution, _Moment]):
    """A declared histogram, ready to observe."""

    def __init__(self, declaration: Histogram, on_capped: Callable[[str], None]) -> None:
        self._bounds = declaration.buckets
        self._bound_texts = [*map(floatToGoString, self._bounds), "+Inf"]
        super().__init__(declaration, on_capped)

    def observe(self, value: float, *label_values: str) -> None:
        """Observe `value` with the current span, if it is kept, as its exemplar."""
        self.observe_with(trace.get_current_span(), value, *label_values)

    def observe_with(self, span: trace.Span | None, value: float, *label_values: str) -> None:
        """Observe `value`; `span`, where there is one and it is kept, is its exemplar."""
        exemplar = exemplar_of(span, value) if span is not None else None
        self.observe_all(((label_values, value, exemplar),))

    def observe_all(self, measured: Iterable[Measured]) -> None:
        """Observe several values; their spans are known to be kept, or are not given."""
        series, bounds = self._series, self._bounds
        with self._lock:
            for labels, value, exemplar in measured:
                distribution = series.get(labels) or self._new(labels)
                bucket = bisect_left(bounds, value)
                distribution.counts[bucket] += 1
                distribution.total += value
                if exemplar is not None:
                    distribution.exemplars[bucket] = exemplar

    def _zero(self) -> _Distribution:
        return _Distribution(len(self._bounds) + 1)

    def _copied(self, series: _Distribution) -> _Moment:
        return series.counts.copy(), series.exemplars.copy(), series.total

    def _family(self) -> Family:
        declared = self._declaration
        return HistogramMetricFamily(
            declared.prometheus_name, declared.description, labels=declared.label_names
        )

    def _add_samples(self, family: Family, values: _Values, copied: _Moment) -> None:
        assert isinstance(family, HistogramMetricFamily)  # noqa: S101  # made above
        counts, exemplars, total = copied
        buckets: list[Any] = [
            (bound, at_most, exemplar and as_sample(exemplar))
            for bound, at_most, exemplar in zip(
                self._bound_texts, accumulate(counts), exemplars, strict=True
            )
        ]
        family.add_metric(values, buckets, total)
