from bench.paced import Quantiles, is_quiet, median_ratio, sustains


def test_a_pair_is_the_quantiles_of_both_sides() -> None:
    quantiles = Quantiles()
    quantiles.add([float(number) for number in range(1, 100)], [2.0] * 99)
    assert quantiles.p50 == [(50.0, 2.0)]
    assert quantiles.p99 == [(99.0, 2.0)]
    assert quantiles.samples == 99


def test_the_row_is_the_median_of_the_pairs_ratios() -> None:
    assert median_ratio([(1.0, 1.0), (4.0, 2.0), (30.0, 3.0)])[1] == 2.0


def test_a_contestant_is_paced_only_if_it_can_take_the_rate() -> None:
    assert sustains(10_600, 10_000)
    assert not sustains(10_400, 10_000)


def test_a_slice_is_quiet_where_the_machine_hardly_worked_for_others() -> None:
    assert is_quiet(0.0004, 0.2)
    assert not is_quiet(0.0011, 0.2)
