"""HTML and SVG from calls: `element("p", "a < b", class_="x")`. Text is escaped wherever it goes.

Only what `element` itself made is markup; there is no other way for recorded text into a page.
"""

import html
import re
from collections.abc import Iterable
from typing import Final, Union

_VOID: Final = frozenset({"meta", "br", "hr"})
# No control but line breaks and tabs, and no half of a surrogate pair, which no encoding has.
_UNPRINTABLE: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
# What turns the direction of writing makes a line look like another one: it is spelt out.
_TURNING: Final = re.compile("[\u202a-\u202e\u2066-\u2069\u200e\u200f]")


class Markup(str):
    """Text that is markup already."""

    __slots__ = ()


Content = Union[Markup, str, float, None, Iterable["Content"]]  # noqa: UP007  # it names itself


def element(name: str, *content: Content, **attributes: str | float | bool | None) -> Markup:
    """Return an element. `class_` is written class, `aria_label` aria-label; None and False go."""
    words = [name]
    for key, value in attributes.items():
        if value is None or value is False:
            continue
        written = key.rstrip("_").replace("_", "-")
        words.append(written if value is True else f'{written}="{_escaped(value)}"')
    opened = f"<{' '.join(words)}>"
    return Markup(opened if name in _VOID else f"{opened}{joined(content)}</{name}>")


def joined(content: Content) -> Markup:
    """Return all of it, one after the other."""
    if content is None:
        return Markup("")
    if isinstance(content, Markup):
        return content
    if isinstance(content, Iterable) and not isinstance(content, str):
        return Markup("".join(map(joined, content)))
    return Markup(_escaped(content))


def clean(text: str) -> str:
    """Return the text with nothing in it that cannot be shown, or that shows as something else."""
    visible = _TURNING.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
    return _UNPRINTABLE.sub("\ufffd", visible)


def _escaped(value: str | float) -> str:
    if isinstance(value, str):
        return html.escape(clean(value))
    return f"{value:.2f}".rstrip("0").rstrip(".")
