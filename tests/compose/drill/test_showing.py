"""Log and panel are held to what the catalogue says of them."""

from datetime import UTC, datetime
from typing import Any

import pytest

from compose.drill.showing import log_shows, panel_shows
from compose.faults.catalogue import named
from compose.faults.model import Evidence
from telemetry.catalog import http

MOMENTS = {"began": 980.0, "injected": 1_000.0, "repaired": 1_020.0}
(DOWN,) = named(["postgresql-down"])
(FLOOD,) = named(["expired-key-flood"])
(SLOW,) = named(["route-latency"])


def line(at: float, event: str = http.REQUEST_FINISHED.name, **fields: Any) -> dict[str, Any]:  # noqa: ANN401  # JSON
    timestamp = datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")
    return {"timestamp": timestamp, "level": "error", "event": event} | fields


def test_a_line_of_the_event_while_the_fault_lasts_shows_it() -> None:
    assert log_shows([line(1_005)], DOWN.evidence, MOMENTS)


@pytest.mark.parametrize(
    "other",
    [
        line(999),
        line(1_021),  # it shows the repair
        line(1_005, event="service.started"),
        line(1_005, level="info"),  # a request that was answered
        {"event": http.REQUEST_FINISHED.name, "level": "error"},
    ],
)
def test_another_line_does_not(other: dict[str, Any]) -> None:
    assert log_shows([other], DOWN.evidence, MOMENTS) is False


def test_what_the_span_has_the_line_must_not_contradict() -> None:
    status = "http.response.status_code"
    assert log_shows([line(1_005) | {status: 401}], FLOOD.evidence, MOMENTS)
    assert not log_shows([line(1_005) | {status: 200}], FLOOD.evidence, MOMENTS)

    duration = "http.server.request.duration"
    assert log_shows([line(1_005) | {duration: 0.31}], SLOW.evidence, MOMENTS)
    assert not log_shows([line(1_005) | {duration: 0.002}], SLOW.evidence, MOMENTS)


def test_what_no_log_and_no_panel_can_show_is_not_judged() -> None:
    nothing = Evidence(None, why_no_trace="so", why_no_log="so", why_no_panel="so")

    assert log_shows([], nothing, MOMENTS) is None
    assert panel_shows([], nothing, MOMENTS) is None


def panel(*values: float | None, shows: bool = True) -> dict[str, Any]:
    """A panel with one line, a value a second from ten before the fault on."""
    points = [[990.0 + at, value] for at, value in enumerate(values) if value is not None]
    return {
        "board": "b",
        "board_title": "B",
        "title": "t",
        "answers": "",
        "unit": "short",
        "visual": "timeseries",
        "shows_the_fault": shows,
        "queries": [{"legend": "", "series": [{"labels": {}, "points": points}]}],
    }


STILL = [5.0] * 10


@pytest.mark.parametrize(
    ("during", "shown"),
    [
        ([50.0] * 20, True),
        ([0.0] * 20, True),
        ([5.0] * 20, False),
        ([5.2] * 20, False),
        ([5.0] * 4 + [None] * 16, True),  # its process is gone, and its line with it
    ],
)
def test_a_panel_shows_what_moved_or_ended(during: list[float | None], *, shown: bool) -> None:
    assert panel_shows([panel(*STILL, *during)], DOWN.evidence, MOMENTS) is shown


def test_a_panel_without_a_point_and_one_of_another_name_show_nothing() -> None:
    assert panel_shows([panel()], DOWN.evidence, MOMENTS) is False
    other = panel(*STILL, *[50.0] * 20, shows=False)
    assert panel_shows([other], DOWN.evidence, MOMENTS) is False
