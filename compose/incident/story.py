"""What happened, in a few sentences and figures: the head of the page."""

from collections.abc import Iterator
from typing import Final

from compose.incident.budget import percent
from compose.incident.elements import Content, Markup, element
from compose.incident.model import Incident, Moments
from compose.incident.trace import by_depth


def verdict(incident: Incident) -> Markup:
    """Return whether every link of the chain held."""
    count = len(incident.broken)
    if not count:
        return element("p", "✓ Every link of the chain held", class_="verdict good")
    words = f"✗ {count} {'link' if count == 1 else 'links'} of the chain did not hold"
    return element("p", words, class_="verdict bad")


def figures(incident: Incident) -> Markup:
    """Return the incident's figures."""
    moments = incident.moments
    answers = sum(incident.answers.values())
    failed = sum(n for status, n in incident.answers.items() if not status.startswith(_ANSWERED))
    worst = max((one.share for one in incident.budgets), default=None)
    theory = f"by the rules within {incident.theory:.0f} s" if incident.theory is not None else ""
    shown = (
        ("told after", _seconds(moments.told), theory),
        ("repaired after", _seconds(moments.repaired), _REPAIRED[incident.run == "demo"]),
        ("its window over after", _seconds(moments.after_repair(moments.resolved)), _FOUND_IT),
        ("all clear after", _all_clear(moments), "nothing of it fires, from the repair"),
        *([("requests failed", f"{failed:,}", f"of {answers:,}")] if answers else []),
        (
            "error budget spent",
            "\u2013" if worst is None else percent(worst),
            "of the hardest hit, of its whole period",
        ),
    )
    return element(
        "dl",
        [
            element("div", element("dt", name), element("dd", element("b", value), _note(note)))
            for name, value, note in shown
        ],
        class_="figures",
    )


_ANSWERED: Final = ("1", "2", "3", "4")
_REPAIRED: Final = ("by the drill, once all was told", "by the demo, once it was followed")
_FOUND_IT: Final = "the one that found it, from the repair"
_WHO: Final = {"demo": "the demo"}


def story(incident: Incident) -> Iterator[Markup]:
    """Yield the paragraphs."""
    yield element("p", _sentences(incident), class_="story")
    for text in incident.broken:
        yield element("p", element("b", "Did not hold: "), text, class_="broken-link")
    if incident.scale > 1:
        yield element(
            "p",
            f"Here the alerts' windows are {incident.scale} times as short as they ship, so "
            "that an incident can be watched from end to end: the window of an hour lasts "
            f"{_ago(3600 / incident.scale)}.",
            class_="hint",
        )


def _sentences(incident: Incident) -> Iterator[Content]:
    moments, page = incident.moments, incident.page
    yield f"On {incident.day} at {incident.clock(0)} UTC "
    yield f"{_WHO.get(incident.run, 'a drill')} broke something on purpose: "
    yield element("b", incident.breaks)
    if page is None or moments.told is None:
        yield " Nobody was told."
    else:
        name = next((name for _, name in page.said if name in incident.expected), page.said[0][1])
        yield f" {moments.told:.1f} s later "
        yield element("b", name)
        to = ", ".join(page.letter.recipients) if page.letter else ""
        yield f" told {to} of it by mail." if to else f" was told of by {page.via}."
    for trace in incident.traces[:1]:
        path = [span for _, span in by_depth(trace.spans)]
        failed = [span for span in path if span.failed] or path
        if failed:
            yield " By the mail's link alone" if trace.by_link else " A search"
            yield " one gets to a request that met it: "
            yield element("code", failed[0].name)
            if len(failed) > 1:
                yield " failed in "
                yield element("code", failed[-1].name)
            yield "."
    yield f" {how_it_ended(incident)}"


def how_it_ended(incident: Incident) -> str:
    """Return when it was mended, and when somebody was told so."""
    moments = incident.moments
    if moments.repaired is None:
        return "It was not mended."
    mended = f"The cause was mended {moments.repaired:.1f} s after the fault"
    if moments.resolved is None:
        return f"{mended}; nobody was told that it was over."
    after = moments.resolved - moments.repaired
    told = f"{mended}, and {after:.1f} s after that the message came that the window is over"
    clear = moments.after_repair(moments.clear)
    rest = (
        "that found it. Slower windows look back for longer, and still tell of the budget."
        if clear is None
        else f"that found it; nothing of it fired any more {clear:.1f} s after the repair."
    )
    return f"{told} {rest}"


def _all_clear(moments: Moments) -> str:
    """Return after what time nothing fired any more; a drill does not wait for slower windows."""
    if moments.resolved is not None and moments.clear is None:
        return "later"
    return _seconds(moments.after_repair(moments.clear))


def _seconds(value: float | None) -> str:
    return "never" if value is None else f"{value:.1f} s"


def _ago(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"  # noqa: PLR2004  # 2 min


def _note(note: str) -> Content:
    return element("small", note)
