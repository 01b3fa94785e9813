"""What a panel, a table and a board refuse to be."""

from collections.abc import Callable

import pytest

from app import signals
from dashboards.model import Board, Panel, Visual
from dashboards.panels import stat, table, timeseries
from dashboards.queries import gauge, occurrences, quantile, rate
from dashboards.traces import WEB, Search
from telemetry.catalog import DeclarationError

_DEPTH = gauge(signals.QUEUE_DEPTH, "max")
_AGE = gauge(signals.QUEUE_AGE, "max")


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (lambda: timeseries("T", answers="How?", if_wrong="So."), "has no query"),
        (lambda: timeseries("T", _DEPTH, _AGE, answers="How?", if_wrong="So."), "mixes units"),
        (lambda: stat("T", _DEPTH, answers="", if_wrong="So."), "no sentence"),
        (lambda: stat("T", _DEPTH, answers="How?", if_wrong="so"), "no sentence"),
        (lambda: stat("T", _DEPTH, answers="How?", if_wrong="So.", width=25), "fit the grid"),
        (
            lambda: table(
                "T",
                rate(signals.LEASES_LOST, by=(signals.QUEUE,)),
                answers="How?",
                if_wrong="So.",
            ),
            "need a name each",
        ),
        (
            lambda: Panel(
                visual=Visual.HEATMAP,
                title="T",
                answers="How?",
                if_wrong="So.",
                queries=(quantile(signals.CHECK_DURATION, 0.5),),
                unit="s",
                width=8,
                height=8,
            ),
            "something else than buckets",
        ),
        (
            lambda: Panel(
                visual=Visual.TRACES,
                title="T",
                answers="How?",
                if_wrong="So.",
                queries=(),
                unit="short",
                width=8,
                height=8,
            ),
            "searches traces, or shows them, without the other",
        ),
        (lambda: Search(service="web"), "'web' is no service of ours"),
        (
            lambda: Search(service=WEB, where=((signals.DECISION_SOURCE, "l3"),)),
            "never has the value 'l3'",
        ),
        (
            lambda: Board(slug="Service Overview", title="T", description="D.", rows=()),
            "a slug is lower-case words",
        ),
        (
            lambda: Board(slug="a" * 40, title="T", description="D.", rows=()),
            "and short",
        ),
    ],
)
def test_refused(make: Callable[[], object], complaint: str) -> None:
    with pytest.raises(DeclarationError) as refusal:
        make()

    assert complaint in str(refusal.value)


def test_the_description_asks_and_advises() -> None:
    panel = stat("T", occurrences(signals.CHECK_DURATION), answers="How?", if_wrong="So.")

    assert panel.description == "How?\n\n**If it looks wrong:** So."


def test_a_legend_names_a_quantile_where_there_are_several() -> None:
    median, worst = (
        quantile(signals.CHECK_DURATION, share, by=(signals.DECISION_SOURCE,))
        for share in (0.5, 0.99)
    )
    source = "{{authorization_decision_source}}"

    alone = timeseries("T", worst, answers="How?", if_wrong="So.")
    both = timeseries("T", median, worst, answers="How?", if_wrong="So.")

    assert [query.legend for query in alone.queries] == [source]
    assert [query.legend for query in both.queries] == [f"p50 {source}", f"p99 {source}"]
