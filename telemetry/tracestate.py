"""`tracestate` as W3C Trace Context Level 2 has it: what other tracing systems pass along.

Read only where the header was sent beside a good `traceparent`, and handed on unchanged. The API's
own `TraceState` knows the keys of Level 1 only and writes a warning with the client's bytes for
each of the rest, so the grammar is here.
"""

import re
from collections.abc import Callable, Iterable
from typing import Final

from opentelemetry.trace import TraceState

Pair = tuple[str, str]
Refused = Callable[[str], None]
"""Told the name of a header that was not taken, or only in part; see `telemetry.bounds`."""

TRACESTATE: Final = "tracestate"

_OWS: Final = b" \t"
_MEMBER = re.compile(rb"([a-z0-9][a-z0-9_\-*/@]{0,255})=([ -+\--<>-~]{0,255}[!-+\--<>-~])")
_MAX_MEMBERS: Final = 32
_MAX_READ_BYTES: Final = 8192
_MAX_KEPT_CHARACTERS: Final = 512
_LONG_MEMBER_CHARACTERS: Final = 128


class Level2TraceState(TraceState):
    """The API's `TraceState` with Level 2's grammar for keys; made by `parse_tracestate`."""

    def __init__(self, entries: Iterable[Pair] = ()) -> None:
        """Keep pairs that are known to be fit, in their order, the first of each key."""
        super().__init__()
        for key, value in entries:
            self._dict.setdefault(key, value)

    def add(self, key: str, value: str) -> TraceState:
        """Return a state with a new pair on the left; the same one if it is unfit or there."""
        return self if key in self else self.update(key, value)

    def update(self, key: str, value: str) -> TraceState:
        """Return a state with the pair on the left; past 32 members the right-most goes."""
        if _MEMBER.fullmatch(f"{key}={value}".encode(errors="replace")) is None:
            return self
        others = [pair for pair in self.items() if pair[0] != key]
        return Level2TraceState([(key, value), *others[: _MAX_MEMBERS - 1]])

    def delete(self, key: str) -> TraceState:
        """Return a state without the key."""
        return Level2TraceState(pair for pair in self.items() if pair[0] != key)


NO_STATE: Final = TraceState()


def untold(_: str) -> None:
    """Tell nobody."""


def parse_tracestate(raw: bytes, refused: Refused = untold) -> TraceState:
    """Return the members of a header, or of several joined by commas in the order they came.

    Empty members are skipped. One unfit member, a 33rd member (empty ones count: the grammar's list
    ends at 32) or more than 8,192 bytes discard the whole. Of a key that comes twice the first
    stays, which is the later entry: the left is the newest. What is more than 512 characters is
    cut by whole members as section 3.3.3.1 tells. `refused` hears of what is discarded or cut.
    """
    if not raw:
        return NO_STATE
    pairs = _pairs(raw)
    if pairs is None:
        refused(TRACESTATE)
        return NO_STATE
    if not pairs:
        return NO_STATE
    kept = _cut(pairs)
    if kept is not pairs:
        refused(TRACESTATE)
    return Level2TraceState(kept)


def _pairs(raw: bytes) -> list[Pair] | None:
    """Return the members in their order, the first of each key; None where the whole is unfit."""
    if len(raw) > _MAX_READ_BYTES:
        return None
    members = raw.split(b",", _MAX_MEMBERS)
    if len(members) > _MAX_MEMBERS:
        return None
    pairs: dict[str, str] = {}
    for member in members:
        text = member.strip(_OWS)
        if not text:
            continue
        match = _MEMBER.fullmatch(text)
        if match is None:
            return None
        pairs.setdefault(match[1].decode("ascii"), match[2].decode("ascii"))
    return list(pairs.items())


def _cut(pairs: list[Pair]) -> list[Pair]:
    """Return the pairs that fit: of too many, the long ones go first, then from the right."""
    excess = sum(map(_length, pairs)) + len(pairs) - 1 - _MAX_KEPT_CHARACTERS
    if excess <= 0:
        return pairs
    long_ones = [pair for pair in pairs if _length(pair) > _LONG_MEMBER_CHARACTERS]
    others = [pair for pair in pairs if _length(pair) <= _LONG_MEMBER_CHARACTERS]
    kept = pairs.copy()
    for candidate in (*reversed(long_ones), *reversed(others)):
        if excess <= 0:
            break
        kept.remove(candidate)
        excess -= _length(candidate) + 1
    return kept


def _length(pair: Pair) -> int:
    return len(pair[0]) + 1 + len(pair[1])
