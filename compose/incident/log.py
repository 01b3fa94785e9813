"""The log lines of the incident: those of the trace first, then what else the service said."""

from collections.abc import Iterator, Sequence
from typing import Final

from compose.incident.elements import Markup, element
from compose.incident.model import Incident, LogLine
from compose.incident.scale import offset

_FIRST: Final = 8
_MOST: Final = 200
_KEPT_BACK: Final = ("trace_id", "span_id", "service", "client.address")


def log(incident: Incident) -> Iterator[Markup]:
    """Yield the section's parts."""
    traced = {one.trace_id for one in incident.traces if one.trace_id}
    lines = sorted(
        incident.lines, key=lambda one: (one.trace_id not in traced, one.level == "info", one.at)
    )
    if not lines:
        yield element("p", "No line was written that has to do with it.")
        return
    of_trace = sum(line.trace_id in traced for line in lines)
    yield element(
        "p",
        "What carries the ID of a trace above stands first, then what went wrong, by time.",
        class_="hint",
    )
    cut = max(_FIRST, min(of_trace, 2 * _FIRST))
    yield _table(lines[:cut], traced, "Log lines")
    rest = lines[cut:_MOST]
    if rest:
        yield element(
            "details",
            element("summary", "More lines", element("span", len(rest), class_="count")),
            _table(rest, traced, "More log lines"),
        )


def _table(lines: Sequence[LogLine], traced: set[str], name: str) -> Markup:
    head = element("tr", [element("th", word, scope="col") for word in _HEADS])
    rows = [_row(line, line.trace_id in traced) for line in lines]
    table = element("table", element("thead", head), element("tbody", rows), class_="log")
    return element("div", table, class_="wide", role="region", tabindex="0", aria_label=name)


_HEADS: Final = ("since the fault", "level", "event", "fields")


def _row(line: LogLine, of_trace: bool) -> Markup:  # noqa: FBT001  # a private helper's only switch
    fields = [
        element("span", element("i", f"{key}="), value)
        for key, value in line.fields
        if key not in _KEPT_BACK
    ]
    if of_trace:
        fields.insert(0, element("span", element("i", "trace_id="), line.trace_id))
    return element(
        "tr",
        element("td", offset(line.at), class_="figure"),
        element("td", element("span", line.level, class_=f"level {_level(line.level)}")),
        element("td", element("b", line.event)),
        element("td", fields, class_="fields"),
        class_="of-trace" if of_trace else None,
    )


def _level(level: str) -> str:
    return level if level in {"error", "warning", "info"} else "other"
