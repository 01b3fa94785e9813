"""The boards are clean, and each fault that a rule is for is found and named."""

from collections.abc import Callable
from typing import Any

import pytest

from dashboards.lint import Finding, lint
from dashboards.lint.findings import panels, variables
from dashboards.lint.rules import BOARD_RULES, PANEL_RULES, QUERY_RULES
from dashboards.metrics import QUERIED

Json = dict[str, Any]
_BOARD = "service-overview.json"
_PANEL = "Duration"
_TRACES = "Latest slow requests"


def _lint(dashboard: Json) -> tuple[Finding, ...]:
    return lint(dashboard, QUERIED)


def _panel(dashboard: Json, title: str = _PANEL) -> Json:
    return next(panel for panel in panels(dashboard) if panel["title"] == title)


def _links(panel: Json) -> list[Json]:
    (override,) = panel["fieldConfig"]["overrides"]
    return [
        one for item in override["properties"] if item["id"] == "links" for one in item["value"]
    ]


def _rewrite(dashboard: Json, old: str, new: str, title: str = _PANEL) -> None:
    target = _panel(dashboard, title)["targets"][0]
    assert old in target["expr"]
    target["expr"] = target["expr"].replace(old, new)


def _job(dashboard: Json) -> Json:
    return variables(dashboard)["job"]


# Each changes one thing in a sound dashboard and names the rule that must see it.
MUTATIONS: dict[str, tuple[str, Callable[[Json], Any]]] = {
    "data source renamed": (
        "template_datasource",
        lambda d: variables(d)["datasource"].update(name="ds"),
    ),
    "data source unlabelled": (
        "template_datasource",
        lambda d: variables(d)["datasource"].pop("label"),
    ),
    "job not multi": ("template_job_and_instance", lambda d: _job(d).update(multi=False)),
    "job takes everything": ("template_job_and_instance", lambda d: _job(d).update(allValue=".*")),
    "job from a fixed source": (
        "template_job_and_instance",
        lambda d: _job(d).update(datasource={"type": "prometheus", "uid": "p"}),
    ),
    "no instance": (
        "template_job_and_instance",
        lambda d: d["templating"]["list"].remove(variables(d)["instance"]),
    ),
    "job asked once": ("template_queries", lambda d: _job(d).update(refresh=1)),
    "job asks no labels": ("template_queries", lambda d: _job(d).update(query="up")),
    "editable": ("uneditable", lambda d: d.update(editable=True)),
    "foreign uid": ("identity", lambda d: d.update(uid="overview")),
    "database id": ("identity", lambda d: d.update(id=7)),
    "old schema": ("identity", lambda d: d.update(schemaVersion=12)),
    "no refresh": ("surroundings", lambda d: d.pop("refresh")),
    "no tags": ("surroundings", lambda d: d.update(tags=[])),
    "no links": ("surroundings", lambda d: d.update(links=[])),
    "link loses time": ("surroundings", lambda d: d["links"][0].update(keepTime=False)),
    "same title": ("unique_names", lambda d: _panel(d, "Requests").update(title=_PANEL)),
    "same id": ("unique_names", lambda d: _panel(d).update(id=1)),
    "overlap": ("layout", lambda d: _panel(d)["gridPos"].update(x=1)),
    "off the grid": ("layout", lambda d: _panel(d)["gridPos"].update(w=25)),
    "no place": ("layout", lambda d: _panel(d).pop("gridPos")),
    "no title": ("title_and_description", lambda d: _panel(d).update(title="")),
    "no description": ("title_and_description", lambda d: _panel(d).pop("description")),
    "no advice": ("title_and_description", lambda d: _panel(d).update(description="How long?")),
    "advice of a word": (
        "title_and_description",
        lambda d: _panel(d).update(
            description="How long does it take?\n\n**If it looks wrong:** So."
        ),
    ),
    "fixed data source": ("datasource", lambda d: _panel(d).update(datasource={"uid": "p"})),
    "fixed data source of a query": (
        "datasource",
        lambda d: _panel(d)["targets"][0].update(datasource={"uid": "p"}),
    ),
    "no unit": ("unit", lambda d: _panel(d)["fieldConfig"]["defaults"].pop("unit")),
    "unknown unit": (
        "unit",
        lambda d: _panel(d)["fieldConfig"]["defaults"].update(unit="seconds", mappings=[]),
    ),
    "heatmap without unit": (
        "unit",
        lambda d: _panel(d, "Duration, all of it")["options"]["yAxis"].pop("unit"),
    ),
    "column of unknown unit": (
        "unit",
        lambda d: _panel(d, "Routes")["fieldConfig"]["overrides"][0]["properties"][0].update(
            value="requests"
        ),
    ),
    "old engine": ("modern", lambda d: _panel(d).update(type="graph")),
    "no query": ("targets", lambda d: _panel(d).update(targets=[])),
    "a search elsewhere": (
        "datasource",
        lambda d: _panel(d, _TRACES)["targets"][0]["datasource"].update(uid="other"),
    ),
    "a search in a panel of another": (
        "datasource",
        lambda d: _panel(d, _TRACES)["datasource"].update(uid="other"),
    ),
    "a search of no service": (
        "searches",
        lambda d: _panel(d, _TRACES)["targets"][0].pop("service"),
    ),
    "a trace instead of a search": (
        "searches",
        lambda d: _panel(d, _TRACES)["targets"][0].update(queryType="traceID"),
    ),
    "a field that no search has": (
        "searches",
        lambda d: _panel(d, _TRACES)["targets"][0].update(lookback="1h"),
    ),
    "traces in a table": ("points", lambda d: _panel(d, _TRACES).update(type="table")),
    "a chart of no version": ("points", lambda d: _panel(d, _TRACES).pop("pluginVersion")),
    "points of nothing": ("points", lambda d: _panel(d, _TRACES)["options"].pop("series")),
    "points of no frame": (
        "points",
        lambda d: _panel(d, _TRACES)["options"]["series"][0].pop("frame"),
    ),
    "points that lead nowhere": (
        "points",
        lambda d: [one.update(url="/", internal=None) for one in _links(_panel(d, _TRACES))],
    ),
    "points of no unit": (
        "unit",
        lambda d: _panel(d, _TRACES)["fieldConfig"].update(overrides=[]),
    ),
    "same letter": ("targets", lambda d: _panel(d)["targets"][1].update(refId="A")),
    "no legend": ("targets", lambda d: _panel(d)["targets"][0].update(legendFormat="")),
    "columns of the same name": (
        "headings",
        lambda d: [
            step["options"].update(renameByName={"method": "Method", "verb": "Method"})
            for step in _panel(d, "Routes")["transformations"]
        ],
    ),
    "no exemplars": (
        "exemplars",
        lambda d: [target.update(exemplar=False) for target in _panel(d)["targets"]],
    ),
    "exemplars of a count": (
        "exemplars",
        lambda d: _panel(d, "Responses by status")["targets"][0].update(exemplar=True),
    ),
    "no job": ("narrowed", lambda d: _rewrite(d, 'job=~"$job", ', "")),
    "instance equals": ("narrowed", lambda d: _rewrite(d, 'instance=~"', 'instance="')),
    "fixed window": ("rate_interval", lambda d: _rewrite(d, "$__rate_interval", "5m")),
    "unknown metric": ("declared", lambda d: _rewrite(d, "http_server", "http_srv")),
    "unknown label": ("declared", lambda d: _rewrite(d, 'job=~"$job"', 'job=~"$job", pod="x"')),
    "le on a count": (
        "declared",
        lambda d: _rewrite(d, 'job=~"$job"', 'job=~"$job", le="1"', "Responses by status"),
    ),
    "counter without rate": ("counters", lambda d: _rewrite(d, "rate(", "max_over_time(")),
    "rate of a gauge": (
        "counters",
        lambda d: _rewrite(
            d,
            '(http_server_active_requests{job=~"$job", instance=~"$instance"}',
            '(rate(http_server_active_requests{job=~"$job", instance=~"$instance"}'
            "[$__rate_interval])",
            "In progress",
        ),
    ),
}


