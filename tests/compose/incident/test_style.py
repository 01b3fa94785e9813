"""The colours of both schemes: text can be read by everybody (WCAG 2, AA)."""

import re
from pathlib import Path

import pytest

import compose.incident.page

_STYLE = Path(compose.incident.page.__file__).with_name("page.css").read_text(encoding="utf-8")
_DARK = re.search(r"prefers-color-scheme: dark\) \{\s*:root \{(.*?)\}", _STYLE, re.DOTALL)
_LIGHT = re.search(r":root \{(.*?)\}", _STYLE, re.DOTALL)
_READ = ("ink", "soft", "accent", "good", "bad", "fault", "fires")
_MARKS = ("fault", "fires", "page", "repair", "over")


def _colours(found: re.Match[str] | None) -> dict[str, str]:
    assert found is not None
    return dict(re.findall(r"--([\w-]+): #([0-9a-f]{6})\b", found[1]))


def _light(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: str, other: str) -> float:
    high, low = sorted((_light(one), _light(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("found", [_LIGHT, _DARK], ids=["light", "dark"])
def test_text_stands_out(found: re.Match[str] | None) -> None:
    colours = _colours(found)
    for name in _READ:
        for ground in ("ground", "sheet", "sunk"):
            assert _contrast(colours[name], colours[ground]) >= 4.5, (name, ground)
    for name in _MARKS:
        assert _contrast(colours[name], colours["on-mark"]) >= 4.5, name
    for number in range(8):
        assert _contrast(colours[f"s{number}"], colours["sheet"]) >= 3, number


def test_both_schemes_have_the_same_colours() -> None:
    assert _colours(_LIGHT).keys() == _colours(_DARK).keys()


def test_nothing_is_loaded() -> None:
    assert not re.search(r"url\(|@import|@font-face|https?:", _STYLE)
