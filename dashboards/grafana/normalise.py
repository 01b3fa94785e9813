"""The last step: grafanalib's objects to plain JSON without what no modern Grafana reads."""

from typing import Any, Final

SCHEMA_VERSION: Final = 42
"""The last version of the classic schema: at it, Grafana migrates nothing."""

_LEFT_BEHIND: Final = {
    "dashboard": {
        "__inputs",
        "gnetId",
        "hideControls",
        "id",
        "rows",
        "sharedCrosshair",
        "style",
    },
    "panel": {"editable", "error", "height", "maxDataPoints", "minSpan", "span"},
    "row": {"cacheTimeout", "description", "fieldConfig", "hideTimeOverride", "interval", "links"}
    | {"maxPerRow", "repeatDirection", "targets", "timeFrom", "timeShift", "transformations"}
    | {"transparent", "datasource"},
    "variable": {"auto", "auto_count", "auto_min", "tagValuesQuery", "tagsQuery", "useTags"},
    "timepicker": {"time_options"},
}


def normalised(dashboard: Any) -> dict[str, Any]:  # noqa: ANN401 - grafanalib ships no types
    """Return the dashboard as plain data, in its modern form."""
    result: dict[str, Any] = _plain(dashboard)
    _drop(result, "dashboard")
    _drop(result["timepicker"], "timepicker")
    for variable in result["templating"]["list"]:
        _drop(variable, "variable")
        variable.get("current", {}).pop("tags", None)
    for panel in result["panels"]:
        _normalise_panel(panel)
    result["schemaVersion"] = SCHEMA_VERSION
    return result


def _normalise_panel(panel: dict[str, Any]) -> None:
    _drop(panel, "panel")
    if panel["type"] == "row":
        _drop(panel, "row")
        for inner in panel["panels"]:
            _normalise_panel(inner)
        return
    for key in ("links", "transformations"):
        if not panel[key]:
            del panel[key]


def _drop(fields: dict[str, Any], kind: str) -> None:
    for name in _LEFT_BEHIND[kind]:
        fields.pop(name, None)


def _plain(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Resolve grafanalib's objects and leave out what is None, which Grafana fills in itself."""
    if hasattr(value, "to_json_data"):
        return _plain(value.to_json_data())
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {
            key: _plain(item)
            for key, item in value.items()
            if item is not None or _is_base_step(value)
        }
    return value


def _is_base_step(fields: dict[str, Any]) -> bool:
    """Whether these are the fields of a threshold's lowest step, whose value is null."""
    return fields.keys() == {"color", "value"}
