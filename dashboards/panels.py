"""Panels: one constructor for each way to draw an answer.

The unit comes from the queries, the size has a default that fills a row, and the two sentences of
the description are not optional.
"""

from typing import Final, Required, TypedDict, Unpack

from dashboards.model import Colour, Panel, Quiet, Reading, Step, Visual
from dashboards.queries import Query, Shape
from dashboards.traces import Search
from dashboards.units import COUNT, MICROSECONDS
from telemetry.catalog import DeclarationError

_POINT: Final = "A point is a trace: when it began, and how long it took; a click leads to it."


class Options(TypedDict, total=False):
    """What every constructor takes by name; see `model.Panel`."""

    answers: Required[str]
    if_wrong: Required[str]
    width: int
    height: int
    steps: tuple[Step, ...]
    readings: tuple[Reading, ...]
    when_empty: str
    quiet: Quiet
    leads_to: str


def timeseries(
    title: str,
    *queries: Query,
    stacked: bool = False,
    minimum: float | None = 0,
    maximum: float | None = None,
    **options: Unpack[Options],
) -> Panel:
    """Return lines over time; `stacked` where the lines are parts of one whole.

    The axis starts at zero; `minimum=None` lets it follow the data, for what moves just below 1.
    Where one quantile alone is drawn, its title names it: the legend has its labels alone.
    """
    if len(queries) == 1 and queries[0].by and queries[0].shape is Shape.QUANTILES:
        queries = (queries[0].named(""),)
    options.setdefault("width", 8)
    options.setdefault("height", 8)
    return Panel(
        visual=Visual.TIMESERIES,
        title=title,
        queries=queries,
        unit=_unit(queries),
        stacked=stacked,
        minimum=minimum,
        maximum=maximum,
        **options,
    )


def stat(title: str, *queries: Query, **options: Unpack[Options]) -> Panel:
    """Return the latest value, large, coloured by its steps."""
    options.setdefault("width", 4)
    options.setdefault("height", 4)
    return Panel(visual=Visual.STAT, title=title, queries=queries, unit=_unit(queries), **options)


def heatmap(title: str, query: Query, **options: Unpack[Options]) -> Panel:
    """Return a distribution over time, with exemplars on it."""
    options.setdefault("width", 12)
    options.setdefault("height", 9)
    return Panel(visual=Visual.HEATMAP, title=title, queries=(query,), unit=query.unit, **options)


def table(title: str, *queries: Query, **options: Unpack[Options]) -> Panel:
    """Return the latest values as columns, one row for each set of labels.

    Each query is a column in its own unit, so each needs a name of its own.
    """
    names = [query.name for query in queries if query.shape is not Shape.INFORMATION]
    if "" in names or len(set(names)) != len(names):
        message = f"panel {title!r}: a table's columns need a name each, not {names}"
        raise DeclarationError(message)
    options.setdefault("width", 24)
    options.setdefault("height", 8)
    return Panel(visual=Visual.TABLE, title=title, queries=queries, unit=COUNT, **options)


def traces(title: str, search: Search, **options: Unpack[Options]) -> Panel:
    """Return the traces that a search of Jaeger finds as points, each a click away.

    What a point is, and what none means, its description says after what it answers.
    """
    options.setdefault("width", 12)
    options.setdefault("height", 9)
    options["answers"] = f"{options['answers']} {_POINT}"
    if none := options.get("when_empty"):
        options["answers"] += f" Without a point: {none[:1].lower()}{none[1:]}."
    return Panel(
        visual=Visual.TRACES, title=title, queries=(), unit=MICROSECONDS, search=search, **options
    )


def alert_list(title: str, **options: Unpack[Options]) -> Panel:
    """Return the alerts that fire or are about to, as Grafana has them from Prometheus."""
    return _without_query(Visual.ALERTS, title, options)


def board_list(title: str, **options: Unpack[Options]) -> Panel:
    """Return links to every board, which keep the time range and the variables."""
    return _without_query(Visual.BOARDS, title, options)


def good_from(target: float) -> tuple[Step, ...]:
    """Return steps for a share that should be at `target` or over."""
    return (Step(None, Colour.BAD), Step(target, Colour.GOOD))


def bad_from(limit: float, *, watch: float | None = None) -> tuple[Step, ...]:
    """Return steps for a value that should stay under `limit`, to be watched from `watch` on."""
    steps = [Step(None, Colour.GOOD)]
    if watch is not None:
        steps.append(Step(watch, Colour.WATCH))
    return (*steps, Step(limit, Colour.BAD))


def _without_query(visual: Visual, title: str, options: Options) -> Panel:
    options.setdefault("width", 12)
    options.setdefault("height", 10)
    return Panel(visual=visual, title=title, queries=(), unit=COUNT, **options)


def _unit(queries: tuple[Query, ...]) -> str:
    return queries[0].unit if queries else COUNT
