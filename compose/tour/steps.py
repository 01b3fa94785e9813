"""What there is to see of an incident, in the order in which one who was woken looks."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from compose.chain.waterfall import waterfall
from compose.incident.boards import telling
from compose.incident.model import Incident, LogLine, Panel, Trace
from compose.incident.movement import by_movement
from compose.incident.scale import offset, shown
from compose.tour.runbook import runbook
from compose.tour.sparkline import ruler, sparkline

_WIDTH: Final = 46
_BEFORE: Final = 10.0
_MOST_LINES: Final = 4
_LINES_A_PANEL: Final = 2
_MOST_PANELS: Final = 4
_FIELDS: Final = (
    "http.request.method",
    "http.route",
    "http.response.status_code",
    "error.type",
    "http.server.request.duration",
    "trace_id",
    "correlation_id",
)


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to look at: why one looks there, and what there is."""

    title: str
    says: str
    lines: tuple[str, ...]


def steps(incident: Incident) -> Iterator[Step]:
    """Yield the steps that the record has something for."""
    page = incident.page
    if page is not None:
        yield _page(incident)
        name = next((name for _, name in page.said if name in incident.expected), page.said[0][1])
        book = runbook(name)
        if book:
            yield Step("The runbook", f"The page links to {name}. It says:", tuple(book))
    panels = [one for one in incident.panels if one.shows_the_fault and one.curves]
    panels += telling(incident, [one for one in incident.panels if one.curves])
    if panels:
        yield _panels(incident, panels[:_MOST_PANELS])
    exemplar = _exemplar(incident)
    if exemplar is not None:
        yield exemplar
    traces = [one for one in incident.traces if one.spans]
    if traces:
        yield _traces(traces)
    lines = _log_lines(incident)
    if lines:
        yield Step(
            "The log",
            "The trace's ID is on each line that the service wrote for it:",
            tuple(map(_line, lines)),
        )


def _page(incident: Incident) -> Step:
    page = incident.page
    if page is None or page.letter is None:
        said = ", ".join(f"{name} is {status}" for status, name in page.said) if page else ""
        return Step("The page", "A webhook says:", (said,))
    letter = page.letter
    heads = (f"To:      {', '.join(letter.recipients)}", f"Subject: {letter.subject}", "")
    text = letter.text.strip().splitlines()
    return Step("The page", "It is night. A mail arrives:", (*heads, *text))


def _panels(incident: Incident, panels: Sequence[Panel]) -> Step:
    start, end = max(-_BEFORE, incident.moments.began), incident.moments.ended
    lines = []
    for panel in panels:
        lines += [f"{panel.title}  ({panel.board_title})", f"  {panel.answers}"]
        moved = by_movement(panel.curves, incident.moments)[:_LINES_A_PANEL]
        most = max((value for curve, _ in moved for _, value in curve.points), default=0.0)
        for curve, how in moved:
            was = "nothing" if how.before is None else shown(how.before, panel.unit)
            went = "nothing" if how.farthest is None else shown(how.farthest, panel.unit)
            drawn = sparkline(curve.points, start, end, _WIDTH, most)
            lines.append(f"  {drawn}  {curve.name[:30]}: {was} → {went}")
        lines += [f"  {_marks(incident, start, end)}", ""]
    page = "" if incident.moments.told is None else " P is when the page came."
    return Step("The panel", f"The boards, {end - start:.0f} s of them.{page}", tuple(lines[:-1]))


def _marks(incident: Incident, start: float, end: float) -> str:
    told = incident.moments.told
    return ruler([] if told is None else [(told, "P")], start, end, _WIDTH)


def _exemplar(incident: Incident) -> Step | None:
    """Return the exemplar that leads to a trace of the record, else the highest while it lasted."""
    known = {one.trace_id for one in incident.traces}
    until = incident.moments.repaired or incident.moments.ended
    found = [
        (at, value, trace_id, panel)
        for panel in incident.panels
        for at, value, trace_id in panel.exemplars
        if 0 <= at <= until
    ]
    if not found:
        return None
    at, value, trace_id, panel = max(found, key=lambda one: (one[2] in known, one[1]))
    return Step(
        "The exemplar",
        "A metric counts requests; an exemplar is one of them, with the ID of its trace:",
        (
            f"panel     {panel.title}  ({panel.board_title})",
            f"value     {shown(value, panel.unit)}, {offset(at)} from the beginning",
            f"trace_id  {trace_id}",
        ),
    )


def _traces(traces: Sequence[Trace]) -> Step:
    lines = []
    for one in traces:
        how = "by the page's link" if one.by_link else "by its ID"
        lines += [f"trace {one.trace_id}, {how}", *waterfall(one.spans), ""]
    return Step("The trace", "What those requests were doing, and what failed:", tuple(lines[:-1]))


def _log_lines(incident: Incident) -> list[LogLine]:
    known = {one.trace_id for one in incident.traces}
    of_trace = [line for line in incident.lines if line.trace_id in known]
    others = [line for line in incident.lines if line.level in {"warning", "error"}]
    return (of_trace or others)[:_MOST_LINES]


def _line(line: LogLine) -> str:
    fields = dict(line.fields)
    told = "  ".join(f"{key}={fields[key]}" for key in _FIELDS if key in fields)
    return f"{offset(line.at):>8}  {line.level:<7}  {line.event}  {told}"
