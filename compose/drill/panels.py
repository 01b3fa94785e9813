"""The boards' panels over an incident: what each query answered, second by second."""

import time
from collections.abc import Iterator
from typing import Any, Final

import httpx

from dashboards.boards import BOARDS
from dashboards.model import Board, Panel, Visual
from dashboards.proof.prometheus import Prometheus, Series, Window
from dashboards.proof.selection import ALL, rate_seconds
from dashboards.queries import Query

_ALWAYS: Final = ("home", "service-overview", "slos")
_PAUSE_SECONDS: Final = 0.03
"""Between two queries: asked all at once they would slow down what is watched."""

_SCRAPE_SECONDS: Final = 1.0
_MOST_EXEMPLARS: Final = 400


def panel(place: tuple[str, str]) -> Panel:
    """Return a panel by its board's slug and its title; `KeyError` where there is none."""
    slug, title = place
    for board in BOARDS:
        for one in board.panels:
            if board.slug == slug and one.title == title:
                return one
    raise KeyError(place)


def sampled(url: str, place: tuple[str, str] | None, window: Window) -> Iterator[dict[str, Any]]:
    """Yield the panels of the general boards, and of the one where the fault shows."""
    with Prometheus(url) as prometheus:
        for board in BOARDS:
            if board.slug in _ALWAYS or (place and board.slug == place[0]):
                for one in _of_board(prometheus, board, place, window):
                    yield one | {"exemplars": exemplars(url, one, window)}


def exemplars(url: str, panel: dict[str, Any], window: Window) -> list[dict[str, Any]]:
    """Return the exemplars of a panel's buckets: what leads from it to single traces."""
    found = []
    for query in panel["queries"]:
        if "_bucket" in query["expression"]:
            asked = {"query": query["expression"], "start": window.start, "end": window.end}
            answer = httpx.get(f"{url}/api/v1/query_exemplars", params=asked, timeout=5.0)
            for series in answer.raise_for_status().json()["data"]:
                found += [
                    {
                        "at": float(one["timestamp"]),
                        "value": float(one["value"]),
                        "trace_id": one["labels"].get("trace_id", ""),
                    }
                    for one in series["exemplars"]
                ]
    kept = {one["trace_id"]: one for one in found}
    return sorted(kept.values(), key=lambda one: one["at"])[-_MOST_EXEMPLARS:]


def _of_board(
    prometheus: Prometheus, board: Board, place: tuple[str, str] | None, window: Window
) -> Iterator[dict[str, Any]]:
    for one in board.panels:
        if one.queries:
            yield {
                "board": board.slug,
                "board_title": board.title,
                "title": one.title,
                "answers": one.answers,
                "unit": one.unit,
                "visual": one.visual.value,
                "shows_the_fault": (board.slug, one.title) == place,
                "queries": [_asked(prometheus, one.visual, query, window) for query in one.queries],
            }


def _asked(prometheus: Prometheus, visual: Visual, query: Query, window: Window) -> dict[str, Any]:
    time.sleep(_PAUSE_SECONDS)
    expression = ALL.fill(query.expression, rate_seconds(window.step, _SCRAPE_SECONDS))
    if visual is Visual.TABLE:
        found = prometheus.instant(expression, window.end)
    else:
        found = prometheus.range(expression, window)
    return {
        "expression": expression,
        "legend": query.legend,
        "series": [_plain(series) for series in found],
    }


def _plain(series: Series) -> dict[str, Any]:
    return {
        "labels": dict(series.labels),
        # JSON has no NaN: what is no number is no point, as on the panel.
        "points": [[at, value] for at, value in series.points if abs(value) < float("inf")],
    }
