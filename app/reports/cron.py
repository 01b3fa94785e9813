"""Cron-like schedules: five fields in a time zone, and when they next fall due.

Fields are minute, hour, day of month, month, day of week, as Vixie cron has them: `*`, `7`, `1-5`,
`*/15`, `1-31/2`, lists, names (`mon`, `jan`), Sunday as 0 or 7, and `@hourly` to `@yearly`. Where
both days are restricted, either will do.

Clock changes: an hour that is skipped is counted on as if it were there (02:30 is 03:30 that
night); of an hour that comes twice the first counts, both only where the hour field is `*`.
"""

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import Final, Self
from zoneinfo import ZoneInfo, available_timezones

MAX_CRON: Final = 256
"""Characters of the longest expression that is read."""

_NO_ZONES: Final = frozenset(("localtime", "Factory"))
"""Names of files beside the zones': the machine's own time, and that of one which knows none."""
_DAYS_AHEAD: Final = 366 * 9
"""29 February can be eight years away, when a century's turn lies between."""

_ALIASES: Final = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_MONTHS: Final = (
    "jan",
    "feb",
    "mar",
    "apr",
    "may",
    "jun",
    "jul",
    "aug",
    "sep",
    "oct",
    "nov",
    "dec",
)
_WEEKDAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_PART: Final = re.compile(
    r"(?:(\*)|([a-z]{3}|[0-9]{1,2})(?:-([a-z]{3}|[0-9]{1,2}))?)(?:/([0-9]{1,2}))?"
)


class CronError(ValueError):
    """The expression cannot be read, or never falls due; the message is one sentence about it."""


@dataclass(frozen=True, slots=True)
class _Field:
    """One field's bounds and the names that its numbers have, from `lowest` on."""

    name: str
    lowest: int
    highest: int
    names: tuple[str, ...] = ()

    def values(self, text: str) -> frozenset[int]:
        """Return the numbers that the text stands for."""
        return frozenset(value for part in text.split(",") for value in self._part(part))

    def _part(self, text: str) -> range:
        match = _PART.fullmatch(text)
        if match is None:
            raise self._wrong()
        star, first, last, step = match.groups()
        start = self.lowest if star else self._number(first)
        # As in Vixie cron, 5/15 counts from 5 up to the field's end.
        open_end = self.highest if star or step else start
        end = open_end if last is None else self._number(last)
        if start > end or step in {"0", "00"}:
            raise self._wrong()
        return range(start, end + 1, int(step or 1))

    def _number(self, text: str) -> int:
        if text in self.names:
            return self.names.index(text) + self.lowest
        if not text.isdecimal() or not self.lowest <= int(text) <= self.highest:
            raise self._wrong()
        return int(text)

    def _wrong(self) -> CronError:
        return CronError(f"The {self.name} must be of {self.lowest} to {self.highest}.")


_FIELDS: Final = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day of the month", 1, 31),
    _Field("month", 1, 12, _MONTHS),
    _Field("day of the week", 0, 7, _WEEKDAYS),
)


@dataclass(frozen=True)
class Cron:
    """A schedule that can be read: the numbers of each field, and which were left open."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    any_hour: bool
    any_day: bool
    any_weekday: bool

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read five fields or an alias; raise `CronError` where they cannot be read."""
        plain = text.replace("\t", " ").lower()
        expression = _ALIASES.get(plain.strip(), plain)
        fields = expression.split()
        # What Python takes for white space beside is invisible, and kept as it was sent.
        is_plain = plain.isascii() and plain.isprintable() and len(text) <= MAX_CRON
        if not is_plain or len(fields) != len(_FIELDS):
            message = "A schedule has five fields: minute, hour, day, month, day of the week."
            raise CronError(message)
        minutes, hours, days, months, weekdays = (
            field.values(part) for field, part in zip(_FIELDS, fields, strict=True)
        )
        return cls(
            *(minutes, hours, days, months),
            frozenset(day % 7 for day in weekdays),
            any_hour=fields[1] == "*",
            any_day=fields[2].startswith("*"),
            any_weekday=fields[4].startswith("*"),
        )

    def after(self, moment: datetime, zone: ZoneInfo) -> datetime:
        """Return the first time past `moment` that the schedule falls due in `zone`, in UTC.

        Raises `CronError` where there is none (30 February).
        """
        day = moment.astimezone(zone).date() - timedelta(days=1)
        for _ in range(_DAYS_AHEAD):
            if self._is_on(day):
                due = min((at for at in self._times(day, zone) if at > moment), default=None)
                if due is not None:
                    return due
            day += timedelta(days=1)
        message = "The schedule never falls due."
        raise CronError(message)

    def _is_on(self, day: date) -> bool:
        if day.month not in self.months:
            return False
        by_day = day.day in self.days
        by_weekday = day.isoweekday() % 7 in self.weekdays
        # Where one of the two is open it holds always, and the other decides.
        either = not self.any_day and not self.any_weekday
        return (by_day or by_weekday) if either else (by_day and by_weekday)

    @cached_property
    def _clock(self) -> tuple[time, ...]:
        return tuple(time(hour, minute) for hour in self.hours for minute in self.minutes)

    def _times(self, day: date, zone: ZoneInfo) -> Iterator[datetime]:
        for clock in self._clock:
            local = datetime.combine(day, clock, zone)
            first = local.astimezone(UTC)
            is_skipped = first.astimezone(zone).time() != clock
            if not (is_skipped and self.any_hour):
                yield first
            if self.any_hour and not is_skipped:
                yield local.replace(fold=1).astimezone(UTC)


@functools.cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones()) - _NO_ZONES


def zone_of(name: str) -> ZoneInfo:
    """Return the time zone of that IANA name; raise `CronError` where there is none."""
    try:
        zone = ZoneInfo(name) if name in _zones() else None
    except (KeyError, ValueError, OSError):
        zone = None
    if zone is None:
        message = "The time zone must be a name of the IANA database, such as Europe/Berlin."
        raise CronError(message)
    return zone
