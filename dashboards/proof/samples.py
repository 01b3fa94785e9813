"""`build/samples.json.gz`: the answers that the boards show, kept for the pictures."""

import gzip
import json
from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass, field
from pathlib import Path
from typing import Any, Final

from dashboards.model import Board
from dashboards.proof.jaeger import Trace
from dashboards.proof.judging import SCRAPE_SECONDS, asked
from dashboards.proof.prometheus import Prometheus, Series, Window
from dashboards.proof.results import BUILD
from dashboards.proof.selection import ALL, rate_seconds

SAMPLES: Final = BUILD / "samples.json.gz"

Key = tuple[str, str]
"""A board's slug and a panel's title."""


@dataclass(frozen=True, slots=True)
class Samples:
    """What a reader of the boards would have seen at the end of the proof."""

    window: Window
    answers: Mapping[Key, tuple[tuple[Series, ...], ...]]
    """For each panel the answers of its queries, in their order."""
    exemplars: Mapping[Key, tuple[Series, ...]]
    alerts: tuple[Series, ...]
    """`ALERTS` over the window."""
    traces: Mapping[Key, tuple[Trace, ...]] = field(default_factory=dict)
    """What the searches of Jaeger found."""


def taken(
    prometheus: Prometheus,
    boards: Iterable[Board],
    window: Window,
    traces: Mapping[Key, tuple[Trace, ...]],
) -> Samples:
    """Ask what every panel shows of the window."""
    answers: dict[Key, tuple[tuple[Series, ...], ...]] = {}
    exemplars: dict[Key, tuple[Series, ...]] = {}
    rate = rate_seconds(window.step, SCRAPE_SECONDS)
    for board in boards:
        for panel in board.panels:
            key = (board.slug, panel.title)
            answers[key] = tuple(
                asked(prometheus, panel, query, ALL, window) for query in panel.queries
            )
            # Quantiles of one histogram share their exemplars.
            distinct = {query.metrics: query for query in panel.queries if query.has_exemplars}
            exemplars[key] = tuple(
                one
                for query in distinct.values()
                for one in prometheus.exemplars(ALL.fill(query.expression, rate), window)
            )
    return Samples(window, answers, exemplars, prometheus.range("ALERTS", window), traces)


def write(samples: Samples, file: Path = SAMPLES) -> None:
    """Keep the samples."""
    content = {
        "window": [samples.window.start, samples.window.end, samples.window.step],
        "answers": [
            [*key, [list(map(_plain, answer)) for answer in answers]]
            for key, answers in samples.answers.items()
        ],
        "exemplars": [[*key, list(map(_plain, found))] for key, found in samples.exemplars.items()],
        "alerts": list(map(_plain, samples.alerts)),
        "traces": [[*key, list(map(astuple, found))] for key, found in samples.traces.items()],
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(gzip.compress(json.dumps(content).encode(), mtime=0))


def read(file: Path = SAMPLES) -> Samples:
    """Return what was kept, or raise `FileNotFoundError`."""
    content = json.loads(gzip.decompress(file.read_bytes()))
    return Samples(
        Window(*content["window"]),
        {
            (slug, title): tuple(_series(answer) for answer in answers)
            for slug, title, answers in content["answers"]
        },
        {(slug, title): _series(found) for slug, title, found in content["exemplars"]},
        _series(content["alerts"]),
        {
            (slug, title): tuple(Trace(*one) for one in found)
            for slug, title, found in content["traces"]
        },
    )


def _plain(series: Series) -> list[Any]:
    return [dict(series.labels), series.points]


def _series(plain: list[Any]) -> tuple[Series, ...]:
    return tuple(
        Series(labels, tuple((moment, value) for moment, value in points))
        for labels, points in plain
    )
