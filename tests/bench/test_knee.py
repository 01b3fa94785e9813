"""The knee is where the latency leaves that of light load, and not a step later."""

import pytest

from bench.knee import BEND, LIGHT, STEPS, knee_of


@pytest.mark.parametrize("knee", [0.5, 0.7, 0.95])
def test_the_knee_is_the_last_step_that_held(knee: float) -> None:
    def p99(share: float) -> float:
        return 100.0 * (BEND if share <= knee else BEND + 0.01) if share != LIGHT else 100.0

    assert knee_of(p99) == knee


def test_no_step_after_the_knee_is_asked() -> None:
    asked = []

    def p99(share: float) -> float:
        asked.append(share)
        return 1.0 if share < STEPS[1] else 9.0

    assert knee_of(p99) == STEPS[0]
    assert asked == [LIGHT, *STEPS[:2]]


def test_a_server_that_is_slow_at_every_step_has_its_knee_at_light_load() -> None:
    assert knee_of(lambda share: 1.0 if share == LIGHT else 3.0) == LIGHT
