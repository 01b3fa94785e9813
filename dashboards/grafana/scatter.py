"""A search of traces as Grafana's XY chart: a point a trace, as Jaeger's own search page has it.

The fields are those that Grafana's Jaeger data source gives a search: `traceID`, `traceName`,
`startTime` and `duration`, in microseconds. A point's tooltip has them all.
"""

from typing import Any, Final

from dashboards import traces, units
from dashboards.columns import STARTS
from dashboards.model import Panel

Json = dict[str, Any]

FORM: Final = "13.1.0"
"""The Grafana whose form the options have; without one it takes them for those before 11.1."""

_TRACE: Final = "${__data.fields.traceID}"
_DURATION: Final = "duration"
_MILLISECONDS: Final = "milliseconds from the end"
_OF_TRACES: Final = "milliseconds of traces"
_JAEGER: Final = {"datasourceUid": traces.DATA_SOURCE, "datasourceName": "Jaeger"}


def options(_panel: Panel) -> Json:
    """Return what is drawn over what; Grafana leaves a series out that lacks one of the three."""
    series = {
        "frame": {"matcher": {"id": "byIndex", "options": 0}},
        "x": {"matcher": _by_name(STARTS)},
        "y": {"matcher": _by_name(_DURATION)},
    }
    return {
        "mapping": "manual",
        "series": [series],
        "legend": {
            "calcs": [],
            "displayMode": "list",
            "placement": "bottom",
            "showLegend": False,
        },
        "tooltip": {"mode": "single", "sort": "none"},
    }


def field_config(panel: Panel) -> Json:
    """Return the looks of the points, and where a click on one leads."""
    defaults = {
        "noValue": panel.when_empty,
        # As exemplars: what is blue opens a trace.
        "color": {"mode": "fixed", "fixedColor": "blue"},
        "custom": {
            "axisPlacement": "auto",
            "fillOpacity": 70,
            "pointShape": "circle",
            "pointSize": {"fixed": 9},
            "pointStrokeWidth": 1,
            "scaleDistribution": {"type": "linear"},
            "show": "points",
        },
    }
    properties = [
        {"id": "unit", "value": units.MICROSECONDS},
        {"id": "min", "value": 0},
        {"id": "links", "value": _links()},
    ]
    overrides = [{"matcher": _by_name(_DURATION), "properties": properties}]
    return {"defaults": defaults, "overrides": overrides}


def transformations() -> list[Json]:
    """Return what counts each start from the end of the range.

    Over times, the chart begins and ends with its points: one trace alone would be nowhere on it.
    Rounding changes nothing of whole milliseconds, but gives no field where there is no trace, so
    that the panel says that it has no data; it would be blank.
    """
    return [
        _calculated(_MILLISECONDS, binary=_of("Start time", "-", "$__to")),
        _calculated(_OF_TRACES, unary={"operator": "ceil", "fieldName": _MILLISECONDS}),
        _calculated(STARTS, binary=_of(_OF_TRACES, "/", "1000")),
        {
            "id": "organize",
            "options": {
                "excludeByName": {_MILLISECONDS: True, _OF_TRACES: True},
                "indexByName": {},
                "renameByName": {},
            },
        },
    ]


def _links() -> list[Json]:
    """Return Jaeger's page of the trace, and Grafana's own view of it, which needs no address."""
    return [
        {
            "title": "Open the trace in Jaeger",
            "url": f"{traces.PAGE}/trace/{_TRACE}",
            "targetBlank": True,
        },
        {
            "title": "Open the trace in Grafana",
            "url": "",
            "internal": {**_JAEGER, "query": {"query": _TRACE}},
        },
    ]


def _calculated(name: str, **operation: Json) -> Json:
    (mode,) = operation
    return {"id": "calculateField", "options": {"mode": mode, "alias": name, **operation}}


def _of(field: str, operator: str, number: str) -> Json:
    return {"left": {"matcher": _by_name(field)}, "operator": operator, "right": {"fixed": number}}


def _by_name(field: str) -> Json:
    return {"id": "byName", "options": field}
