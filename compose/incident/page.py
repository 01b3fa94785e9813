"""The whole page: head, sections in the order in which an incident is followed, style.

The page asks for nothing and runs nothing: its policy forbids both.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from compose.incident import boards, budget, letters, log, story, timeline, trace
from compose.incident.elements import Content, Markup, element
from compose.incident.model import Incident

_STYLE: Final = Path(__file__).with_name("page.css")
_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
)

Section = Callable[[Incident], Iterable[Markup]]
SECTIONS: Final[tuple[tuple[str, str, Section], ...]] = (
    ("timeline", "Timeline", timeline.timeline),
    ("mail", "The mail as it arrived", letters.letters),
    ("boards", "What the boards showed", boards.boards),
    ("trace", "The trace", trace.trace),
    ("log", "The log lines", log.log),
    ("budget", "The error budgets", budget.budget),
)
"""Each with its anchor and its heading."""


def page(incident: Incident) -> str:
    """Return the report of an incident."""
    return document(
        f"{incident.title}: incident report",
        element("a", "Skip to the report", href="#report", class_="skip"),
        element(
            "header",
            element("p", "Sightline", element("span", " / incident report"), class_="brand"),
            element("h1", incident.title),
            element("p", incident.breaks, class_="lede"),
            story.verdict(incident),
            story.figures(incident),
            element("nav", _contents(), aria_label="Sections"),
        ),
        element(
            "main",
            element("section", story.story(incident), aria_label="Summary"),
            [_section(*one, incident) for one in SECTIONS],
            id="report",
        ),
        element(
            "footer",
            "Written by ",
            element("code", _command(incident)),
            f" from what the {incident.run} recorded. No script, nothing loaded.",
        ),
    )


def _command(incident: Incident) -> str:
    """Return what wrote the page."""
    if incident.run == "demo":
        return "python -m compose demo"
    return f"python -m compose report {incident.name}"


def document(title: str, *body: Content) -> str:
    """Return a page with the reports' style."""
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name_="viewport", content_="width=device-width, initial-scale=1"),
        element("meta", http_equiv="Content-Security-Policy", content_=_POLICY),
        element("meta", name_="color-scheme", content_="light dark"),
        element("title", title),
        element("style", Markup(_STYLE.read_text(encoding="utf-8"))),
    )
    return f"<!DOCTYPE html>\n{element('html', head, element('body', body), lang='en')}\n"


def _contents() -> Markup:
    return element(
        "ul", [element("li", element("a", name, href=f"#{at}")) for at, name, _ in SECTIONS]
    )


def _section(at: str, name: str, parts: Section, incident: Incident) -> Markup:
    return element(
        "section",
        element("h2", name, id=f"{at}-heading"),
        parts(incident),
        id=at,
        aria_labelledby=f"{at}-heading",
    )
