"""What a board is, before it is anyone's JSON: frozen data that `grafana` renders."""

import re
from dataclasses import dataclass
from enum import Enum

from dashboards.queries import Query, Shape
from dashboards.traces import Search
from telemetry.catalog import DeclarationError, Metric

GRID_WIDTH = 24
"""Columns of Grafana's grid."""

UID_PREFIX = "sightline-"
"""A board's uid is this and its slug; runbooks and alerts link to it by that rule."""


class Visual(Enum):
    """How a panel draws its answer, by Grafana's name of it."""

    TIMESERIES = "timeseries"
    STAT = "stat"
    HEATMAP = "heatmap"
    TABLE = "table"
    TRACES = "xychart"
    ALERTS = "alertlist"
    BOARDS = "dashlist"

    @property
    def asks(self) -> bool:
        """Whether it draws answers of Prometheus; the others ask Jaeger or Grafana itself."""
        return self not in {Visual.TRACES, Visual.ALERTS, Visual.BOARDS}


class Colour(Enum):
    """What a colour means, the same on every board; the values are Grafana's names."""

    GOOD = "green"
    WATCH = "orange"
    BAD = "red"
    NEUTRAL = "text"


@dataclass(frozen=True, slots=True)
class Step:
    """From `start` on (in the panel's unit; None: from below everything) the colour is `colour`."""

    start: float | None
    colour: Colour


@dataclass(frozen=True, slots=True)
class Reading:
    """Values from `start` to `end` (None: without an end) read as words: where they are a bound."""

    start: float | None
    end: float | None
    says: str


class Shown(Enum):
    """What shows that a panel which may be empty draws something when it should."""

    LATER = "the second half of the proof: its faults, and what falls due as time goes by"
    SAMPLES = "samples of the declared series, where no fault of the proof brings it about"


@dataclass(frozen=True, slots=True)
class Quiet:
    """Why a panel is rightly empty while all is well, and what shows that it is not always."""

    because: str
    shown: Shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One panel; made by `dashboards.panels`.

    `answers` says what question it answers, `if_wrong` what to do then; both stand in its
    description. `when_empty` is shown instead of "No data" where no data is a good answer; that
    it may be so under ordinary traffic too, `quiet` has to say: `prove` refuses it otherwise.
    `leads_to` is the slug of the board that a click opens, at the same time range. `search` is
    what Jaeger is asked, where the panel shows traces.
    """

    visual: Visual
    title: str
    answers: str
    if_wrong: str
    queries: tuple[Query, ...]
    unit: str
    width: int
    height: int
    steps: tuple[Step, ...] = ()
    readings: tuple[Reading, ...] = ()
    stacked: bool = False
    minimum: float | None = None
    maximum: float | None = None
    when_empty: str | None = None
    quiet: Quiet | None = None
    leads_to: str | None = None
    search: Search | None = None

    def __post_init__(self) -> None:
        if self.visual.asks and not self.queries:
            self._refuse("has no query")
        if (self.visual is Visual.TRACES) is not (self.search is not None):
            self._refuse("searches traces, or shows them, without the other")
        for sentence in (self.answers, self.if_wrong):
            if not sentence.endswith((".", "?")):
                self._refuse(f"says {sentence!r}, which is no sentence")
        if not 1 <= self.width <= GRID_WIDTH or self.height < 1:
            self._refuse(f"is {self.width} x {self.height}, which does not fit the grid")
        self._check_excuse()
        if self.visual is not Visual.TABLE:
            for query in self.queries:
                if query.unit != self.unit:
                    self._refuse(f"mixes units: {query.legend!r} is in {query.unit!r}")
        if self.visual is Visual.HEATMAP and self.queries[0].shape is not Shape.BUCKETS:
            self._refuse("is a heatmap of something else than buckets")

    def _check_excuse(self) -> None:
        if self.quiet is None:
            return
        if self.when_empty is None:
            self._refuse("may be empty and does not say so to its reader")
        if not self.quiet.because.endswith("."):
            self._refuse(f"is excused by {self.quiet.because!r}, which is no sentence")

    @property
    def description(self) -> str:
        """What a reader sees behind the panel's mark, as Markdown."""
        return f"{self.answers}\n\n**If it looks wrong:** {self.if_wrong}"

    def _refuse(self, reason: str) -> None:
        message = f"panel {self.title!r} {reason}"
        raise DeclarationError(message)


@dataclass(frozen=True, slots=True)
class Row:
    """Panels under one heading, laid out left to right."""

    title: str
    panels: tuple[Panel, ...]
    collapsed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """One dashboard; `slug` names its file and, after `UID_PREFIX`, its uid."""

    slug: str
    title: str
    description: str
    rows: tuple[Row, ...]
    time_from: str = "now-1h"

    def __post_init__(self) -> None:
        # Grafana refuses a uid of more than 40 characters.
        if not re.fullmatch(r"[a-z]+(-[a-z]+)*", self.slug) or len(self.uid) > 40:  # noqa: PLR2004
            message = f"board {self.slug!r}: a slug is lower-case words joined by '-', and short"
            raise DeclarationError(message)

    @property
    def uid(self) -> str:
        """The board's stable identity in every Grafana."""
        return f"{UID_PREFIX}{self.slug}"

    @property
    def panels(self) -> tuple[Panel, ...]:
        """Every panel, in reading order."""
        return tuple(panel for row in self.rows for panel in row.panels)

    @property
    def metrics(self) -> frozenset[Metric]:
        """Every metric that a panel asks."""
        return frozenset(
            metric for panel in self.panels for query in panel.queries for metric in query.metrics
        )
