"""Whether a query answers: each of them, under each selection, with finite samples.

Asked of everything, a query has to answer. Asked of one job or process, it has to answer where
that one emits what the query reads: the web process has no queue to tell of.
"""

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from dashboards.model import Board, Panel, Visual
from dashboards.promql import Selector, selectors
from dashboards.proof.prometheus import Prometheus, Series, Window
from dashboards.proof.selection import ALL, Selection, compressed, rate_seconds
from dashboards.queries import Query, Shape

SCALE = 60
"""How many times time is compressed: an objective's hour is a minute."""
SCRAPE_SECONDS = 1.0
"""How often Prometheus looks in compressed time."""


class State(Enum):
    """What came of a query under a selection."""

    ANSWERED = "answered"
    NOT_EMITTED = "not emitted by what is selected"
    EMPTY = "no sample"
    PARTLY = "a number in fewer than half of its series"
    NOT_FINITE = "a value that is no number"


@dataclass(frozen=True, slots=True)
class Cell:
    """One query of a panel under one selection."""

    board: Board
    panel: Panel
    query: Query
    selection: Selection
    state: State

    @property
    def is_fault(self) -> bool:
        """Whether this should not be."""
        return self.state in {State.EMPTY, State.PARTLY, State.NOT_FINITE}

    def __str__(self) -> str:
        return (
            f"{self.board.slug}, panel {self.panel.title!r}, query {self.query.legend!r}, "
            f"{self.selection.title}: {self.state.value}"
        )


def asked(
    prometheus: Prometheus, panel: Panel, query: Query, selection: Selection, window: Window
) -> tuple[Series, ...]:
    """Return the query's answer, asked as its panel does."""
    expression = selection.fill(
        compressed(query.expression, SCALE), rate_seconds(window.step, SCRAPE_SECONDS)
    )
    if panel.visual is Visual.TABLE:
        return prometheus.instant(expression, window.end)
    return prometheus.range(expression, window)


def cells(
    prometheus: Prometheus,
    boards: Iterable[Board],
    selections: Iterable[Selection],
    window: Window,
    emitted: Iterable[Mapping[str, str]],
) -> Iterator[Cell]:
    """Yield every cell of the matrix; `emitted` are the labels of every series of the window."""
    by_name: dict[str, list[Mapping[str, str]]] = {}
    for labels in emitted:
        by_name.setdefault(labels["__name__"], []).append(labels)
    choices = tuple(selections)
    for board in boards:
        for panel in board.panels:
            for query in panel.queries:
                for selection in choices:
                    state = state_of(asked(prometheus, panel, query, selection, window), query)
                    if (
                        state is State.EMPTY
                        and selection is not ALL
                        and not _emits(query, selection, by_name)
                    ):
                        state = State.NOT_EMITTED
                    yield Cell(board, panel, query, selection, state)


def state_of(answer: tuple[Series, ...], query: Query) -> State:
    """Return what the answer is: every value of every series a number, but for quantiles.

    NaN is the gap of a quantile over no measurement, and no other. A series that was born with its
    one measurement is all gap; where most are, it is the query that is wrong.
    """
    series = [[value for _, value in one.points] for one in answer]
    if query.shape is Shape.QUANTILES:
        series = [[value for value in one if not math.isnan(value)] for one in series]
    if not any(series):
        return State.EMPTY
    if not all(math.isfinite(value) for one in series for value in one):
        return State.NOT_FINITE
    return State.ANSWERED if 2 * sum(map(bool, series)) >= len(series) else State.PARTLY


def _emits(
    query: Query, selection: Selection, by_name: Mapping[str, list[Mapping[str, str]]]
) -> bool:
    """Whether each selector of the query finds a series under the selection."""
    return all(
        any(_matches(selector, selection, labels) for labels in by_name.get(selector.metric, []))
        for selector in selectors(query.expression)
    )


def _matches(selector: Selector, selection: Selection, labels: Mapping[str, str]) -> bool:
    for label, operator, written in selector.matchers:
        value: str = json.loads(f'"{selection.fill(written, 1)}"')
        found = labels.get(label, "")
        holds = bool(re.fullmatch(value, found)) if "~" in operator else found == value
        if holds is operator.startswith("!"):
            return False
    return True
