"""Asks a running Prometheus as Grafana does: ranges, instants, series, exemplars (HTTP API v1)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

import httpx

_SECONDS: Final = 15.0

Points = tuple[tuple[float, float], ...]
"""Time (seconds since the Unix epoch) and value, oldest first."""


@dataclass(frozen=True, slots=True)
class Series:
    """One series of an answer; an instant answer has one point."""

    labels: Mapping[str, str]
    points: Points


@dataclass(frozen=True, slots=True)
class Window:
    """A time range, in seconds since the Unix epoch, looked at every `step` seconds."""

    start: float
    end: float
    step: float = 1.0


@dataclass(frozen=True, slots=True)
class About:
    """What Prometheus was told of a metric when it scraped it."""

    kind: str
    description: str


class Prometheus:
    """One server; `url` is its base address. A context manager; errors are httpx's."""

    def __init__(self, url: str) -> None:
        self._client = httpx.Client(base_url=f"{url}/api/v1", timeout=_SECONDS, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def range(self, expression: str, window: Window) -> tuple[Series, ...]:
        """Return the answer over the window."""
        bounds = {"start": window.start, "end": window.end, "step": window.step}
        found = self._get("query_range", {"query": expression, **bounds})["result"]
        return tuple(Series(one["metric"], _points(one["values"])) for one in found)

    def instant(self, expression: str, at: float) -> tuple[Series, ...]:
        """Return the answer at one moment."""
        found = self._get("query", {"query": expression, "time": at})["result"]
        return tuple(Series(one["metric"], _points([one["value"]])) for one in found)

    def series(self, selector: str, window: Window) -> tuple[Mapping[str, str], ...]:
        """Return the labels of every series that had samples in the window."""
        asked = {"match[]": selector, "start": window.start, "end": window.end}
        return tuple(self._get("series", asked))

    def metadata(self) -> dict[str, About]:
        """Return what the targets say of each metric, by the name of its family."""
        found = self._get("targets/metadata", {})
        return {one["metric"]: About(one["type"], one["help"]) for one in found}

    def exemplars(self, expression: str, window: Window) -> tuple[Series, ...]:
        """Return the exemplars in the window, each series with its own labels."""
        asked = {"query": expression, "start": window.start, "end": window.end}
        return tuple(
            Series(
                one["seriesLabels"],
                _points([(each["timestamp"], each["value"]) for each in one["exemplars"]]),
            )
            for one in self._get("query_exemplars", asked)
        )

    def _get(self, path: str, parameters: Mapping[str, object]) -> Any:  # noqa: ANN401  # JSON
        response = self._client.get(
            path, params={name: str(value) for name, value in parameters.items()}
        )
        response.raise_for_status()
        return response.json()["data"]


def _points(values: list[Any]) -> Points:
    return tuple((float(moment), float(value)) for moment, value in values)
