"""Values read as in Grafana."""

import pytest

from dashboards import units
from dashboards.preview import values


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.0, units.SECONDS, "0 s"),
        (0.0123, units.SECONDS, "12.3 ms"),
        (0.9999, units.SECONDS, "1.00 s"),
        (90.0, units.SECONDS, "1.50 mins"),
        (30 * 86_400.0, units.SECONDS, "4.29 weeks"),
        (0.000_25, units.SECONDS, "250 µs"),
        (0.0, units.MICROSECONDS, "0 µs"),
        (12_300.0, units.MICROSECONDS, "12.3 ms"),
        (90_000_000.0, units.MICROSECONDS, "1.50 mins"),
        (0.015_1, units.SHARE, "1.51%"),
        (1.0, units.SHARE, "100%"),
        (-54.07, units.SHARE, "-5407%"),
        (1536.0, units.BYTES, "1.50 KiB"),
        (80 * 1024.0**2, units.BYTES, "80 MiB"),
        (2048.0, units.BYTES_PER_SECOND, "2 KiB/s"),
        (1234.0, units.COUNT, "1.23 K"),
        (2_500_000.0, units.COUNT, "2.50 Mil"),
        (3.0, units.COUNT, "3"),
        (66.33, units.REQUESTS_PER_SECOND, "66.3 req/s"),
        (1250.0, units.OPERATIONS_PER_SECOND, "1.25 K ops/s"),
        (0.333_3, units.COUNTS_PER_SECOND, "0.333 c/s"),
    ],
)
def test_text(value: float, unit: str, text: str) -> None:
    assert values.text(value, unit) == text


def test_every_unit_of_the_boards_is_known() -> None:
    for unit in units.KNOWN:
        for value in (-1e7, 0.0, 1e-7, 0.5, 3e12):
            assert values.text(value, unit)
            assert values.factor(value, unit) > 0


@pytest.mark.parametrize(
    ("value", "unit", "tick"),
    [
        (0.0025, units.SECONDS, "2.5 ms"),
        (0.5, units.SHARE, "50%"),
        (2000.0, units.COUNT, "2 K"),
        (0.0, units.REQUESTS_PER_SECOND, "0 req/s"),
    ],
)
def test_tick_is_short(value: float, unit: str, tick: str) -> None:
    assert values.tick(value, unit) == tick
