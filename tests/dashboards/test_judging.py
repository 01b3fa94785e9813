"""What counts as an answer, and what one selected process is not asked for."""

import math
from collections.abc import Mapping
from typing import cast

import pytest

from app import signals
from dashboards.model import Board, Row
from dashboards.panels import timeseries
from dashboards.proof.judging import State, cells, state_of
from dashboards.proof.prometheus import Prometheus, Series, Window
from dashboards.proof.selection import ALL, Selection
from dashboards.queries import gauge, quantile

_LEVEL = gauge(signals.QUEUE_DEPTH, "max")
_QUANTILE = quantile(signals.CHECK_DURATION, 0.5)


def _answer(*values: float) -> tuple[Series, ...]:
    return (Series({}, tuple(enumerate(values))),)


@pytest.mark.parametrize(
    ("values", "of_level", "of_quantile"),
    [
        ((0.0, 1.0), State.ANSWERED, State.ANSWERED),
        ((), State.EMPTY, State.EMPTY),
        ((math.nan,), State.NOT_FINITE, State.EMPTY),
        ((1.0, math.nan), State.NOT_FINITE, State.ANSWERED),
        ((1.0, math.inf), State.NOT_FINITE, State.NOT_FINITE),
    ],
)
def test_state(values: tuple[float, ...], of_level: State, of_quantile: State) -> None:
    assert state_of(_answer(*values), _LEVEL) is of_level
    assert state_of(_answer(*values), _QUANTILE) is of_quantile


@pytest.mark.parametrize(
    ("gaps", "state"),
    [(0, State.ANSWERED), (2, State.ANSWERED), (3, State.PARTLY), (9, State.PARTLY)],
)
def test_a_quantile_that_is_mostly_gaps_has_not_answered(gaps: int, state: State) -> None:
    with_numbers = (*_answer(1.0, math.nan), *_answer(math.nan, 0.5))

    assert state_of((*with_numbers, *(_answer(math.nan) * gaps)), _QUANTILE) is state


def test_one_number_in_many_series_excuses_no_other_value() -> None:
    assert state_of((*_answer(1.0), *_answer(math.inf)), _LEVEL) is State.NOT_FINITE


class _Silent:
    """Answers nothing to anything."""

    def range(self, _expression: str, _window: Window) -> tuple[Series, ...]:
        return ()


@pytest.mark.parametrize(
    ("selection", "state"),
    [
        (ALL, State.EMPTY),
        (Selection("emits it", job="worker"), State.EMPTY),
        (Selection("does not", job="web"), State.NOT_EMITTED),
        (Selection("is not there", job="worker", instance=r"a\\.b"), State.NOT_EMITTED),
    ],
)
def test_silence_is_a_fault_where_the_series_is_there(selection: Selection, state: State) -> None:
    panel = timeseries("T", _LEVEL, answers="?", if_wrong="So.")
    board = Board(slug="t", title="T", description="D.", rows=(Row("R", (panel,)),))
    series: list[Mapping[str, str]] = [
        {"__name__": "report_queue_depth", "job": "worker", "instance": "axb"}
    ]

    (cell,) = cells(cast("Prometheus", _Silent()), [board], [selection], Window(0, 1), series)

    assert cell.state is state
