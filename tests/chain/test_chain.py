"""The chain, on real parts and in compressed time: what `make demo` shows, asserted."""

import asyncio
import io
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest
from rich.console import Console

from app import signals
from compose.chain.request import CHECK_ROUTE, LAYERS, names_of
from compose.chain.traces import SpanView
from compose.demo.command import SCALE
from compose.demo.scenario import Evidence, Scenario
from compose.demo.screen import Screen
from compose.native.ports import Ports
from compose.native.run import Platform, PlatformOptions
from compose.native.tools import Tools

pytestmark = pytest.mark.platform

_T = TypeVar("_T")


class WithoutJaeger(Tools):
    """The machine as it is without Go and without a Jaeger."""

    def look(self, name: str) -> Path | None:
        return None if name == "jaeger" else super().look(name)


async def on_a_platform(folder: Path, tools: Tools, play: Callable[[Platform, Scenario], _T]) -> _T:
    options = PlatformOptions(run_dir=folder / "run", ports=Ports.free(), scale=SCALE, tools=tools)
    screen = Screen(Console(file=io.StringIO(), width=120))
    async with Platform(options) as platform:
        scenario = Scenario(platform, screen, time.monotonic())
        return await asyncio.to_thread(play, platform, scenario)


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    def play(platform: Platform, scenario: Scenario) -> Evidence:
        assert platform.traces_file is None, "the chain test needs Jaeger"
        return scenario.run()

    folder = tmp_path_factory.mktemp("chain")
    return asyncio.run(on_a_platform(folder, Tools(), play))


def test_without_jaeger_the_traces_are_in_a_file(tmp_path: Path) -> None:
    def play(platform: Platform, scenario: Scenario) -> bool:
        seen = scenario.run()
        assert platform.traces_file is not None
        text = platform.traces_file.read_text()
        ids = (seen.request.exemplar.trace_id, seen.report.job[0].trace_id, seen.failed_trace_id)
        return all(trace_id in text for trace_id in ids)

    assert asyncio.run(on_a_platform(tmp_path, WithoutJaeger(), play))


def by_name(spans: list[SpanView]) -> dict[str, SpanView]:
    return {span.name: span for span in spans}


def test_the_exemplar_names_the_trace_of_every_layer(evidence: Evidence) -> None:
    request = evidence.request
    assert {span.trace_id for span in request.spans} == {request.exemplar.trace_id}
    assert request.exemplar.series["http_route"] == CHECK_ROUTE
    assert set(names_of(request.spans)) >= {f"POST {CHECK_ROUTE}", *LAYERS}


def test_the_layers_stand_inside_each_other(evidence: Evidence) -> None:
    spans = by_name(list(evidence.request.spans))
    chain = [f"POST {CHECK_ROUTE}", signals.CACHE_L1.name, signals.CACHE_L2.name]
    for outer, inner in zip(chain, [*chain[1:], signals.EVALUATE.name], strict=True):
        assert spans[inner].parent_id == spans[outer].span_id
        assert spans[inner].started >= spans[outer].started
        assert spans[inner].seconds <= spans[outer].seconds


def test_the_log_lines_carry_both_ids(evidence: Evidence) -> None:
    request = evidence.request
    assert {line["trace_id"] for line in request.lines} == {request.exemplar.trace_id}
    assert {line["correlation_id"] for line in request.lines} == {request.correlation_id}
    assert request.correlation_id.startswith("traffic-")


def test_the_report_is_one_operation_of_two_traces(evidence: Evidence) -> None:
    report = evidence.report
    assert report.request[0].trace_id != report.job[0].trace_id
    assert report.mail.message["X-Correlation-ID"] == report.correlation_id
    sent = by_name(list(report.request))[signals.ENQUEUE_REPORT.name]
    processed = by_name(list(report.job))[signals.PROCESS_REPORT.name]
    assert (sent.trace_id, sent.span_id) in processed.links


def test_the_mail_led_to_a_failed_trace(evidence: Evidence) -> None:
    assert len(evidence.failed_trace_id) == 32
    assert evidence.failed_trace_id != evidence.request.exemplar.trace_id
