"""A value has one colour, in Grafana and in the pictures, and bad news is never green."""

import re

import pytest

from app import signals
from dashboards.boards import BOARDS
from dashboards.colours import OF_VALUES, Hue, _of, paint
from dashboards.grafana import render
from dashboards.grafana.overrides import overrides
from dashboards.model import Visual
from dashboards.panels import timeseries
from dashboards.preview.theme import DARK
from dashboards.queries import Query, gauge, occurrences, quantile, rate
from telemetry.catalog import DeclarationError, Label, http, messaging

_BAD = {"dead", "failed", "error", "open", "missed", "rejected", "write_failed", "queue_full"}


def _in_grafana(query: Query, legend: str) -> str | None:
    """The colour that Grafana gives the series of this legend: the last override that fits."""
    panel = timeseries("T", query, answers="How much of it?", if_wrong="Look at the other one.")
    found = None
    for one in overrides(panel):
        assert one["matcher"]["id"] == "byRegexp"
        if re.search(one["matcher"]["options"].strip("/"), legend):
            found = one["properties"][0]["value"]["fixedColor"]
    return found


@pytest.mark.parametrize(
    ("query", "labels", "legend", "colour"),
    [
        (rate(signals.MAIL_FINISHED, by=(signals.MAIL_OUTCOME,)), "dead", "dead", "red"),
        (rate(signals.MAIL_FINISHED, by=(signals.MAIL_OUTCOME,)), "sent", "sent", "green"),
        (gauge(signals.CACHE_BREAKER, "sum", by=(signals.BREAKER_STATE,)), "open", "open", "red"),
        (
            rate(signals.CACHE_LOOKUPS, by=(signals.LAYER, signals.CACHE_RESULT)),
            "l1 hit",
            "l1 hit",
            "green",
        ),
        (
            rate(signals.CACHE_LOOKUPS, by=(signals.LAYER, signals.CACHE_RESULT)),
            "l2 hit",
            "l2 hit",
            "light-green",
        ),
        (occurrences(http.REQUEST_DURATION, by=(http.STATUS_CODE,)), "503", "503", "red"),
        (occurrences(http.REQUEST_DURATION, by=(http.STATUS_CODE,)), "201", "201", "green"),
        (
            occurrences(http.REQUEST_DURATION, by=(http.ROUTE, http.ERROR_TYPE)),
            "/x TimeoutError",
            "/x TimeoutError",
            "red",
        ),
        (
            rate(messaging.SENT_MESSAGES, by=(messaging.DESTINATION, messaging.ERROR_TYPE)),
            "mail ok",
            "mail ok",
            None,
        ),
        (quantile(signals.CHECK_DURATION, 0.99), "", "p99", "orange"),
        (occurrences(http.REQUEST_DURATION, by=(http.ROUTE,)), "/grants", "/grants", None),
    ],
)
def test_grafana_and_the_pictures_paint_alike(
    query: Query, labels: str, legend: str, colour: str | None
) -> None:
    names = [label.prometheus_name for label in query.by]
    found = paint(query, dict(zip(names, labels.split(), strict=True)))

    assert (None if found is None else found.name) == colour
    assert _in_grafana(query, legend) == colour


def test_a_bad_outcome_is_red_or_orange() -> None:
    for hues in OF_VALUES.values():
        for value, hue in hues.items():
            assert (value in _BAD) <= (hue in {Hue.RED, Hue.ORANGE}), value


def test_a_label_with_another_value_stops_the_build() -> None:
    with pytest.raises(DeclarationError, match=r"'mail\.outcome' has 2 values, and 1 colours"):
        _of(Label("mail.outcome", ("sent", "lost")), Hue.GREEN)


def test_every_colour_of_an_override_can_be_drawn() -> None:
    for board in BOARDS:
        for panel in board.panels:
            if panel.visual is Visual.TIMESERIES:
                for one in overrides(panel):
                    assert DARK[one["properties"][0]["value"]["fixedColor"]]


def test_a_board_carries_them() -> None:
    (board,) = (board for board in BOARDS if board.slug == "reports")
    (mails,) = (one for one in render(board)["panels"] if one["title"] == "Mails by outcome")

    assert {
        one["matcher"]["options"]: one["properties"][0]["value"]["fixedColor"]
        for one in mails["fieldConfig"]["overrides"]
    } == {"/^sent$/": "green", "/^retried$/": "yellow", "/^dead$/": "red", "/^cancelled$/": "blue"}
