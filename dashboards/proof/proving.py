"""The proof from start to end, on a platform of its own in compressed time."""

import asyncio
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from compose.demo.traffic import Traffic
from compose.native.ports import Ports
from compose.native.run import Platform, PlatformOptions
from compose.native.tools import Tools
from dashboards import unemitted
from dashboards.boards import BOARDS
from dashboards.grafana.annotations import annotations
from dashboards.metrics import METRICS
from dashboards.model import Board, Panel, Shown
from dashboards.proof import emission, synthetic
from dashboards.proof.faults import SERVICE_ENVIRONMENT, all_faults
from dashboards.proof.jaeger import Jaeger, Trace
from dashboards.proof.judging import SCALE, Cell, State, cells
from dashboards.proof.load import Load
from dashboards.proof.prometheus import Prometheus, Window
from dashboards.proof.samples import Key, Samples, taken
from dashboards.proof.selection import ALL, matrix
from dashboards.unplotted import UNPLOTTED
from telemetry.catalog import Metric

_ORDINARY_SECONDS: Final = 20.0
_SCRAPED: Final = 2.5
_SERVICE: Final = '{job=~"sightline-.+"}'


@dataclass(frozen=True, slots=True)
class Proof:
    """All that was seen."""

    ordinary: tuple[Cell, ...]
    """The matrix under ordinary traffic of every domain."""
    later: tuple[Cell, ...]
    """Panels that were still empty then, with the faults."""
    without_answer: tuple[tuple[Panel, str], ...]
    """Panels with a query that synthetic samples leave empty, and a line about it."""
    disagreements: tuple[str, ...]
    emitted: frozenset[Metric]
    samples: Samples
    silent_annotations: tuple[str, ...] = ()
    """Annotations that the whole run did not bring about."""
    has_jaeger: bool = True
    """Without it the service's traces went to a file, which no panel can search."""

    @property
    def found(self) -> Iterator[Panel]:
        """The panels whose search of Jaeger found traces."""
        for key, panel in _searches():
            if self.samples.traces.get(key):
                yield panel

    @property
    def faults(self) -> Iterator[str]:
        """One line for everything that should not be."""
        for cell in self.ordinary:
            if cell.is_fault and not (cell.panel.quiet and cell.state is State.EMPTY):
                yield str(cell)
        for cell in self.later:
            if cell.is_fault:
                yield f"{cell}, with the faults too"
        yield from (line for _, line in self.without_answer)
        yield from self.disagreements
        for name in self.silent_annotations:
            yield f"annotation {name!r}: no sample, with the faults too"
        yield from self._without_trace

    @property
    def _without_trace(self) -> Iterator[str]:
        if self.has_jaeger:
            for key, panel in _searches():
                if not self.samples.traces.get(key):
                    yield f"{key[0]}, panel {panel.title!r}: Jaeger finds no such trace"
        elif os.environ.get("CI"):
            yield "Jaeger is not on this machine: no search of traces was asked"

    @property
    def counts(self) -> Mapping[str, Mapping[str, int]]:
        """The figures for `build/proof.json`."""
        panels = [panel for board in BOARDS for panel in board.panels if panel.queries]
        searches = len(list(_searches()))
        silent = {id(panel) for panel in _silent(self.ordinary)}
        faulty = {id(cell.panel) for cell in self.ordinary if cell.is_fault}
        return {
            "panels": {
                "total": len(panels) + searches,
                "proven": sum(id(panel) not in faulty for panel in panels) + len(list(self.found)),
                "waived": sum(id(panel) in silent for panel in panels),
            },
            "metrics": {
                "catalog": len(METRICS),
                "emitted": len(self.emitted),
                "unplotted": len(UNPLOTTED),
            },
        }


