"""The page that lists the reports."""

from collections.abc import Mapping
from urllib.parse import quote

from compose.incident.elements import Markup, element
from compose.incident.model import Incident
from compose.incident.page import document

_HEADS = ("incident", "what broke", "told after", "its window over", "chain")


def index(incidents: Mapping[str, Incident]) -> str:
    """Return the page; each report stands beside it, under the name that it has here."""
    broken = sum(bool(one.broken) for one in incidents.values())
    held = f"{len(incidents) - broken} of {len(incidents)}"
    head = element("tr", [element("th", word, scope="col") for word in _HEADS])
    table = element(
        "table",
        element("thead", head),
        element("tbody", [_row(name, one) for name, one in incidents.items()]),
        class_="incidents",
    )
    return document(
        "Incident reports",
        element(
            "header",
            element("p", "Sightline", element("span", " / drill"), class_="brand"),
            element("h1", "Incident reports"),
            element("p", f"In {held} incidents every link of the chain held.", class_="lede"),
        ),
        element(
            "main",
            element(
                "section",
                element(
                    "div", table, class_="wide", role="region", tabindex="0",
                    aria_label="Incidents",
                ),
                aria_label="Incidents",
            ),
        ),
    )  # fmt: skip


def _row(name: str, one: Incident) -> Markup:
    moments = one.moments
    over = moments.after_repair(moments.resolved)
    verdict = (
        element("span", f"✗ {len(one.broken)} broken", class_="bad")
        if one.broken
        else element("span", "✓ held", class_="good")
    )
    return element(
        "tr",
        element("th", element("a", one.title, href=f"{quote(name)}.html"), scope="row"),
        element("td", one.breaks),
        [element("td", _seconds(value), class_="figure") for value in (moments.told, over)],
        element("td", verdict),
    )


def _seconds(value: float | None) -> str:
    return "never" if value is None else f"{value:.1f} s"
