"""What stands inside a panel of a page, one function for each kind of view."""

from html import escape
from typing import Final

from dashboards.preview import drawing, heat, scatter, values
from dashboards.preview.geometry import Box, legend_height
from dashboards.preview.theme import STAND_IN
from dashboards.preview.typeset import width_of
from dashboards.preview.views import (
    Figures,
    Heat,
    Item,
    Items,
    Line,
    Lines,
    Nothing,
    Scatter,
    Table,
    View,
)

_SCALE: Final = 22.0
_LARGEST: Final = 4.0
_PAST: Final = 0.36


def block(view: View, body: Box, name: str) -> str:
    """Return the view as HTML for a body of this size; what it names inside begins with `name`."""
    match view:
        case Lines():
            drawn = _lines(view, body, name)
        case Figures():
            drawn = _figures(view, body, name)
        case Heat():
            drawn = _heat(view, body, name)
        case Scatter():
            drawn = _scatter(view, body, name)
        case Table():
            drawn = f'<div class="rows">{_table(view)}</div>'
        case Items():
            drawn = f"<ul>{''.join(map(_item, view.items))}</ul>"
        case Nothing():
            drawn = f'<p class="nothing">{escape(view.says)}</p>'
    return drawn


def _lines(view: Lines, body: Box, name: str) -> str:
    below = legend_height(view, body.height)
    drawn = _plot(view, body.width, body.height - below, name)
    if len(view.lines) == 1:
        line = view.lines[0]
        tail = f"<span>Last *: {escape(line.last_text)}</span><span>Max: {escape(line.max_text)}"
        return f'{drawn}<div class="alone">{_key(line)}{escape(line.name)}{tail}</span></div>'
    rows = "".join(
        f"<tr><td>{_key(line)}{escape(line.name)}</td>"
        f'<td class="number">{escape(line.last_text)}</td>'
        f'<td class="number">{escape(line.max_text)}</td></tr>'
        for line in view.legend
    )
    head = '<th>Name</th><th class="number">Last *</th><th class="number">Max</th>'
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    return f'{drawn}<div class="legend" style="height: {below / 10:g}rem">{table}</div>'


def _key(line: Line) -> str:
    return f'<span class="key" style="background: var(--{line.role})"></span>'


def _figures(view: Figures, body: Box, name: str) -> str:
    width = body.width / len(view.figures)
    parts = []
    for number, figure in enumerate(view.figures):
        tall = body.height * _PAST
        paper = drawing.sheet(width, tall)
        drawing.past(paper, view.axis, figure, STAND_IN, (0, 0, width, tall))
        size = min(_LARGEST, (width - 16) / width_of(figure.text, 10, "bold"))
        named = f"<span>{escape(figure.name)}</span>" if figure.name else ""
        look = f"color: var(--{figure.role}); font-size: {size:.2f}rem"
        drawn = drawing.svg(paper, f"{name}-{number}")
        value = f'<b style="{look}">{escape(figure.text)}</b>'
        parts.append(f'<div class="figure">{named}{value}{drawn}</div>')
    return f'<div class="figures">{"".join(parts)}</div>'


def _heat(view: Heat, body: Box, name: str) -> str:
    most = escape(values.text(heat.peak(view), "ops"))
    scale = f'<div class="scale">0 <i></i> {most} in a bucket</div>'
    return _plot(view, body.width, body.height - _SCALE, name) + scale


def _scatter(view: Scatter, body: Box, name: str) -> str:
    drawn = _plot(view, body.width, body.height - _SCALE, name)
    # A browser shows a title over what it stands in.
    for number, dot in enumerate(view.dots):
        opening = f'<g id="{name}-{scatter.name(number)}">'
        drawn = drawn.replace(opening, f"{opening}<title>{escape(dot.says)}</title>")
    return f'{drawn}<div class="axis">{escape(view.axis)}</div>'


def _plot(view: Lines | Heat | Scatter, width: float, height: float, name: str) -> str:
    paper = drawing.sheet(width, height)
    drawing.plot(paper, view, STAND_IN, (0, 0, width, height))
    return drawing.svg(paper, name)


def _table(view: Table) -> str:
    columns = ["number" if numeric else "label" for numeric in view.numeric]
    head = _cells("th", view.headings, columns)
    rows = "".join(f"<tr>{_cells('td', row, columns)}</tr>" for row in view.rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _cells(tag: str, texts: tuple[str, ...], columns: list[str]) -> str:
    return "".join(
        f'<{tag} class="{column}">{escape(text)}</{tag}>'
        for text, column in zip(texts, columns, strict=True)
    )


def _item(item: Item) -> str:
    title = escape(item.title)
    if item.slug is not None:
        title = f'<a href="{item.slug}.html">{title}</a>'
    state = f'<span class="state" style="color: var(--{item.role})">{escape(item.state)}</span>'
    detail = f"<small>{escape(item.detail)}</small>" if item.detail else ""
    return f"<li><div>{title}{detail}</div>{state if item.state else ''}</li>"
