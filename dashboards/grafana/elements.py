"""grafanalib's elements with the fields that Grafana 12 and 13 read."""

from typing import Any

import attr
from grafanalib import core

from dashboards import traces
from dashboards.queries import Query, Shape

# grafanalib ships no types: a typed `__init__` would know only the fields that are added here.
_with_fields: Any = attr.s

DATA_SOURCE = {"type": "prometheus", "uid": "${datasource}"}
"""The data source that the reader picked, for panels, queries and variables."""


TRACES_SOURCE = {"type": "jaeger", "uid": traces.DATA_SOURCE}
"""Jaeger's, which is one for all boards: where exemplars lead, too."""


@_with_fields
class ModernTarget(core.Target):  # type: ignore[misc]  # grafanalib ships no types
    """A Prometheus query; grafanalib's lacks exemplars and forces fields of the old engine."""

    exemplar: bool = attr.ib(default=False)

    def to_json_data(self) -> dict[str, Any]:
        """Return the query as Grafana's own editor would save it."""
        return {
            "datasource": self.datasource,
            "editorMode": "code",
            "exemplar": self.exemplar,
            "expr": self.expr,
            "format": self.format,
            "instant": self.instant,
            "legendFormat": self.legendFormat,
            "range": not self.instant,
            "refId": self.refId,
        }


class SearchTarget:
    """A search of Jaeger, which grafanalib does not have."""

    def __init__(self, search: traces.Search) -> None:
        self._search = search

    def to_json_data(self) -> dict[str, Any]:
        """Return the search as the query editor of Grafana's Jaeger source would save it."""
        asked = self._search
        return {
            "datasource": TRACES_SOURCE,
            "limit": asked.limit,
            "minDuration": asked.shortest,
            "operation": asked.operation.name if asked.operation else None,
            "queryType": "search",
            "refId": "A",
            "service": asked.service,
            # In logfmt, which the source turns into what Jaeger's search takes.
            "tags": " ".join(f"{name}={value}" for name, value in asked.attributes.items()) or None,
        }


@_with_fields
class ModernPanel(core.Panel):  # type: ignore[misc]  # grafanalib ships no types
    """A panel whose options and field settings are given whole, in their modern form."""

    type: str = attr.ib(kw_only=True)
    options: dict[str, Any] = attr.ib(kw_only=True)
    field_config: dict[str, Any] = attr.ib(kw_only=True)
    plugin_version: str | None = attr.ib(kw_only=True, default=None)

    def to_json_data(self) -> dict[str, Any]:
        """Return grafanalib's panel with the modern parts in place of the old ones."""
        old: dict[str, Any] = self.panel_json({"type": self.type})
        return {
            **old,
            "options": self.options,
            "fieldConfig": self.field_config,
            "pluginVersion": self.plugin_version,
        }


def target(query: Query, ref_id: str, *, instant: bool, exemplar: bool) -> ModernTarget:
    """Return the query as a target; `instant` asks for the latest value only."""
    form = "heatmap" if query.shape is Shape.BUCKETS else "time_series"
    return ModernTarget(
        datasource=DATA_SOURCE,
        expr=query.expression,
        legendFormat=query.legend,
        format="table" if instant else form,
        instant=instant,
        exemplar=exemplar,
        refId=ref_id,
    )
