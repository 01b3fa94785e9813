"""The message that told somebody: the mail as it arrived, and where its links lead."""

from collections.abc import Iterator

from compose.incident.elements import Markup, element
from compose.incident.model import Incident, Letter, Link, Message
from compose.incident.scale import offset

_KINDS = {
    "runbook": "Runbook",
    "graph": "Graph",
    "traces": "Traces",
    "board": "Board",
}

_OPENED = ("while the fault lasted", "after the repair")


def letters(incident: Incident) -> Iterator[Markup]:
    """Yield the section's parts."""
    page = incident.page
    if page is None:
        yield element("p", "Nobody was told.")
    elif page.letter is None:
        yield element("p", f"No mail was sent; a {page.via} told of it {offset(page.at)}.")
    else:
        yield from _letter(page, page.letter, incident)
    is_demo = incident.run == "demo"
    if incident.links:
        yield element("h3", "Where its links lead")
        yield element(
            "p",
            f"Each link of the first message of an expected alert, opened {_OPENED[is_demo]}.",
            class_="hint",
        )
        yield element("ul", [_link(one) for one in incident.links], class_="links")


def _letter(page: Message, letter: Letter, incident: Incident) -> Iterator[Markup]:
    heads = (
        ("Subject", letter.subject),
        ("From", letter.sender),
        ("To", ", ".join(letter.recipients)),
        ("Arrived", f"{incident.clock(page.at)} UTC, {offset(page.at)} from the fault"),
    )
    yield element(
        "div",
        element("dl", [(element("dt", head), element("dd", text)) for head, text in heads]),
        # No script, no form and no other page in there, whatever the mail holds.
        element("iframe", srcdoc=letter.html, sandbox="", title=f"The mail: {letter.subject}")
        if letter.html
        else element("pre", letter.text),
        class_="letter",
    )
    if letter.html:
        yield element(
            "details",
            element("summary", "The same mail as plain text"),
            element("pre", letter.text, tabindex="0"),
        )


def _link(one: Link) -> Markup:
    kind = _KINDS.get(one.kind, one.kind)
    return element(
        "li",
        element("b", "✓ holds" if one.holds else "✗ broken", class_="good" if one.holds else "bad"),
        element("span", element("b", kind), f" of {one.alert}: {one.found}"),
        element("code", one.url),
    )
