import pytest

from bench.report import reasons_against, table_of
from bench.rows import Row


def row(name: str, ratio: float, *problems: str) -> Row:
    return Row(name, "bare", ratio, ratio, ratio, 3, None, {"p99_ratio": 2.0}, problems)


@pytest.mark.parametrize("ratio", [0.969, 1.031])
def test_equals_that_come_out_unequal_void_the_run(ratio: float) -> None:
    (reason,) = reasons_against([row("telemetry.aa", ratio), row("stock.all", 0.1)])
    assert "telemetry.aa" in reason


def test_what_did_not_arrive_voids_the_run() -> None:
    assert reasons_against([row("a", 1, "3 spans lost"), row("b.aa", 1.0)]) == ["3 spans lost"]


def test_a_row_has_the_agreed_fields_and_its_own() -> None:
    assert row("a", 0.5).as_json() == {
        "name": "a",
        "baseline": "bare",
        "ratio": 0.5,
        "q1": 0.5,
        "q3": 0.5,
        "pairs": 3,
        "cpu_us_added": None,
        "p99_ratio": 2.0,
        "problems": (),
    }
    assert table_of([row("a", 0.5)]).row_count == 1
