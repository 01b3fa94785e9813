import pytest

from bench.memory import growth


def test_growth_is_that_of_the_second_half() -> None:
    warming = [(1_000, 10.0), (2_000, 40.0), (3_000, 50.0), (4_000, 50.0)]
    steady = [(5_000, 50.0), (6_000, 50.5), (7_000, 51.0), (8_000, 51.5)]
    assert growth(warming + steady) == pytest.approx(512)
    assert growth([*warming, *((each, 50.0) for each, _ in steady)]) == pytest.approx(0)
