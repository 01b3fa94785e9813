"""Panels that no fault of the proof brings to life answer from samples of their series."""

from pathlib import Path

import pytest

from app import signals
from dashboards.boards import BOARDS
from dashboards.model import Panel, Shown
from dashboards.panels import timeseries
from dashboards.proof.proving import excused_to
from dashboards.proof.synthetic import unanswered
from dashboards.queries import Query, rate

_PANELS = list(excused_to(Shown.SAMPLES, BOARDS))


@pytest.mark.parametrize("panel", _PANELS, ids=[panel.title for panel in _PANELS])
def test_the_panel_answers(panel: Panel, promtool: Path) -> None:
    assert unanswered(promtool, panel) == ()


def test_a_query_that_can_never_answer_is_named(promtool: Path) -> None:
    query = rate(signals.LEASES_LOST)
    wrong = Query(
        expression=query.expression.replace("leases_lost", "leases_last"),
        unit=query.unit,
        name="lost",
        by=(),
        metrics=query.metrics,
    )
    panel = timeseries("Leases", wrong, answers="How?", if_wrong="So.")

    assert unanswered(promtool, panel) == (
        "panel 'Leases', query 'lost': no finite answer from its series",
    )
