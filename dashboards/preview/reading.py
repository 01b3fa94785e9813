"""From the samples of a panel to what it shows: legends, latest values, buckets, rows."""

import math
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from dashboards.colours import paint
from dashboards.columns import STARTS
from dashboards.model import Board, Colour, Panel, Step, Visual
from dashboards.preview import theme, values
from dashboards.preview.listing import alerts, boards, fired
from dashboards.preview.tables import table
from dashboards.preview.views import (
    Axis,
    Dot,
    Figure,
    Figures,
    Heat,
    Line,
    Lines,
    Nothing,
    Scatter,
    Table,
    View,
)
from dashboards.proof.jaeger import Trace
from dashboards.proof.prometheus import Points, Series
from dashboards.proof.samples import Samples
from dashboards.queries import Query

_LABEL: Final = re.compile(r"\{\{(\w+)\}\}")
_MOST_EXEMPLARS: Final = 60
_MICROSECONDS: Final = 1_000_000
_NO_ALERT: Final = "No alert fires or is about to"
NO_DATA: Final = "No data"
"""What Grafana says where a panel has no words of its own for it."""

Named = tuple[str, Series, Query]


class Reader:
    """Reads the views of every panel out of one proof's samples."""

    def __init__(self, samples: Samples, every: tuple[Board, ...]) -> None:
        window = samples.window
        count = int((window.end - window.start) / window.step) + 1
        self.axis: Final = Axis(window.start, window.step, count)
        self._samples = samples
        self._fired = fired(samples.alerts, window.step)
        self._boards = boards(every)

    def view(self, board: Board, panel: Panel) -> View:
        """Return what the panel shows; `Nothing` where it has no sample."""
        if panel.visual is Visual.BOARDS:
            return self._boards
        if panel.visual is Visual.ALERTS:
            found = alerts(self._samples.alerts, self._samples.window)
            return found if found.items else Nothing(_NO_ALERT)
        if panel.visual is Visual.TRACES:
            seen = self._samples.traces.get((board.slug, panel.title), ())
            return self._scatter(panel, seen) if seen else Nothing(panel.when_empty or NO_DATA)
        answers = self._samples.answers.get((board.slug, panel.title), ())
        named = [
            (_name(query, one.labels), one, query)
            for query, answer in zip(panel.queries, answers, strict=False)
            for one in answer
            if any(math.isfinite(value) for _, value in one.points)
        ]
        if not named:
            return Nothing(panel.when_empty or NO_DATA)
        return self._of_visual[panel.visual](self, board, panel, named)

    def _lines(self, board: Board, panel: Panel, named: list[Named]) -> Lines:
        lines = tuple(
            _line(role, name, self._on_axis(one.points), panel)
            for role, (name, one, _) in zip(_roles(named), named, strict=True)
        )
        return Lines(
            axis=self.axis,
            unit=panel.unit,
            lines=lines,
            legend=tuple(sorted(lines, key=lambda line: -line.last)),
            steps=panel.steps,
            stacked=panel.stacked,
            minimum=panel.minimum,
            maximum=panel.maximum,
            exemplars=self._exemplars(board, panel),
            fired=self._fired,
        )

    def _figures(self, _board: Board, panel: Panel, named: list[Named]) -> Figures:
        figures = []
        for name, one, _ in named:
            past = self._on_axis(one.points)
            last = _last(past)
            role = theme.OF_STEP[_colour(panel.steps, last)]
            shown = name if len(named) > 1 else ""
            figures.append(Figure(shown, _said(last, panel), role, past))
        return Figures(self.axis, tuple(figures))

    def _heat(self, board: Board, panel: Panel, named: list[Named]) -> Heat:
        below = sorted((float(one.labels["le"]), self._on_axis(one.points)) for _, one, _ in named)
        rows = []
        lower: tuple[float, ...] = (0.0,) * self.axis.count
        for _, upto in below:
            rows.append(tuple(max(0.0, up - low) for up, low in zip(upto, lower, strict=True)))
            lower = upto
        bounds = tuple(bound for bound, _ in below)
        return Heat(self.axis, panel.unit, bounds, tuple(rows), self._exemplars(board, panel))

    def _table(self, board: Board, panel: Panel, _named: list[Named]) -> Table:
        return table(panel, self._samples.answers[board.slug, panel.title])

    def _scatter(self, panel: Panel, found: tuple[Trace, ...]) -> Scatter:
        dots = []
        for trace in found:
            lasted = trace.seconds * _MICROSECONDS
            says = f"{trace.name}, {values.text(lasted, panel.unit)}"
            dots.append(Dot(trace.started - self._samples.window.end, lasted, says))
        return Scatter(panel.unit, STARTS, tuple(dots))

    def _exemplars(self, board: Board, panel: Panel) -> tuple[tuple[float, float], ...]:
        """Return those of the slowest, thinned as Grafana does: all of them would be a carpet."""
        found = self._samples.exemplars.get((board.slug, panel.title), ())
        slots: dict[int, tuple[float, float]] = {}
        width = max(1.0, self.axis.step * self.axis.count / _MOST_EXEMPLARS)
        for one in found:
            for moment, value in one.points:
                slot = int((moment - self.axis.start) / width)
                if self.axis.start <= moment <= self.axis.end:
                    slots[slot] = max(slots.get(slot, (moment, value)), (moment, value), key=_value)
        return tuple(slots.values())

    def _on_axis(self, points: Points) -> tuple[float, ...]:
        placed = [math.nan] * self.axis.count
        for moment, value in points:
            place = round((moment - self.axis.start) / self.axis.step)
            if 0 <= place < self.axis.count and math.isfinite(value):
                placed[place] = value
        return tuple(placed)

    _of_visual: Final[Mapping[Visual, Callable[["Reader", Board, Panel, list[Named]], View]]] = {
        Visual.TIMESERIES: _lines,
        Visual.STAT: _figures,
        Visual.HEATMAP: _heat,
        Visual.TABLE: _table,
    }


def _name(query: Query, labels: Mapping[str, str]) -> str:
    filled = _LABEL.sub(lambda found: labels.get(found[1], ""), query.legend)
    return " ".join(filled.split()) or "Value"


def _roles(named: list[Named]) -> Iterator[str]:
    """Yield the role that paints each series: by its values, or else by its number."""
    of_hue = Counter[str]()
    for number, (_, one, query) in enumerate(named):
        found = paint(query, one.labels)
        if found is None:
            yield theme.series(number)
        elif found.shaded:
            yield theme.shade(found.name, of_hue[found.name])
            of_hue[found.name] += 1
        else:
            yield found.name


def _line(role: str, name: str, placed: tuple[float, ...], panel: Panel) -> Line:
    last = _last(placed)
    most = max(value for value in placed if math.isfinite(value))
    return Line(name, role, placed, last, _said(last, panel), _said(most, panel))


def _said(value: float, panel: Panel) -> str:
    """Return the value with its unit, or the words that it is read as."""
    for one in panel.readings:
        if (one.start is None or value >= one.start) and (one.end is None or value <= one.end):
            return one.says
    return values.text(value, panel.unit)


def _last(placed: tuple[float, ...]) -> float:
    return next(value for value in reversed(placed) if math.isfinite(value))


def _value(point: tuple[float, float]) -> float:
    return point[1]


def _colour(steps: tuple[Step, ...], value: float) -> Colour:
    reached = [step.colour for step in steps if step.start is None or value >= step.start]
    return reached[-1] if reached else Colour.NEUTRAL
