import pytest

from bench.paced import Pair, Quantiles, disturbance, median_ratio, quietest, sustains
from bench.waiting import Wait, ran_so_far, waited_so_far


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
    ("server", "load", "share"),
    [
        (Wait(0.005, 0.0), Wait(0.0, 0.0), 0.5),
        (Wait(0.005, 0.002), Wait(0.0, 0.0), 0.3),  # it waited for its own threads
        (Wait(0.0, 0.0), Wait(0.06, 0.0), 2.0),
        (Wait(0.0, 0.0), Wait(0.06, 0.03), 1.0),  # the load waited for the receiver
    ],
)
def test_a_disturbance_is_a_core_that_others_took(server: Wait, load: Wait, share: float) -> None:
    assert disturbance(server, load, 1.0) == pytest.approx(share)
    assert disturbance(server, load, 2.0) == pytest.approx(share / 2)


def test_the_quietest_pairs_count_as_they_came_and_none_past_the_limit() -> None:
    pairs = [Pair(share, [share], [share]) for share in (0.9, 1.1, 0.1, 0.5)]
    assert [pair.disturbance for pair in quietest(pairs, 2)] == [0.1, 0.5]
    assert [pair.disturbance for pair in quietest(pairs, 4)] == [0.9, 0.1, 0.5]


def test_waiting_is_read_from_the_kernel() -> None:
    assert waited_so_far() >= 0
    assert ran_so_far() > 0
    assert (Wait(3.0, 1.0) - Wait(1.0, 0.5)).for_others() == 1.5
