import random

import pytest

from telemetry.retries import Retries


def pauses(retries: Retries) -> list[float | None]:
    return [retries.pause(failures) for failures in range(1, 8)]


def test_pauses_double_and_come_to_an_end() -> None:
    assert pauses(Retries(random=lambda: 1.0)) == [0.25, 0.5, 1, 2, 4, 8, None]


def test_a_pause_is_drawn_from_its_upper_half() -> None:
    assert pauses(Retries(random=lambda: 0.0)) == [0.125, 0.25, 0.5, 1, 2, 4, None]
    assert len({Retries(random=random.Random(7).random).pause(6) for _ in range(2)}) == 1  # noqa: S311  # no secret
    assert len({Retries().pause(6) for _ in range(20)}) > 1


@pytest.mark.parametrize(
    ("asked", "pause"), [(0.0, 0.25), (0.1, 0.25), (7.0, 7.0), (3600.0, 30.0), (1e12, 30.0)]
)
def test_what_the_collector_asks_for_is_kept_within_bounds(asked: float, pause: float) -> None:
    assert Retries(random=lambda: 1.0).pause(1, asked) == pause


def test_what_the_collector_asks_for_is_no_further_attempt() -> None:
    assert Retries().pause(7, 1.0) is None
