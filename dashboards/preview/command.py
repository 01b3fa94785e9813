"""`python -m dashboards preview`: draw the boards from what the last proof saw.

Pages and pictures go to build/preview; with `--readme` the README's pictures are drawn as well.
"""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from dashboards.boards import BOARDS
from dashboards.model import Board
from dashboards.preview.page import page
from dashboards.preview.poster import SMALL, poster
from dashboards.preview.reading import Reader
from dashboards.preview.theme import DARK, LIGHT
from dashboards.preview.views import Nothing, View
from dashboards.proof import samples
from dashboards.proof.prometheus import Window
from dashboards.proof.results import BUILD

FOLDER: Final = BUILD / "preview"
PICTURES: Final = Path(__file__).resolve().parents[2] / "docs" / "pictures"
IN_README: Final = ("service-overview", "slos")
"""The README shows these, in the reader's theme; the others it links to, in the light one alone."""
_MISSING: Final = 2


def run(*, readme: bool = False) -> int:
    """Draw every board; return the exit code."""
    try:
        kept = samples.read()
    except FileNotFoundError:
        _say("there are no samples yet: python -m dashboards prove")
        return _MISSING
    empty = list(draw(kept, BOARDS, FOLDER, PICTURES if readme else None))
    total = sum(len(board.panels) for board in BOARDS)
    for line in empty:
        _say(f"no data: {line}")
    _say(
        f"{len(BOARDS)} boards, {total} panels, {total - len(empty)} with data and "
        f"{len(empty)} without: {FOLDER.relative_to(BUILD.parent)}/{BOARDS[0].slug}.html"
    )
    return 0


def draw(
    kept: samples.Samples, boards: tuple[Board, ...], folder: Path, pictures: Path | None
) -> Iterator[str]:
    """Draw the boards into the folder; yield the panels without any sample.

    Into `pictures`, where given, go those that the README shows.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for file in () if pictures is None else pictures.glob("board-*.png"):
        file.unlink()
    reader = Reader(kept, boards)
    subtitle = _said(kept.window)
    for board in boards:
        views: dict[str, View] = {panel.title: reader.view(board, panel) for panel in board.panels}
        yield from (
            f"{board.slug}, panel {title!r}: {view.says}"
            for title, view in views.items()
            if isinstance(view, Nothing)
        )
        html = page(board, views, subtitle, boards)
        (folder / f"{board.slug}.html").write_text(html, encoding="utf-8")
        for ink in (DARK, LIGHT):
            name = f"{board.slug}-{ink.name}.png"
            (folder / name).write_bytes(poster(board, views, subtitle, ink))
            if pictures is not None and (ink is LIGHT or board.slug in IN_README):
                small = poster(board, views, subtitle, ink, SMALL)
                (pictures / f"board-{name}").write_bytes(small)


def _said(window: Window) -> str:
    start, end = (datetime.fromtimestamp(one, UTC) for one in (window.start, window.end))
    return f"{start:%Y-%m-%d %H:%M:%S} to {end:%H:%M:%S} UTC"


def _say(line: str) -> None:
    sys.stdout.write(f"dashboards: {line}\n")
