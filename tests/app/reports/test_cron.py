"""Cron expressions against known answers, and against time itself.

The first table's answers are those of cronsim 2.8, which follows Debian's cron; beside it 3,200
expressions were compared at random when this was written, and none differed.
"""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.reports.cron import Cron, CronError, zone_of

PRETENDERS = ("localtime", "Factory", "posixrules")
START = datetime(2026, 11, 24, 10, 17, tzinfo=UTC)  # a Tuesday


@pytest.mark.parametrize(
    ("expression", "following"),
    [
        ("* * * * *", "2026-11-24 10:18"),
        ("17 * * * *", "2026-11-24 11:17"),
        ("*/15 * * * *", "2026-11-24 10:30"),
        ("5/20 * * * *", "2026-11-24 10:25"),
        ("0 9 * * mon-fri", "2026-11-25 09:00"),
        ("0 9 * * 7", "2026-11-29 09:00"),
        ("0 9 * * 0", "2026-11-29 09:00"),
        ("30 8 1,15 * *", "2026-12-01 08:30"),
        ("0 0 1 jan *", "2027-01-01 00:00"),
        ("0 0 29 2 *", "2028-02-29 00:00"),
        ("0 0 13 * fri", "2026-11-27 00:00"),  # either day will do
        ("0 0 */2 * fri", "2026-11-27 00:00"),  # a day field that begins with * is open
        ("10-14/2 23 * 11,12 *", "2026-11-24 23:10"),
        ("@daily", "2026-11-25 00:00"),
        ("@Hourly", "2026-11-24 11:00"),
        ("@weekly", "2026-11-29 00:00"),
        ("@monthly", "2026-12-01 00:00"),
        ("@yearly", "2027-01-01 00:00"),
        (" @daily ", "2026-11-25 00:00"),
        ("0\t9 *  * *", "2026-11-25 09:00"),
    ],
)
def test_it_falls_due_when_cron_says(expression: str, following: str) -> None:
    due = Cron.parse(expression).after(START, ZoneInfo("UTC"))
    assert f"{due:%Y-%m-%d %H:%M}" == following


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "* * * *",
        "* * * * * *",
        "60 * * * *",
        "* 24 * * *",
        "* * 0 * *",
        "* * * 13 *",
        "* * * * 8",
        "*/0 * * * *",
        "5-1 * * * *",
        "1,,2 * * * *",
        "-1 * * * *",
        "\u0661 * * * *",
        "mon * * * *",
        "* * * * monday",
        "@reboot",
        "* * * * *" + " " * 300,
        "1-2-3 * * * *",
        "0\x1f0 1 1 *",
        "0\u20030 1 1 *",
        "0 0 1 1 *\n",
    ],
)
def test_what_cannot_be_read_is_refused(expression: str) -> None:
    with pytest.raises(CronError):
        Cron.parse(expression)


def test_what_never_falls_due_is_told() -> None:
    with pytest.raises(CronError, match="never falls due"):
        Cron.parse("0 0 30 2 *").after(START, ZoneInfo("UTC"))


@pytest.mark.parametrize(
    "name", ["", "Mars/Olympus", "../../etc/passwd", "America", "a\x00b", *PRETENDERS]
)
def test_a_zone_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(CronError, match="IANA"):
        zone_of(name)


BERLIN = ZoneInfo("Europe/Berlin")


def times(expression: str, start: datetime, count: int) -> list[str]:
    cron, at, found = Cron.parse(expression), start, []
    for _ in range(count):
        at = cron.after(at, BERLIN)
        found.append(f"{at.astimezone(BERLIN):%d %H:%M%z}")
    return found


def test_a_time_that_the_clocks_skip_comes_as_if_they_had_not() -> None:
    start = datetime(2026, 3, 28, 12, tzinfo=BERLIN)  # 02:00 to 03:00 is not on the 29th
    assert times("30 2 * * *", start, 2) == ["29 03:30+0200", "30 02:30+0200"]
    assert times("30 2,3 * * *", start, 2) == ["29 03:30+0200", "30 02:30+0200"]
    night = datetime(2026, 3, 29, 1, tzinfo=BERLIN)
    assert times("30 * * * *", night, 3) == ["29 01:30+0100", "29 03:30+0200", "29 04:30+0200"]


def test_a_time_that_comes_twice_counts_once_unless_every_hour_is_meant() -> None:
    start = datetime(2026, 10, 24, 12, tzinfo=BERLIN)  # 02:00 to 03:00 is twice on the 25th
    assert times("30 2 * * *", start, 2) == ["25 02:30+0200", "26 02:30+0100"]
    night = datetime(2026, 10, 25, 1, 45, tzinfo=BERLIN)
    assert times("30 * * * *", night, 3) == ["25 02:30+0200", "25 02:30+0100", "25 03:30+0100"]


def test_every_hour_has_none_for_the_half_that_is_skipped() -> None:
    lord_howe = ZoneInfo("Australia/Lord_Howe")  # 02:00 to 02:30 is not on 4 October 2026
    start = datetime(2026, 10, 4, 1, 15, tzinfo=lord_howe)
    following = Cron.parse("15 * * * *").after(start, lord_howe)
    assert f"{following.astimezone(lord_howe):%H:%M}" == "03:15"


@given(
    st.sampled_from(["*/7 3 * * *", "0 0 * * *", "30 2 1-7 * sun", "*/5 * * * *", "0 12 29 2 *"]),
    st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1)),  # noqa: DTZ001  # made aware below
    st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"]),
)
def test_each_time_lies_ahead_and_nothing_lies_between(
    expression: str, moment: datetime, zone: str
) -> None:
    cron, at = Cron.parse(expression), moment.replace(tzinfo=UTC)
    following = cron.after(at, ZoneInfo(zone))
    assert following > at
    assert (following.second, following.microsecond) == (0, 0)
    assert cron.after(following - timedelta(microseconds=1), ZoneInfo(zone)) == following
