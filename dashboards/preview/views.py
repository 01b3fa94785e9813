"""What a panel shows, in words and roles of colour: the same for the page and the picture file."""

from collections.abc import Iterable
from dataclasses import dataclass

from dashboards.model import Step


@dataclass(frozen=True, slots=True)
class Axis:
    """The moments, in seconds since the Unix epoch, that every series of the picture is at."""

    start: float
    step: float
    count: int

    @property
    def end(self) -> float:
        """The last moment."""
        return self.start + self.step * (self.count - 1)

    @property
    def moments(self) -> tuple[float, ...]:
        """Every moment, oldest first."""
        return tuple(self.start + self.step * number for number in range(self.count))


@dataclass(frozen=True, slots=True)
class Line:
    """One series: a value, or NaN for a gap, at each moment of the axis."""

    name: str
    role: str
    values: tuple[float, ...]
    last: float
    last_text: str
    max_text: str


@dataclass(frozen=True, slots=True)
class Lines:
    """A time series panel; `exemplars` are moments with values, `fired` spans of firing alerts."""

    axis: Axis
    unit: str
    lines: tuple[Line, ...]
    legend: tuple[Line, ...]
    steps: tuple[Step, ...]
    stacked: bool
    minimum: float | None
    maximum: float | None
    exemplars: tuple[tuple[float, float], ...]
    fired: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Figure:
    """A large value with its past behind it; `name` is empty where it stands alone."""

    name: str
    text: str
    role: str
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Figures:
    """A stat panel."""

    axis: Axis
    figures: tuple[Figure, ...]


@dataclass(frozen=True, slots=True)
class Heat:
    """A heatmap: rows from the lowest bucket up, each with a value at each moment."""

    axis: Axis
    unit: str
    bounds: tuple[float, ...]
    rows: tuple[tuple[float, ...], ...]
    exemplars: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Dot:
    """One trace: `at` is in seconds from the end of the range, `says` its name and duration."""

    at: float
    value: float
    says: str


@dataclass(frozen=True, slots=True)
class Scatter:
    """An XY chart; `axis` is what stands under it."""

    unit: str
    axis: str
    dots: tuple[Dot, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table panel, as text; `numeric` tells which columns stand to the right."""

    headings: tuple[str, ...]
    numeric: tuple[bool, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Item:
    """A line of a list: `role` colours its state, `slug` is the board that it opens."""

    title: str
    detail: str = ""
    state: str = ""
    role: str = "text"
    slug: str | None = None


@dataclass(frozen=True, slots=True)
class Items:
    """The list of alerts, or of boards."""

    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Nothing:
    """No sample: `says` is what the panel shows instead."""

    says: str


View = Lines | Figures | Heat | Scatter | Table | Items | Nothing


def marks(views: Iterable[View]) -> tuple[tuple[str, str], ...]:
    """Return what the marks that stand on the plots mean, each with its role of colour."""
    plots = [view for view in views if isinstance(view, Lines | Heat)]
    found = {
        ("bad", "an alert fires"): any(isinstance(one, Lines) and one.fired for one in plots),
        ("exemplar", "an exemplar, which opens its trace"): any(one.exemplars for one in plots),
    }
    return tuple(mark for mark, is_there in found.items() if is_there)
