"""The list of the rules, and their run over a board."""

from collections.abc import Iterator
from typing import Final

from dashboards.lint import board_rules, panel_rules, query_rules, trace_rules
from dashboards.lint.findings import Finding, Json, panels
from dashboards.promql import selectors
from telemetry.catalog import Metric

BOARD_RULES: Final = (
    board_rules.template_datasource,
    board_rules.template_job_and_instance,
    board_rules.template_queries,
    board_rules.uneditable,
    board_rules.identity,
    board_rules.surroundings,
    board_rules.unique_names,
    board_rules.layout,
)
PANEL_RULES: Final = (
    panel_rules.title_and_description,
    panel_rules.datasource,
    panel_rules.unit,
    panel_rules.modern,
    panel_rules.targets,
    trace_rules.searches,
    trace_rules.points,
    panel_rules.headings,
    panel_rules.exemplars,
)
QUERY_RULES: Final = (
    query_rules.narrowed,
    query_rules.rate_interval,
    query_rules.declared,
    query_rules.counters,
)


def lint(dashboard: Json, metrics: tuple[Metric, ...]) -> tuple[Finding, ...]:
    """Return what is wrong with the dashboard; `metrics` is the whole catalog."""
    return tuple(_findings(dashboard, query_rules.series_of(metrics)))


def _findings(dashboard: Json, series: query_rules.Series) -> Iterator[Finding]:
    board = str(dashboard.get("uid"))
    for board_rule in BOARD_RULES:
        for message in board_rule(dashboard):
            yield Finding(board_rule.__name__, board, "", message)
    for panel in panels(dashboard):
        title = str(panel.get("title"))
        for panel_rule in PANEL_RULES:
            for message in panel_rule(panel):
                yield Finding(panel_rule.__name__, board, title, message)
        for target in panel.get("targets", []):
            for selector in selectors(target.get("expr", "")):
                for query_rule in QUERY_RULES:
                    for message in query_rule(selector, series):
                        yield Finding(query_rule.__name__, board, title, message)
