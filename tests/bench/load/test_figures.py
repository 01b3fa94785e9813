"""The arithmetic between readings and sentences, by examples."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from bench.load import results
from bench.load.client import Tally
from bench.load.counters import Pool, counted
from bench.load.exactness import Exactness, differences_of
from bench.load.knee import HALF, SATURATED, Found, Step, quantile, step_of
from bench.load.replicas import Row
from bench.load.results import Results
from bench.load.utilisation import Reading, Utilisation, between
from telemetry.catalog import http

OK = ("POST", "/permissions/check", 200)
FAILED = ("GET", "/audit/verify", 503)


def reading(at: float, cpu: float, loops: tuple[tuple[float, float], ...], used: float) -> Reading:
    pools = tuple({"postgresql": Pool(used * (number + 1), 0.0, 8.0)} for number in range(2))
    return Reading(at, {"web-1": cpu, "load": cpu / 2}, loops, pools, 2 * cpu)


def utilisation(**given: Any) -> Utilisation:  # noqa: ANN401  # its fields, by name
    usual: dict[str, Any] = {
        "seconds": 10.0,
        "cores": {"web-1": 0.5, "web-2": 0.1, "postgres": 0.3, "haproxy": 0.1, "load": 0.2},
        "loop": 0.5,
        "loop_waiting": 0.0,
        "pools": {"postgresql": 0.2},
        "machine": 1.2,
        "available": 4,
    }
    return Utilisation(**usual | given)


def step(name: str = HALF, rate: float | None = 100.0, **used: Any) -> Step:  # noqa: ANN401  # as above
    tally = Tally(
        10.0,
        {OK[:2]: [0.001] * 50, FAILED[:2]: [0.001] * 49 + [0.5]},
        [0.0, 0.0],
        Counter({OK: 98, FAILED: 2}),
    )
    return step_of(name, rate, [tally], utilisation(**used))


def row(replicas: int, **exact: Any) -> Row:  # noqa: ANN401  # as above
    usual: dict[str, Any] = {
        "instances": replicas,
        "requests": 1_000,
        "failed": 20,
        "differences": (),
        "recorded": 0.0201,
    }
    return Row(replicas, step(SATURATED, None), step(), Exactness(**usual | exact), ())


def test_two_readings_give_means_and_of_several_replicas_the_busiest() -> None:
    first = reading(100.0, 10.0, ((5.0, 1.0), (5.0, 1.0)), 0.0)
    last = reading(110.0, 15.0, ((9.0, 1.0), (8.0, 4.0)), 16.0)
    used = between(first, last)
    assert used.cores == {"web-1": 0.5, "load": 0.25}
    assert (used.loop, used.loop_waiting) == (0.3, 0.3)
    assert used.pools == {"postgresql": pytest.approx(32 / 10 / 8)}
    assert used.machine == 1.0
    assert used.foreign == 0.25


def test_a_loop_that_waits_for_a_core_is_as_full_as_one_that_has_it() -> None:
    used = utilisation(loop=0.5, loop_waiting=0.45, machine=3.9)
    assert used.saturated() == ("the machine's cores", "event loop")


def test_where_nothing_is_full_the_fullest_is_named() -> None:
    assert utilisation(pools={"redis": 0.7, "postgresql": 0.6}).saturated() == ("pool redis",)


def test_a_step_counts_failures_apart_from_what_was_never_answered() -> None:
    lost = Tally(10.0, {OK[:2]: [0.001]}, [0.0], Counter({OK: 1}), proxied=2, broken=1)
    both = step_of("x", 50.0, [lost, lost], utilisation())
    assert (both.requests, both.failed, both.lost) == (2, 0, 6)
    assert (step().requests, step().failed, step().lost) == (100, 2, 0)


def test_the_loads_own_cpu_is_no_cost_of_a_request() -> None:
    assert step().cpu_a_request == pytest.approx((0.5 + 0.1 + 0.3 + 0.1) * 10 / 100)
    assert row(2).cpu_of("web-") == pytest.approx(0.6 * 10 / 100)


def test_a_quantile_lies_among_the_values() -> None:
    assert quantile([1.0], 99) == 1.0
    assert quantile([float(number) for number in range(101)], 99) == 99.0


def labels(method: str, route: str, status: int) -> Mapping[str, str]:
    names = (http.METHOD, http.ROUTE, http.STATUS_CODE)
    return dict(zip((n.prometheus_name for n in names), (method, route, str(status)), strict=True))


def test_the_probes_are_not_counted() -> None:
    series = [(labels(*OK), 7.0), (labels("GET", "/readyz", 200), 90.0)]
    assert counted(series) == {OK: 7}


def test_every_count_that_differs_is_named_on_either_side() -> None:
    assert differences_of(Counter({OK: 3}), Counter({OK: 3})) == []
    assert differences_of(Counter({OK: 3}), Counter({OK: 2, FAILED: 1})) == [
        "GET /audit/verify 503: the client has 0, the counters 1",
        "POST /permissions/check 200: the client has 3, the counters 2",
    ]


@pytest.mark.parametrize(
    ("recorded", "differences", "exact"),
    [
        (0.02, (), True),
        (0.02049, (), True),
        (0.0206, (), False),
        (0.0194, (), False),
        (0.02, ("one differs",), False),
    ],
)
def test_a_recorded_ratio_is_exact_within_half_a_request(
    recorded: float, differences: tuple[str, ...], *, exact: bool
) -> None:
    found = Exactness(2, 1_000, 20, differences, recorded)
    assert found.is_exact is exact


def test_the_relative_error_does_not_shrink_with_the_failures() -> None:
    few, many = (Exactness(1, 1_000, failed, (), failed / 990) for failed in (20, 200))
    assert few.is_exact
    assert not many.is_exact
    assert few.relative_error == pytest.approx(many.relative_error) == pytest.approx(10 / 990)
    assert few.as_json()["relative_error"] == few.relative_error
    assert Exactness(1, 1_000, 0, (), 0.0).relative_error == 0.0


def test_the_page_gets_tables_and_sentences_between_its_marks(tmp_path: Path) -> None:
    steps = (step(), step(SATURATED, None, loop=0.95, machine=2.0))
    found = Results(quick=False, found=Found(200.0, steps), rows=(row(1), row(2)))
    page = tmp_path / "page.md"
    page.write_text(f"before\n{results.BLOCK.opening}\nlast run\n{results.BLOCK.closing}\nafter\n")
    results.put_into(page, found)
    text = page.read_text()
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "last run" not in text
    assert "at half of it the p99 of a check is 1.00 ms, of all requests " in text
    assert "| GET /audit/verify | 50 | 1.00 | " in text
    assert "First to be full: event loop." in text
    assert "Disturbed: other processes" in text
    assert "| 2 | 10 | 1.00 | 100.00 | 60.00 | 10.00 |" in text
    found.write(tmp_path / "load.json")
    stored = orjson.loads((tmp_path / "load.json").read_bytes())
    assert stored["service"]["knee"] == 200.0
    assert stored["replicas"][1]["exactness"]["exact"] is True


def test_a_count_that_differs_under_load_fails_the_run_too() -> None:
    loaded = replace(row(2), differences=("y: the client has 2",))
    assert not Results(quick=True, rows=(loaded,)).is_exact
    assert Results(quick=True, rows=(row(2),)).is_exact


def test_one_count_that_differs_is_told_and_fails_the_run() -> None:
    found = Results(quick=True, rows=(row(1), row(2, differences=("x: the client has 1",))))
    assert not found.is_exact
    assert "2 replicas: x: the client has 1" in list(results.sentences(found))
