"""Whether log and panel show a fault as the catalogue says they do: its ground truth, judged.

A line counts that was written between the fault and its repair; a panel counts whose line has moved
since the fault, or has ended.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from compose.faults.model import Evidence
from compose.incident.model import Moments
from compose.incident.movement import has_moved
from compose.incident.reading import panel_of

_FAILED: Final = frozenset({"warning", "error"})
_DURATION: Final = "http.server.request.duration"


def log_shows(
    lines: Sequence[Mapping[str, Any]], evidence: Evidence, moments: Mapping[str, float | None]
) -> bool | None:
    """Tell whether a line shows the fault; None where the catalogue says why none can."""
    if evidence.event is None:
        return None
    return any(line_shows(one, evidence, moments) for one in lines)


def line_shows(
    line: Mapping[str, Any], evidence: Evidence, moments: Mapping[str, float | None]
) -> bool:
    """Tell whether this line is the evidence's, of the time in which the fault lasted."""
    if evidence.event is None or line.get("event") != evidence.event.name:
        return False
    began, repaired = moments.get("injected") or 0.0, moments.get("repaired")
    at = _moment(line)
    if at is None or at < began or (repaired is not None and at > repaired):
        return False
    if evidence.failed and line.get("level") not in _FAILED:
        return False
    # The line of another part has not what the span has; what it has must be the same.
    name, value = evidence.attribute or ("", "")
    if name in line and str(line[name]) != value:
        return False
    return float(line.get(_DURATION, evidence.slow_seconds)) >= evidence.slow_seconds


def panel_shows(
    panels: Sequence[Mapping[str, Any]], evidence: Evidence, moments: Mapping[str, float | None]
) -> bool | None:
    """Tell whether the panel has a line that moved; None where the catalogue says why none does."""
    if evidence.panel is None:
        return None
    zero, repaired = moments.get("injected") or 0.0, moments.get("repaired")
    shown = [panel_of(one, zero) for one in panels if one["shows_the_fault"]]
    last = max((at for one in shown for curve in one.curves for at, _ in curve.points), default=0.0)
    since = Moments(
        began=(moments.get("began") or zero) - zero,
        fires=None,
        told=None,
        repaired=None if repaired is None else repaired - zero,
        resolved=None,
        clear=None,
        ended=last,
    )
    return any(has_moved(one, since) for one in shown)


def _moment(line: Mapping[str, Any]) -> float | None:
    try:
        return datetime.fromisoformat(str(line.get("timestamp"))).timestamp()
    except ValueError:
        return None
