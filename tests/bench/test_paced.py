import pytest

from bench.paced import Quantiles, is_disturbed, median_ratio, sustains
from bench.waiting import Wait, waited_so_far


def test_a_block_is_the_quantiles_of_both_sides() -> None:
    quantiles = Quantiles()
    quantiles.add([float(number) for number in range(1, 100)], [2.0] * 99)
    assert quantiles.p50 == [(50.0, 2.0)]
    assert quantiles.p99 == [(99.0, 2.0)]
    assert quantiles.samples == 99


def test_the_row_is_the_median_of_the_blocks_ratios() -> None:
    assert median_ratio([(1.0, 1.0), (4.0, 2.0), (30.0, 3.0)])[1] == 2.0


def test_a_contestant_is_paced_only_if_it_can_take_the_rate() -> None:
    assert sustains(10_600, 10_000)
    assert not sustains(10_400, 10_000)


@pytest.mark.parametrize(
    ("server", "load", "disturbed"),
    [
        (Wait(0.004, 0.0), 0.003, False),
        (Wait(0.006, 0.0), 0.003, True),
        (Wait(0.006, 0.002), 0.003, False),  # it waited for its own threads
        (Wait(0.004, 0.0), 0.005, True),
    ],
)
def test_a_core_that_was_taken_away_spoils_the_pair(
    server: Wait, load: float, *, disturbed: bool
) -> None:
    assert is_disturbed(server, load, 1.0) is disturbed


def test_waiting_is_read_from_the_kernel() -> None:
    assert waited_so_far() >= 0
    assert (Wait(3.0, 1.0) - Wait(1.0, 0.5)).for_others() == 1.5
