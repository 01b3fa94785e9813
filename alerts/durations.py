"""Durations as Prometheus writes them (`1h`, `2m30s`), and back to whole seconds."""

import re
from typing import Final

_UNITS: Final = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
_DURATION: Final = re.compile(r"(\d+d)?(\d+h)?(\d+m)?(\d+s)?")


def seconds(duration: str) -> int:
    """Return the seconds of a duration; `ValueError` if it is none."""
    if not duration or not _DURATION.fullmatch(duration):
        message = f"{duration!r} is no duration: days, hours, minutes, seconds, such as 1h30m"
        raise ValueError(message)
    return sum(int(count) * _UNITS[unit] for count, unit in re.findall(r"(\d+)([dhms])", duration))


def duration(whole_seconds: int) -> str:
    """Return the shortest way to write so many seconds."""
    parts = []
    for unit, size in _UNITS.items():
        count, whole_seconds = divmod(whole_seconds, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"