async def prove(folder: Path, tools: Tools) -> Proof:
    """Start a platform in `folder`, drive it, break it, and tell what its Prometheus has seen."""
    options = PlatformOptions(
        run_dir=folder,
        ports=Ports.free(),
        scale=SCALE,
        service_environment=SERVICE_ENVIRONMENT,
        tools=tools,
    )
    promtool = tools.find("promtool")
    async with Platform(options) as platform:
        load = Load(platform.urls["web"], platform.api_key)
        with (
            Prometheus(platform.urls["prometheus"]) as prometheus,
            Traffic(platform.urls["web"], platform.api_key),
        ):
            began = time.time()
            await asyncio.to_thread(load.prepare)
            await asyncio.to_thread(load.rounds, _ORDINARY_SECONDS)
            ordinary = await asyncio.to_thread(_judged, prometheus, Window(began, time.time()))
            broken = time.time()
            await all_faults(platform, load)
            await asyncio.to_thread(load.until_the_minute_turns)
            await asyncio.sleep(_SCRAPED)
            now = time.time()
            window, second_half = Window(began, now), Window(broken, now)
            series = await asyncio.to_thread(prometheus.series, _SERVICE, window)
            later = await asyncio.to_thread(_judged_later, prometheus, second_half, ordinary)
            silent = await asyncio.to_thread(_silent_annotations, prometheus, window)
            about = await asyncio.to_thread(prometheus.metadata)
            jaeger = platform.urls.get("jaeger")
            traces = await asyncio.to_thread(_found, Jaeger(jaeger), window) if jaeger else {}
            samples = await asyncio.to_thread(taken, prometheus, BOARDS, window, traces)
        load.close()
    return Proof(
        ordinary,
        later,
        tuple(_unanswered(promtool)),
        tuple(
            emission.disagreements(series, about, METRICS, unemitted.UNEMITTED, unemitted.UNSEEN)
        ),
        emission.emitted(series, METRICS),
        samples,
        silent,
        jaeger is not None,
    )


def _judged(prometheus: Prometheus, window: Window) -> tuple[Cell, ...]:
    series = prometheus.series(_SERVICE, window)
    targets: dict[str, list[str]] = {}
    for labels in series:
        if labels["__name__"] == "up":
            targets.setdefault(labels["job"], []).append(labels["instance"])
    return tuple(cells(prometheus, BOARDS, matrix(targets), window, series))


def _judged_later(
    prometheus: Prometheus, window: Window, ordinary: tuple[Cell, ...]
) -> tuple[Cell, ...]:
    silent = {
        id(panel)
        for panel in _silent(ordinary)
        if panel.quiet is not None and panel.quiet.shown is Shown.LATER
    }
    return tuple(
        cell for cell in cells(prometheus, BOARDS, (ALL,), window, ()) if id(cell.panel) in silent
    )


def _searches() -> Iterator[tuple[Key, Panel]]:
    for board in BOARDS:
        for panel in board.panels:
            if panel.search is not None:
                yield (board.slug, panel.title), panel


def _found(jaeger: Jaeger, window: Window) -> dict[Key, tuple[Trace, ...]]:
    return {
        key: jaeger.search(panel.search, window)
        for key, panel in _searches()
        if panel.search is not None
    }


def _silent_annotations(prometheus: Prometheus, window: Window) -> tuple[str, ...]:
    return tuple(
        one["name"]
        for one in annotations()
        if "expr" in one and not prometheus.range(ALL.fill(one["expr"], 0), window)
    )


def _silent(ordinary: tuple[Cell, ...]) -> list[Panel]:
    """Return the panels that were empty and say that they may be."""
    found = {
        id(cell.panel): cell.panel
        for cell in ordinary
        if cell.state is State.EMPTY and cell.panel.quiet is not None
    }
    return list(found.values())


def _unanswered(promtool: Path) -> Iterator[tuple[Panel, str]]:
    for panel in excused_to(Shown.SAMPLES, BOARDS):
        for line in synthetic.unanswered(promtool, panel):
            yield panel, line


def excused_to(shown: Shown, boards: tuple[Board, ...]) -> Iterator[Panel]:
    """Yield the panels whose emptiness is excused, by what shows that they are not always empty."""
    for board in boards:
        for panel in board.panels:
            if panel.quiet is not None and panel.quiet.shown is shown:
                yield panel
