"""The variables of every board: data source, job, instance, as dashboard-linter wants them."""

from typing import Any

from grafanalib import core

from dashboards.grafana.elements import DATA_SOURCE
from telemetry.catalog.pipeline import BUILD_INFO

ON_TIME_RANGE_CHANGE = 2
_EVERYTHING = {"selected": True, "text": ["All"], "value": ["$__all"]}
_PROCESS = BUILD_INFO.prometheus_name


def variables() -> core.Templating:
    """Return the three variables, in the order in which each narrows the next."""
    return core.Templating(
        list=[
            _data_source(),
            _from_labels("job", "Job", f"label_values({_PROCESS}, job)"),
            _from_labels(
                "instance",
                "Instance",
                f'label_values({_PROCESS}{{job=~"$job"}}, instance)',
            ),
        ]
    )


def _data_source() -> core.Template:
    return core.Template(
        name="datasource",
        label="Data source",
        type="datasource",
        query="prometheus",
        default="default",
        refresh=core.REFRESH_ON_DASHBOARD_LOAD,
        sort=core.SORT_DISABLED,
    )


def _from_labels(name: str, label: str, query: str) -> dict[str, Any]:
    template = core.Template(
        name=name,
        label=label,
        dataSource=DATA_SOURCE,
        query={"qryType": 1, "query": query, "refId": f"Variable-{name}"},
        includeAll=True,
        multi=True,
        # Not `.*`: that would also take in series without the label, which no process has.
        allValue=".+",
        refresh=ON_TIME_RANGE_CHANGE,
        sort=core.SORT_ALPHA_ASC,
    )
    fields: dict[str, Any] = template.to_json_data()
    return {**fields, "current": _EVERYTHING, "definition": query}
