"""Only what is told in time, on the way that must work, finds a fault or says that it is over."""

from dataclasses import replace

import pytest

from compose.drill.telling import Deadlines, clear_at, first_telling, resolved_at, still_fires
from compose.drill.watch import Said
from compose.faults.catalogue import named
from compose.faults.model import Told
from tests.compose.drill.notices import BREAKER, notice

(REDIS,) = named(["redis-down"])
TOLD = Told(BREAKER)
MOMENTS = {"injected": 100.0, "repaired": 120.0, "returned": 250.0}
LIMITS = Deadlines.of(REDIS, MOMENTS)


def test_a_message_in_time_by_mail_finds_it() -> None:
    assert first_telling([notice(104, "firing")], TOLD, LIMITS) == notice(104, "firing")


@pytest.mark.parametrize(
    ("at", "via"),
    [(99.0, "mail"), (121.0, "mail"), (160.0, "mail"), (104.0, "webhook")],
)
def test_what_is_told_before_the_fault_after_the_repair_or_by_webhook_alone_finds_nothing(
    at: float, via: str
) -> None:
    assert first_telling([notice(at, "firing", via=via)], TOLD, LIMITS) is None


def test_patience_ends_before_a_late_repair() -> None:
    late = Deadlines.of(REDIS, MOMENTS | {"repaired": 400.0, "returned": 500.0})

    assert first_telling([notice(159, "firing")], TOLD, late) is not None
    assert first_telling([notice(161, "firing")], TOLD, late) is None


def test_where_the_mails_own_way_breaks_the_webhook_tells() -> None:
    [fault] = named(["alert-mail-down"])
    limits = Deadlines.of(fault, MOMENTS)
    [told] = fault.expects

    posted = notice(110, "firing", name=told.name, via="webhook")
    assert first_telling([posted], told, limits) == posted
    assert first_telling([replace(posted, via="mail")], told, limits) is None


@pytest.mark.parametrize(
    ("at", "via", "resolved"),
    [
        (126.0, "mail", 126.0),
        (110.0, "mail", None),  # over before the repair is not over by the repair
        (126.0, "webhook", None),
        (196.0, "mail", None),  # 75 s are allowed
        (280.0, "mail", None),
    ],
)
def test_over_counts_in_time_and_by_mail(at: float, via: str, resolved: float | None) -> None:
    notices = [notice(104, "firing"), notice(at, "resolved", via=via)]

    assert resolved_at(notices, TOLD, LIMITS) == resolved


def test_nothing_is_over_once_the_budgets_are_given_back() -> None:
    returned = Deadlines.of(REDIS, MOMENTS | {"returned": 130.0})
    notices = [notice(104, "firing"), notice(131, "resolved")]

    assert resolved_at(notices, TOLD, returned) is None
    assert clear_at(notices, TOLD, returned) is None


def test_a_slower_window_that_is_over_is_not_the_one_that_found_the_fault() -> None:
    notices = [
        notice(104, "firing 1h"),
        notice(121, "resolved 6h"),
        notice(130, "resolved 1h"),
    ]

    assert resolved_at(notices, TOLD, LIMITS) == 130.0


def test_a_new_page_of_a_slower_window_is_no_all_clear() -> None:
    notices = [
        notice(104, "firing 1h"),
        notice(130, "resolved 1h", "firing 6h"),
        notice(150, "resolved 6h"),
    ]

    assert resolved_at(notices, TOLD, LIMITS) == 130.0
    assert clear_at(notices, TOLD, LIMITS) == 150.0
    assert clear_at(notices[:2], TOLD, LIMITS) is None


def test_what_fires_anew_was_not_all_clear() -> None:
    notices = [
        notice(104, "firing 1h"),
        notice(121, "resolved 1h"),
        notice(125, "firing 6h"),
        notice(150, "resolved 6h"),
        notice(155, "resolved 6h"),
    ]

    assert clear_at(notices[:2], TOLD, LIMITS) == 121.0
    assert clear_at(notices[:3], TOLD, LIMITS) is None
    assert clear_at(notices, TOLD, LIMITS) == 150.0


def test_what_one_group_says_to_be_over_may_fire_in_another() -> None:
    notices = [
        notice(104, "firing"),
        notice(105, "firing", job="sightline-worker"),
        notice(125, "resolved"),
        notice(131, "resolved", job="sightline-worker"),
    ]

    assert clear_at(notices, TOLD, LIMITS) == 131.0


def test_an_alert_of_which_one_series_is_over_still_fires() -> None:
    one = Said("firing", "A", "warning", "web", "")
    over = replace(one, status="resolved")

    fires = still_fires(set(), [one])
    assert still_fires(fires, [one, over]) == fires
    assert still_fires(fires, [over]) == set()
