"""The six moments of an incident, with one number and one colour on every drawing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from compose.incident.elements import Markup, element, joined
from compose.incident.model import Moments
from compose.incident.scale import Frame, offset

_APART: Final = 17.0
_RADIUS: Final = 7.5


@dataclass(frozen=True, slots=True)
class Mark:
    """One moment: `kind` names its colour, `at` is None where it never came."""

    number: int
    kind: str
    word: str
    at: float | None

    @property
    def text(self) -> str:
        """Its word, and when it was."""
        return f"{self.word} {'never' if self.at is None else offset(self.at)}"


def marks(moments: Moments) -> tuple[Mark, ...]:
    """Return the moments, in the order that they should come in."""
    return (
        Mark(1, "fault", "fault", 0.0),
        Mark(2, "fires", "alert fires", moments.fires),
        Mark(3, "page", "somebody is told", moments.told),
        Mark(4, "repair", "repair", moments.repaired),
        Mark(5, "over", "its window over", moments.resolved),
        Mark(6, "clear", "all clear", moments.clear),
    )


def drawn(every: Sequence[Mark], frame: Frame, badges_at: float) -> Markup:
    """Return the time of the fault as a shade, a line at each moment, its number above."""
    seen = sorted((one for one in every if one.at is not None), key=lambda one: one.at or 0.0)
    repaired = next((one.at for one in seen if one.kind == "repair"), None)
    until = frame.end if repaired is None else repaired
    shade = element(
        "rect", class_="broken", x=frame.x(0.0), y=frame.top,
        width=frame.x(until) - frame.x(0.0), height=frame.height,
    )  # fmt: skip
    places = spread([frame.x(one.at or 0.0) for one in seen], frame.left, frame.right)
    each = (_mark(one, frame, place, badges_at) for one, place in zip(seen, places, strict=True))
    return joined((shade, each))


def spread(places: Sequence[float], low: float, high: float) -> list[float]:
    """Return the places, moved so little that numbers there do not cover each other.

    What crowds together spreads round its own middle: two that coincide lean on nobody else.
    """
    crowds: list[list[float]] = []
    for place in places:
        crowds.append([place])
        while len(crowds) > 1 and _end(crowds[-2], low, high) + _APART > _start(
            crowds[-1], low, high
        ):
            crowds[-2:] = [[*crowds[-2], *crowds[-1]]]
    return [
        _start(crowd, low, high) + number * _APART
        for crowd in crowds
        for number in range(len(crowd))
    ]


def _start(crowd: Sequence[float], low: float, high: float) -> float:
    """Return where the first number of a crowd stands."""
    wide = (len(crowd) - 1) * _APART
    return max(low, min(sum(crowd) / len(crowd) - wide / 2, high - wide))


def _end(crowd: Sequence[float], low: float, high: float) -> float:
    return _start(crowd, low, high) + (len(crowd) - 1) * _APART


def badge(one: Mark) -> Markup:
    """Return the number as it stands in a text."""
    return element("span", one.number, class_=f"badge {one.kind}")


def _mark(one: Mark, frame: Frame, place: float, badges_at: float) -> Iterator[Markup]:
    x = frame.x(one.at or 0.0)
    path = f"M{place:.1f} {badges_at + _RADIUS:.1f}L{x:.1f} {frame.top:.1f}V{frame.bottom:.1f}"
    yield element("path", d=path, class_=f"moment {one.kind}")
    yield element(
        "g",
        element("title", one.text),
        element("circle", cx=place, cy=badges_at, r=_RADIUS),
        element("text", one.number, x=place, y=badges_at + 3.6, text_anchor="middle"),
        class_=f"number {one.kind}",
    )
