"""Traces as points: what Grafana needs to draw them, and where a click on one leads."""

from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from dashboards.grafana import render
from dashboards.model import Board, Row
from dashboards.panels import traces
from dashboards.traces import WEB, Search

Json = dict[str, Any]
_SOURCES: Final = (
    Path(__file__).parents[2] / "compose/grafana/provisioning/datasources/datasources.yaml"
)


@pytest.fixture(scope="module")
def panel() -> Json:
    shown = traces(
        "T",
        Search(service=WEB),
        answers="Which were there?",
        if_wrong="Open one of them.",
        when_empty="No request was seen",
    )
    (found,) = render(Board(slug="t", title="T", description="D.", rows=(Row("R", (shown,)),)))[
        "panels"
    ][1:]
    return dict(found)


def test_the_description_says_what_a_point_is_and_what_none_means(panel: Json) -> None:
    said, _, advice = panel["description"].partition("\n\n**If it looks wrong:** ")

    assert said == (
        "Which were there? A point is a trace: when it began, and how long it took; a click leads "
        "to it. Without a point: no request was seen."
    )
    assert advice == "Open one of them."


def test_what_is_drawn_is_what_the_transformations_leave(panel: Json) -> None:
    *calculated, last = panel["transformations"]
    aliases = [step["options"]["alias"] for step in calculated]
    (series,) = panel["options"]["series"]

    assert {step["id"] for step in calculated} == {"calculateField"}
    assert set(aliases) - last["options"]["excludeByName"].keys() == {
        series["x"]["matcher"]["options"]
    }
    assert series["y"]["matcher"]["options"] == "duration"
    assert series["frame"] == {"matcher": {"id": "byIndex", "options": 0}}


def test_only_the_duration_has_a_unit_and_begins_at_nothing(panel: Json) -> None:
    (override,) = panel["fieldConfig"]["overrides"]
    values = {item["id"]: item["value"] for item in override["properties"]}

    assert override["matcher"] == {"id": "byName", "options": "duration"}
    assert (values["unit"], values["min"]) == ("µs", 0)
    assert not panel["fieldConfig"]["defaults"].keys() & {"unit", "min", "links"}


def test_a_click_leads_where_an_exemplar_does(panel: Json) -> None:
    sources = yaml.safe_load(_SOURCES.read_text("utf-8"))["datasources"]
    (prometheus,) = (one for one in sources if one["type"] == "prometheus")
    (jaeger,) = (one for one in sources if one["type"] == "jaeger")
    here, page = prometheus["jsonData"]["exemplarTraceIdDestinations"]
    (override,) = panel["fieldConfig"]["overrides"]
    (links,) = (item["value"] for item in override["properties"] if item["id"] == "links")
    in_jaeger, in_grafana = links

    assert in_jaeger["title"] == "Open the trace in Jaeger"
    assert in_jaeger["url"] == page["url"].replace("$${__value.raw}", "${__data.fields.traceID}")
    assert in_grafana["internal"] == {
        "datasourceUid": here["datasourceUid"],
        "datasourceName": jaeger["name"],
        "query": {"query": "${__data.fields.traceID}"},
    }
    assert here["datasourceUid"] == jaeger["uid"]
