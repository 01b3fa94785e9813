"""Grafana's colours by their role, dark and light; and stand-ins that a browser resolves."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from dashboards.model import Colour

_ROLES: Final = {
    # Role: dark, light.
    "canvas": ("#111217", "#f4f5f5"),
    "panel": ("#181b1f", "#ffffff"),
    "border": ("#26282e", "#e3e5e8"),
    "raised": ("#22252b", "#f4f5f5"),
    "text": ("#ccccdc", "#24292e"),
    "weak": ("#8e8e99", "#6a6d74"),
    "grid": ("#272a30", "#e9eaec"),
    "link": ("#6e9fff", "#1f62e0"),
    "good": ("#73bf69", "#37872d"),
    "watch": ("#ff9830", "#fa6400"),
    "bad": ("#f2495c", "#e02f44"),
    "heat": ("#ff780a", "#e55400"),
    "exemplar": ("#5794f2", "#3274d9"),
    "hot-exemplar": ("#e838e8", "#c01fc0"),
}
_PALETTE: Final = (
    # Grafana's "palette-classic".
    ("#73bf69", "#56a64b"),
    ("#f2cc0c", "#e0b400"),
    ("#8ab8ff", "#5794f2"),
    ("#ff780a", "#fa6400"),
    ("#f2495c", "#e02f44"),
    ("#5794f2", "#3274d9"),
    ("#b877d9", "#a352cc"),
    ("#705da0", "#705da0"),
    ("#37872d", "#19730e"),
    ("#fade2a", "#cca300"),
    ("#447ebc", "#447ebc"),
    ("#c15c17", "#c15c17"),
    ("#890f02", "#890f02"),
    ("#3f6fb5", "#0a437c"),
    ("#a0478f", "#6d1f62"),
    ("#584477", "#584477"),
    ("#b7dbab", "#8fbf7f"),
    ("#f4d598", "#d9ac55"),
    ("#70dbed", "#35b4c9"),
    ("#f9ba8f", "#e59a63"),
)
_HUES: Final = {
    # Grafana's names: dark, light.
    "green": ("#73bf69", "#56a64b"),
    "light-green": ("#96d98d", "#73bf69"),
    "dark-green": ("#37872d", "#19730e"),
    "yellow": ("#fade2a", "#f2cc0c"),
    "light-yellow": ("#ffee52", "#fade2a"),
    "dark-yellow": ("#e0b400", "#cc9d00"),
    "orange": ("#ff9830", "#ff780a"),
    "light-orange": ("#ffb357", "#ff9830"),
    "dark-orange": ("#fa6400", "#e55400"),
    "red": ("#f2495c", "#e02f44"),
    "light-red": ("#ff7383", "#f2495c"),
    "dark-red": ("#c4162a", "#ad0317"),
    "blue": ("#5794f2", "#3274d9"),
    "light-blue": ("#8ab8ff", "#5794f2"),
    "dark-blue": ("#1f60c4", "#1250b0"),
    "purple": ("#b877d9", "#a352cc"),
    "light-purple": ("#ca95e5", "#b877d9"),
    "dark-purple": ("#8f3bb8", "#7c2ea3"),
}
_ALL: Final = _ROLES | _HUES | {f"series-{number}": pair for number, pair in enumerate(_PALETTE)}

OF_STEP: Final = {
    Colour.GOOD: "good",
    Colour.WATCH: "watch",
    Colour.BAD: "bad",
    Colour.NEUTRAL: "text",
}
"""The role that paints what the boards' steps mean."""


@dataclass(frozen=True, slots=True)
class Theme:
    """A colour, as #rrggbb, for every role."""

    name: str
    colours: Mapping[str, str]

    def __getitem__(self, role: str) -> str:
        return self.colours[role]


DARK: Final = Theme("dark", {role: dark for role, (dark, _) in _ALL.items()})
LIGHT: Final = Theme("light", {role: light for role, (_, light) in _ALL.items()})
STAND_IN: Final = Theme("page", {role: f"#fe{number:04x}" for number, role in enumerate(_ALL)})
"""Colours that mean nothing: `with_variables` puts the page's own in their place."""


def series(number: int) -> str:
    """Return the role of the panel's series of this number, from 0 on."""
    return f"series-{number % len(_PALETTE)}"


def shade(hue: str, number: int) -> str:
    """Return the role of the series of this number among those that share the hue, from 0 on."""
    return f"{('', 'light-', 'dark-')[number % 3]}{hue}"


def with_variables(svg: str) -> str:
    """Return the drawing in the colours of the page that it stands in."""
    for role, colour in STAND_IN.colours.items():
        svg = svg.replace(colour, f"var(--{role})")
    return svg


def variables() -> str:
    """Return the page's declarations: each colour light and dark."""
    return "".join(f"--{role}:light-dark({light},{dark});" for role, (dark, light) in _ALL.items())
