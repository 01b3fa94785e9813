"""The options, field settings and transformations of each visualisation, as Grafana saves them."""

from string import ascii_uppercase
from typing import Any, Final

from dashboards import columns
from dashboards.grafana import scatter
from dashboards.grafana.overrides import overrides
from dashboards.model import Colour, Panel, Visual
from dashboards.queries import Shape

Json = dict[str, Any]

TAG: Final = "sightline"
"""Every board carries it, and every board links to all that do."""

_REDUCED: Final = {"calcs": ["lastNotNull"], "fields": "", "values": False}


def ref_ids(panel: Panel) -> list[str]:
    """Return the letters that name the panel's queries."""
    return list(ascii_uppercase[: len(panel.queries)])


def options(panel: Panel) -> Json:
    """Return what belongs to the visualisation as a whole."""
    return {
        Visual.TIMESERIES: _timeseries_options,
        Visual.STAT: _stat_options,
        Visual.HEATMAP: _heatmap_options,
        Visual.TABLE: _table_options,
        Visual.TRACES: scatter.options,
        Visual.ALERTS: _alert_options,
        Visual.BOARDS: _board_options,
    }[panel.visual](panel)


def field_config(panel: Panel) -> Json:
    """Return what belongs to the values: unit, colours, limits."""
    if panel.visual is Visual.TRACES:
        return scatter.field_config(panel)
    if not panel.visual.asks:
        return {"defaults": {}, "overrides": []}
    if panel.visual is Visual.HEATMAP:
        # A heatmap has its unit on the axis.
        return {"defaults": {"noValue": panel.when_empty}, "overrides": []}
    defaults = {
        "unit": panel.unit,
        "min": panel.minimum,
        "max": panel.maximum,
        "noValue": panel.when_empty,
        "color": {"mode": "palette-classic" if panel.visual is Visual.TIMESERIES else "thresholds"},
        "thresholds": _thresholds(panel),
        "mappings": _mappings(panel) or None,
    }
    if panel.visual is Visual.TIMESERIES:
        defaults["custom"] = _timeseries_custom(panel)
    if panel.visual is Visual.TABLE:
        defaults["custom"] = {"align": "auto", "cellOptions": {"type": "auto"}}
    return {"defaults": defaults, "overrides": overrides(panel)}


def transformations(panel: Panel) -> list[Json]:
    """Return what makes one table of several queries, or points of traces; nothing elsewhere."""
    if panel.visual is Visual.TRACES:
        return scatter.transformations()
    if panel.visual is not Visual.TABLE:
        return []
    excluded = {"Time": True}
    renamed = {}
    for query, ref_id in zip(panel.queries, ref_ids(panel), strict=True):
        column = f"Value #{ref_id}" if len(panel.queries) > 1 else "Value"
        if query.shape is Shape.INFORMATION:
            excluded[column] = True
        else:
            renamed[column] = columns.of_values(query)
        for label in query.by:
            renamed[label.prometheus_name] = columns.of_label(panel, query, label)
    organised = {"excludeByName": excluded, "indexByName": {}, "renameByName": renamed}
    return [{"id": "merge", "options": {}}, {"id": "organize", "options": organised}]


def _thresholds(panel: Panel) -> Json:
    steps = [{"color": step.colour.value, "value": step.start} for step in panel.steps]
    base = {"color": Colour.NEUTRAL.value, "value": None}
    return {"mode": "absolute", "steps": steps or [base]}


def _mappings(panel: Panel) -> list[Json]:
    return [
        {
            "type": "range",
            "options": {
                "from": one.start,
                "to": one.end,
                "result": {"text": one.says, "index": at},
            },
        }
        for at, one in enumerate(panel.readings)
    ]


def _timeseries_custom(panel: Panel) -> Json:
    return {
        "axisPlacement": "auto",
        "drawStyle": "line",
        "fillOpacity": 40 if panel.stacked else 8,
        "lineInterpolation": "linear",
        "lineWidth": 1,
        "pointSize": 4,
        "showPoints": "auto",
        "spanNulls": False,
        "stacking": {"group": "A", "mode": "normal" if panel.stacked else "none"},
        "thresholdsStyle": {"mode": "dashed" if panel.steps else "off"},
    }


def _timeseries_options(panel: Panel) -> Json:
    return {
        "legend": {
            "calcs": ["lastNotNull", "max"],
            "displayMode": "table" if len(panel.queries) > 1 or panel.queries[0].by else "list",
            "placement": "bottom",
            "showLegend": True,
            "sortBy": "Last *",
            "sortDesc": True,
        },
        "tooltip": {"mode": "multi", "sort": "desc"},
    }


def _stat_options(_panel: Panel) -> Json:
    return {
        "colorMode": "value",
        "graphMode": "area",
        "justifyMode": "auto",
        "orientation": "auto",
        "percentChangeColorMode": "standard",
        "reduceOptions": _REDUCED,
        "showPercentChange": False,
        "textMode": "auto",
        "wideLayout": True,
    }


def _heatmap_options(panel: Panel) -> Json:
    return {
        "calculate": False,
        "cellGap": 1,
        "color": {
            "exponent": 0.5,
            "fill": "dark-orange",
            "mode": "scheme",
            "reverse": False,
            "scale": "exponential",
            "scheme": "Oranges",
            "steps": 64,
        },
        "exemplars": {"color": "rgba(255,0,255,0.7)"},
        # A bucket that nothing fell into is left blank.
        "filterValues": {"le": 1e-9},
        "legend": {"show": True},
        "rowsFrame": {"layout": "auto"},
        "showValue": "never",
        "tooltip": {"mode": "single", "showColorScale": False, "yHistogram": False},
        "yAxis": {"axisPlacement": "left", "reverse": False, "unit": panel.unit},
    }


def _table_options(panel: Panel) -> Json:
    # The largest of what is asked first stands first.
    first = columns.sorted_by(panel)
    return {
        "sortBy": [{"displayName": columns.of_values(first), "desc": True}] if first else None,
        "cellHeight": "sm",
        "footer": {"countRows": False, "reducer": ["sum"], "show": False},
        "showHeader": True,
    }


def _alert_options(_panel: Panel) -> Json:
    return {
        "alertInstanceLabelFilter": "",
        "alertName": "",
        "dashboardAlerts": False,
        "groupBy": [],
        "groupMode": "default",
        "maxItems": 50,
        "showInactiveAlerts": False,
        # By importance.
        "sortOrder": 3,
        "stateFilter": {
            "error": True,
            "firing": True,
            "noData": True,
            "normal": False,
            "pending": True,
            "recovering": True,
        },
        "viewMode": "list",
    }


def _board_options(_panel: Panel) -> Json:
    return {
        "includeVars": True,
        "keepTime": True,
        "maxItems": 50,
        "query": "",
        "showFolderNames": False,
        "showHeadings": False,
        "showRecentlyViewed": False,
        "showSearch": True,
        "showStarred": False,
        "tags": [TAG],
    }
