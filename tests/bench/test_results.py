from pathlib import Path

import orjson
import pytest

from bench.results import Results
from bench.rows import HALF_LOAD_P99, OVERLOADED, Row


def row(name: str, ratio: float = 0.5, *problems: str, half_load: float | str | None = 2.0) -> Row:
    return Row(
        name, "bare", ratio, ratio, ratio, 3, more={HALF_LOAD_P99: half_load}, problems=problems
    )


def results(**rows: list[Row]) -> Results:
    found = Results({"cores": 2}, {"starlette": "1"})
    for comparison, members in rows.items():
        for member in members:
            found.add(comparison, member)
    return found


@pytest.mark.parametrize("ratio", [0.969, 1.031])
def test_equals_that_come_out_unequal_void_their_comparison_alone(ratio: float) -> None:
    found = results(
        requests=[row("telemetry.aa", ratio), row("stock.all")], memory=[row("memory.ours")]
    )
    assert set(found.reasons()) == {"telemetry.aa", "stock.all"}
    assert "telemetry.aa compares a thing with itself" in found.reasons()["stock.all"]
    assert found.is_void()


def test_equals_speak_only_for_rows_with_their_baseline() -> None:
    other = Row("redis.ours", "redis.bare", 0.5, 0.5, 0.5, 3)
    assert set(results(stores=[row("asyncpg.aa", 1.2), other]).reasons()) == {"asyncpg.aa"}


def test_what_did_not_arrive_voids_its_row() -> None:
    found = results(requests=[row("telemetry.aa", 1.0, half_load=1.0), row("a", 1, "3 lost")])
    assert found.reasons() == {"a": "3 lost"}
    assert found.is_void()
    assert not results(requests=[row("telemetry.aa", 1.0, half_load=1.0), row("a")]).is_void()


@pytest.mark.parametrize("half_load", [0.79, 1.26, OVERLOADED, None])
def test_equals_with_unequal_latencies_void_the_column_alone(half_load: float | str | None) -> None:
    found = results(requests=[row("telemetry.aa", 1.0, half_load=half_load), row("a")])
    assert set(found.void_columns()) == {HALF_LOAD_P99}
    assert not found.is_void()
    found = results(requests=[row("telemetry.aa", 1.0, half_load=1.2), row("a", half_load=9.0)])
    assert found.void_columns() == {}


def test_a_comparison_without_the_column_does_not_void_it() -> None:
    equal = Row("otlp.encode.aa", "itself", 1, 1, 1, 3)
    assert results(encoding=[equal]).void_columns() == {}


def test_the_file_has_the_facts_the_rows_and_what_speaks_against_them(tmp_path: Path) -> None:
    found = results(requests=[row("telemetry.aa", 1.2, half_load=8.4)])
    found.failed("memory.ours", RuntimeError("gone"))
    found.write(tmp_path / "bench.json")
    (only,) = orjson.loads((tmp_path / "bench.json").read_bytes())
    content = orjson.loads((tmp_path / "bench-run.json").read_bytes())
    assert only["comparison"] == "requests"
    assert (only["name"], only["ratio"], only["q1"], only[HALF_LOAD_P99]) == (
        "telemetry.aa",
        1.2,
        1.2,
        8.4,
    )
    assert "itself" in only["void"]
    assert content["failures"] == {"memory.ours": "RuntimeError: gone"}
    assert set(content["void_columns"]) == {HALF_LOAD_P99}
    assert content["machine"] == {"cores": 2}
    assert content["versions"] == {"starlette": "1"}


def test_the_facts_name_the_machine_and_what_was_measured() -> None:
    found = Results.of_this_machine(long=False)
    assert set(found.machine) == {"cores", "processor", "system", "python"}
    assert {"uvicorn", "starlette", "opentelemetry-sdk"} <= found.versions.keys()
