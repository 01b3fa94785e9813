"""What the incident spent of each objective's error budget."""

from collections.abc import Iterator
from typing import Final

from compose.incident.elements import Markup, element
from compose.incident.model import Budget, Incident

_HEADS: Final = ("objective", "promise", "asked", "broken", "spent of the whole budget")
_SMALL: Final = 0.0005


def budget(incident: Incident) -> Iterator[Markup]:
    """Yield the section's parts."""
    if not incident.budgets:
        yield element("p", "No budget was read.")
        return
    yield element(
        "p",
        "An objective's budget is what it may fail in its whole period. The share takes the "
        "incident's traffic for that of the whole period, and the time as the alerts' rules saw "
        "it. A mail may say that all of it is spent: its query reckons with the requests on "
        "record, and here those are a few minutes', not the period's.",
        class_="hint",
    )
    every = sorted(incident.budgets, key=lambda one: -one.share)
    head = element("tr", [element("th", word, scope="col") for word in _HEADS])
    table = element(
        "table",
        element("thead", head),
        element("tbody", [_row(one) for one in every]),
        class_="budgets",
    )
    yield element(
        "div", table, class_="wide", role="region", tabindex="0", aria_label="Error budgets"
    )


def percent(share: float) -> str:
    """Return a share for people."""
    if 0 < share < _SMALL:
        return "under 0.05 %"
    return f"{share * 100:.1f} %" if share < 1 else f"{share * 100:,.0f} %"


def _row(one: Budget) -> Markup:
    width = min(100.0, max(0.0, one.share * 100))
    meter = element("i", element("i", style=f"width:{width:.1f}%"), class_="meter")
    return element(
        "tr",
        element("th", one.objective, scope="row"),
        element("td", one.promise),
        element("td", f"{one.events:,.0f}", class_="figure"),
        element("td", f"{one.bad:,.0f}", class_="figure"),
        element("td", meter, element("b", percent(one.share), class_="figure"), class_="spent"),
        class_="bad" if one.share >= 1 else None,
    )