def test_the_boards_are_clean(generated: dict[str, Json]) -> None:
    assert [str(finding) for each in generated.values() for finding in _lint(each)] == []


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_fault_is_found(name: str, generated: dict[str, Json]) -> None:
    rule, mutate = MUTATIONS[name]
    dashboard = generated[_BOARD]

    mutate(dashboard)

    assert rule in {finding.rule for finding in _lint(dashboard)}


def test_a_fault_of_a_panel_names_it(generated: dict[str, Json]) -> None:
    dashboard = generated[_BOARD]
    _rewrite(dashboard, "$__rate_interval", "5m")

    (finding,) = _lint(dashboard)

    assert str(finding) == (
        "sightline-service-overview, panel 'Duration': "
        "http_server_request_duration_seconds_bucket is read over [5m], not [$__rate_interval] "
        "[rate_interval]"
    )


def test_faults_inside_a_collapsed_row_are_found(generated: dict[str, Json]) -> None:
    dashboard = generated[_BOARD]
    inner = dashboard["panels"].pop()
    assert inner["type"] == "timeseries"
    inner["description"] = ""
    row = next(panel for panel in reversed(dashboard["panels"]) if panel["type"] == "row")
    row.update(collapsed=True, panels=[inner])

    assert {finding.rule for finding in _lint(dashboard)} == {"title_and_description"}


def test_every_rule_has_a_mutation() -> None:
    rules = {rule.__name__ for rule in (*BOARD_RULES, *PANEL_RULES, *QUERY_RULES)}

    assert rules == {rule for rule, _ in MUTATIONS.values()}
