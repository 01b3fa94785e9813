"""A board as a Grafana dashboard."""

from typing import Any, Final

from grafanalib import core

from dashboards.grafana import scatter, visuals
from dashboards.grafana.annotations import annotations
from dashboards.grafana.elements import (
    DATA_SOURCE,
    TRACES_SOURCE,
    ModernPanel,
    ModernTarget,
    SearchTarget,
    target,
)
from dashboards.grafana.normalise import normalised
from dashboards.grafana.variables import variables
from dashboards.grafana.visuals import TAG
from dashboards.layout import Place, PlacedRow, placed
from dashboards.model import UID_PREFIX, Board, Panel, Visual

_SHARED_CROSSHAIR: Final = 1
_REFRESH: Final = "30s"


def render(board: Board) -> dict[str, Any]:
    """Return the board as the JSON that Grafana provisions, as plain data."""
    dashboard = core.Dashboard(
        uid=board.uid,
        title=f"Sightline / {board.title}",
        description=board.description,
        tags=[TAG],
        editable=False,
        graphTooltip=_SHARED_CROSSHAIR,
        refresh=_REFRESH,
        time=core.Time(board.time_from, "now"),
        timePicker=core.TimePicker(
            refreshIntervals=["10s", "30s", "1m", "5m", "15m"], timeOptions=[]
        ),
        timezone="browser",
        version=1,
        annotations=core.Annotations(list=annotations()),
        links=[_other_boards()],
        templating=variables(),
        panels=[panel for row in placed(board) for panel in _row(row)],
    )
    return normalised(dashboard.auto_panel_ids())


def _row(row: PlacedRow) -> list[Any]:
    panels = [_panel(panel, place) for panel, place in row.panels]
    heading = core.RowPanel(
        title=row.row.title,
        gridPos=_position(row.heading),
        collapsed=row.row.collapsed,
        panels=panels if row.row.collapsed else [],
    )
    return [heading] if row.row.collapsed else [heading, *panels]


def _panel(panel: Panel, place: Place) -> ModernPanel:
    return ModernPanel(
        type=panel.visual.value,
        title=panel.title,
        description=panel.description,
        dataSource=_data_source(panel),
        gridPos=_position(place),
        options=visuals.options(panel),
        field_config=visuals.field_config(panel),
        transformations=visuals.transformations(panel),
        targets=_targets(panel),
        plugin_version=scatter.FORM if panel.visual is Visual.TRACES else None,
        links=_way_on(panel),
    )


def _data_source(panel: Panel) -> dict[str, str] | None:
    if panel.search is not None:
        return TRACES_SOURCE
    return DATA_SOURCE if panel.visual.asks else None


def _way_on(panel: Panel) -> list[dict[str, Any]]:
    if panel.leads_to is None:
        return []
    url = f"/d/{UID_PREFIX}{panel.leads_to}?${{__url_time_range}}&${{__all_variables}}"
    return [{"title": "More of this", "url": url, "targetBlank": False}]


def _targets(panel: Panel) -> list[ModernTarget | SearchTarget]:
    if panel.search is not None:
        return [SearchTarget(panel.search)]
    instant = panel.visual is Visual.TABLE
    # Quantiles of one histogram share their exemplars: asking once draws each once.
    asked_by = {query.metrics: query for query in panel.queries if query.has_exemplars}
    drawn = panel.visual in {Visual.TIMESERIES, Visual.HEATMAP}
    return [
        target(
            query,
            ref_id,
            instant=instant,
            exemplar=drawn and asked_by.get(query.metrics) is query,
        )
        for query, ref_id in zip(panel.queries, visuals.ref_ids(panel), strict=True)
    ]


def _position(place: Place) -> core.GridPos:
    return core.GridPos(h=place.h, w=place.w, x=place.x, y=place.y)


def _other_boards() -> core.DashboardLink:
    return core.DashboardLink(
        title="Sightline",
        type="dashboards",
        tags=[TAG],
        asDropdown=False,
        includeVars=True,
        keepTime=True,
    )
