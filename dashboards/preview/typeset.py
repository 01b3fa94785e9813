"""How wide text is in the type of the picture files, and text that fits into a width."""

from functools import cache
from typing import Final

from matplotlib.font_manager import FontProperties, findfont, get_font

FAMILY: Final = "DejaVu Sans"
"""Comes with matplotlib, so that every machine draws the same."""

SMALL: Final = 10.5
"""The size of type on axes, in pixels of the board."""

_REFERENCE: Final = 100.0
_SUBPIXELS: Final = 64


def width_of(text: str, size: float, weight: str = "normal") -> float:
    """Return the text's width in pixels at this size of type."""
    return _width_at_reference(text, weight) * size / _REFERENCE


def fitting(text: str, size: float, width: float, weight: str = "normal") -> str:
    """Return the text, its end cut with an ellipsis where it is wider than `width`."""
    if width_of(text, size, weight) <= width:
        return text
    kept = text
    while kept and width_of(f"{kept}…", size, weight) > width:
        kept = kept[:-1]
    return f"{kept.rstrip()}…"


def with_both_ends(text: str, size: float, width: float) -> str:
    """Return the text, cut in its middle where it is wider: addresses differ at their end."""
    if width_of(text, size) <= width:
        return text
    begin, end = len(text) // 2, len(text) - len(text) // 2
    while begin and width_of(f"{text[:begin]}…{text[end:]}", size) > width:
        begin, end = begin - (begin + end >= len(text)), end + (begin + end < len(text))
    return f"{text[:begin].rstrip()}…{text[end:].lstrip()}"


@cache
def _width_at_reference(text: str, weight: str) -> float:
    font = get_font(findfont(FontProperties(family=FAMILY, weight=weight)))
    font.set_size(_REFERENCE, 72)
    font.set_text(text)
    return float(font.get_width_height()[0]) / _SUBPIXELS
