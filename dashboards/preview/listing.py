"""The lists that Grafana fills by itself: the alerts of the moment, and the boards."""

from collections.abc import Iterable
from typing import Final

from dashboards.model import Board
from dashboards.preview.views import Item, Items
from dashboards.proof.prometheus import Series, Window

_SEVERITIES: Final = ("critical", "warning", "info")
_ROLES: Final = {"critical": "bad", "warning": "watch", "info": "link"}
_TOLD: Final = ("slo", "window", "job", "severity")


def alerts(series: Iterable[Series], window: Window) -> Items:
    """Return what fires or is about to at the end of the window, the most important first."""
    now = [one for one in series if window.end - one.points[-1][0] < 2 * window.step]
    return Items(tuple(_alert(one, window) for one in sorted(now, key=_importance)))


def fired(series: Iterable[Series], step: float) -> tuple[tuple[float, float], ...]:
    """Return from when to when something fired that somebody is told of, overlaps made one."""
    spans: list[tuple[float, float]] = []
    firing = [
        one.points
        for one in series
        if one.labels["alertstate"] == "firing" and one.labels.get("severity") in _SEVERITIES[:2]
    ]
    for points in sorted(firing):
        start, end = points[0][0], points[-1][0]
        if spans and start <= spans[-1][1] + step:
            spans[-1] = (spans[-1][0], max(spans[-1][1], end))
        else:
            spans.append((start, end))
    return tuple(spans)


def boards(every: Iterable[Board]) -> Items:
    """Return a way to each board."""
    return Items(
        tuple(
            Item(f"Sightline / {board.title}", board.description, slug=board.slug)
            for board in every
        )
    )


def _alert(one: Series, window: Window) -> Item:
    state = one.labels["alertstate"]
    lasted = round(window.end - one.points[0][0])
    told = "  ".join(f"{name}={one.labels[name]}" for name in _TOLD if name in one.labels)
    return Item(
        one.labels["alertname"],
        told,
        f"{state.capitalize()} for {lasted} s",
        _ROLES[one.labels.get("severity", "info")] if state == "firing" else "weak",
    )


def _importance(one: Series) -> tuple[bool, int, str, float]:
    return (
        one.labels["alertstate"] != "firing",
        _SEVERITIES.index(one.labels.get("severity", "info")),
        one.labels["alertname"],
        one.points[0][0],
    )
