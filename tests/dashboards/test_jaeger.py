"""A real Jaeger finds by each condition of a search the traces that meet it, and no other."""

import time
from collections.abc import Iterator
from typing import Any, Final

import httpx
import pytest

from app.signals import PROCESS_REPORT
from compose.native.tools import Tools
from dashboards.grafana import render
from dashboards.model import Board, Row
from dashboards.panels import traces
from dashboards.proof.jaeger import Jaeger
from dashboards.proof.prometheus import Window
from dashboards.traces import WEB, WORKER, Search
from telemetry.catalog.http import STATUS_CODE
from tests.telemetry import exemplar_stores

_NANOSECONDS: Final = 1_000_000_000
_PATIENCE_SECONDS: Final = 30.0
_BEGAN: Final = int(time.time()) - 60
_WINDOW: Final = Window(_BEGAN - 1, _BEGAN + 30)
_FAILED: Final = Search(service=WEB, where=((STATUS_CODE, "503"),))
_SLOW: Final = Search(service=WEB, slower_than=0.1)
_REPORTS: Final = Search(service=WORKER, operation=PROCESS_REPORT)


def _span(trace: int, name: str, *, at: float, lasts: float) -> dict[str, Any]:
    start = int((_BEGAN + at) * _NANOSECONDS)
    return {
        "traceId": f"{trace:032x}",
        "spanId": f"{trace * 100 + len(name):016x}",
        "name": name,
        "kind": 2,
        "startTimeUnixNano": str(start),
        "endTimeUnixNano": str(start + int(lasts * _NANOSECONDS)),
        "attributes": list[dict[str, Any]](),
    }


def _sent(service: str, *spans: dict[str, Any]) -> dict[str, Any]:
    name = {"key": "service.name", "value": {"stringValue": service}}
    return {"resource": {"attributes": [name]}, "scopeSpans": [{"spans": spans}]}


@pytest.fixture(scope="module")
def jaeger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jaeger]:
    if Tools().look("jaeger") is None:
        pytest.skip("Jaeger is not here: python -m compose provision")
    server = exemplar_stores.Jaeger(tmp_path_factory.mktemp("jaeger")).start()
    try:
        status = {"key": STATUS_CODE.attribute, "value": {"intValue": "503"}}
        failed = _span(1, "POST /failed", at=1, lasts=0.01)
        failed["attributes"].append(status)
        slow = _span(2, "POST /slow", at=2, lasts=0.5), _span(2, "inner", at=2.1, lasts=0.9)
        report = _span(3, PROCESS_REPORT.name, at=3, lasts=0.02)
        mail = _span(4, "process mail", at=4, lasts=0.02)
        late = _span(5, "POST /later", at=99, lasts=0.9)
        content = [_sent(WEB, failed, *slow, late), _sent(WORKER, report, mail)]
        httpx.post(
            f"{server.endpoint}/v1/traces", json={"resourceSpans": content}, trust_env=False
        ).raise_for_status()
        found = Jaeger(f"http://127.0.0.1:{server.port}")
        until = time.monotonic() + _PATIENCE_SECONDS
        while not found.search(_REPORTS, _WINDOW):
            assert time.monotonic() < until, "Jaeger has not kept what it took"
            time.sleep(0.1)
        yield found
    finally:
        server.stop()


@pytest.mark.parametrize(
    ("search", "names"),
    [
        (Search(service=WEB), ["POST /slow", "POST /failed"]),
        (_FAILED, ["POST /failed"]),
        (_SLOW, ["POST /slow"]),
        (_REPORTS, [PROCESS_REPORT.name]),
        (Search(service=WEB, operation=PROCESS_REPORT), []),
    ],
)
def test_a_search_finds_what_meets_it(jaeger: Jaeger, search: Search, names: list[str]) -> None:
    found = jaeger.search(search, _WINDOW)

    assert [trace.name for trace in found] == [f"{search.service}: {name}" for name in names]


def test_a_search_lists_no_more_than_it_asks_for(jaeger: Jaeger) -> None:
    assert len(jaeger.search(Search(service=WEB, limit=1), _WINDOW)) == 1


def test_a_trace_lasts_from_its_first_moment_to_its_last(jaeger: Jaeger) -> None:
    (slow,) = jaeger.search(_SLOW, _WINDOW)

    assert slow.started == _BEGAN + 2
    assert slow.seconds == pytest.approx(1.0)
    assert int(slow.trace_id, 16) == 2


def test_the_panel_asks_what_was_searched() -> None:
    panel = traces("T", _FAILED, answers="Which failed, and when?", if_wrong="Open one of them.")
    slow = traces("S", _SLOW, answers="Which were slow, and when?", if_wrong="Open one of them.")
    jobs = traces("J", _REPORTS, answers="Which were made, and when?", if_wrong="Open one of them.")
    board = Board(slug="t", title="T", description="D.", rows=(Row("R", (panel, slow, jobs)),))

    asked = [one["targets"][0] for one in render(board)["panels"] if one["type"] == "xychart"]

    source = {"datasource": {"type": "jaeger", "uid": "jaeger"}, "refId": "A"}
    search = {**source, "queryType": "search", "limit": 20}
    assert asked == [
        {**search, "service": "sightline-web", "tags": "http.response.status_code=503"},
        {**search, "service": "sightline-web", "minDuration": "100ms"},
        {**search, "service": "sightline-worker", "operation": "process reports"},
    ]
