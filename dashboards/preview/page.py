"""A board as a page: one file that asks for nothing else, on the grid that Grafana would use."""

from html import escape
from importlib.resources import files
from typing import Final

from dashboards.layout import Place, placed
from dashboards.model import Board, Panel
from dashboards.preview import theme
from dashboards.preview.blocks import block
from dashboards.preview.geometry import box
from dashboards.preview.views import View, marks

_THEMES: Final = {"auto": "as the system", "light": "light", "dark": "dark"}
_DEFAULT: Final = "auto"
_CHECKED: Final = ' checked="checked"'


def page(board: Board, views: dict[str, View], subtitle: str, every: tuple[Board, ...]) -> str:
    """Return the board as HTML; `views` are its panels' by their titles."""
    style = files("dashboards.preview").joinpath("page.css").read_text("utf-8")
    title = f"Sightline / {board.title}"
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<title>{escape(title)}</title>
<style>:root{{{theme.variables()}}}
{style}</style>
</head>
<body>
<header><div><h1>{escape(title)}</h1><span class="range">{escape(subtitle)}</span>
{_marks(views)}{_switch()}</div>
<p>{escape(board.description)}</p></header>
<nav>{"".join(_way(other, board) for other in every)}</nav>
<main>
{"".join(_row(board, views))}
</main>
</body>
</html>
"""


def _marks(views: dict[str, View]) -> str:
    return "".join(
        f'<span class="mark-of"><i style="background: var(--{role})"></i>{escape(says)}</span>'
        for role, says in marks(views.values())
    )


def _switch() -> str:
    choices = "".join(
        f'<label><input type="radio" name="theme" id="theme-{name}"'
        f"{_CHECKED if name == _DEFAULT else ''}/> {words}</label>"
        for name, words in _THEMES.items()
    )
    return f'<fieldset aria-label="Colours">{choices}</fieldset>'


def _way(other: Board, here: Board) -> str:
    current = ' aria-current="page"' if other is here else ""
    return f'<a href="{other.slug}.html"{current}>{escape(other.title)}</a>'


def _row(board: Board, views: dict[str, View]) -> list[str]:
    parts = []
    number = 0
    for row in placed(board):
        parts.append(f"<h2 {_at(row.heading)}>{escape(row.row.title)}</h2>\n")
        for panel, place in row.panels:
            number += 1
            parts.append(_panel(panel, place, views[panel.title], f"p{number}"))
    return parts


def _panel(panel: Panel, place: Place, view: View, name: str) -> str:
    title = escape(panel.title)
    if panel.leads_to is not None:
        title = f'<a class="title" href="{panel.leads_to}.html">{title}</a>'
    else:
        title = f'<span class="title">{title}</span>'
    wrong = f"<br/><strong>If it looks wrong:</strong> {escape(panel.if_wrong)}"
    return (
        f'<section id="{name}" {_at(place)}><h3>{title}'
        f'<span class="mark" tabindex="0" aria-describedby="{name}-tip">i</span>'
        f'<span class="tip" role="tooltip" id="{name}-tip">'
        f"{escape(panel.answers)}{wrong}</span></h3>"
        f'<div class="body">{block(view, box(place, 0).inner(), name)}</div></section>\n'
    )


def _at(place: Place) -> str:
    """Return the place on the grid, whose lines CSS counts from 1."""
    area = f"{place.y + 1} / {place.x + 1} / span {place.h} / span {place.w}"
    return f'style="grid-area: {area}"'
