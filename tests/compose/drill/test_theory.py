"""The theory adds what a rule waits for, and takes nothing for waiting that is none."""

import pytest

from alerts import build
from alerts.clock import Clock
from alerts.rules import alerts_of
from compose.drill.theory import Theory, limit
from compose.faults.model import Told

THEORY = Theory(60)
PASSED_ON = 1 + 1 + 1
"""A scrape, an evaluation, the group's wait (30 s, scaled)."""


def test_it_adds_what_a_rule_and_its_route_wait_for() -> None:
    # 5m short window -> 5 s, for 2m -> 2 s.
    assert THEORY.of_alert(Told("ApiAvailabilityBudgetBurn")) == 5 + 2 + PASSED_ON
    # No window at all; for 2m -> 2 s.
    assert THEORY.of_alert(Told("AuthorizationBreakerOpen")) == 2 + PASSED_ON
    both = (Told("ApiAvailabilityBudgetBurn"), Told("AuthorizationBreakerOpen"))
    assert THEORY.of_fault(both) == 5


@pytest.mark.parametrize("name", ["ImportStuck", "UserBatchStuck", "ReportQueueDelayed"])
def test_what_must_grow_old_first_takes_that_long(name: str) -> None:
    [rule] = [
        one for one in alerts_of(build.groups(build.Options(clock=Clock(60)))) if one.name == name
    ]

    assert limit(rule.expression) > 0
    assert THEORY.of_alert(Told(name)) == limit(rule.expression) + 10 + PASSED_ON


@pytest.mark.parametrize("name", ["MemoryGrowing", "ReportsDeadLettered"])
def test_a_look_back_is_no_window_that_fills(name: str) -> None:
    [rule] = [
        one for one in alerts_of(build.groups(build.Options(clock=Clock(60)))) if one.name == name
    ]

    assert "min_over_time" in rule.expression
    assert THEORY.of_alert(Told(name)) == int((rule.hold or "0s").rstrip("s")) + PASSED_ON


@pytest.mark.parametrize(
    ("expression", "seconds"),
    [
        ('max(import_checkpoint_age_seconds{job="w"}) > 15', 15),
        ('max by (job, instance) (a_lag_seconds{job=~"a|b"}) > 4', 4),
        ("oldest_age_seconds > 900", 900),
        # A clock that is wrong is wrong at once.
        ("abs(process_clock_seconds - timestamp(process_clock_seconds)) > 5", 0),
        ("sum(rate(lag_seconds_count[4s])) > 3", 0),
        ("report_queue_dead > 2", 0),
    ],
)
def test_only_an_age_grows_by_a_second_a_second(expression: str, seconds: int) -> None:
    assert limit(expression) == seconds
