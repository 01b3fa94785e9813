"""The trace that shows the fault: a waterfall of its spans, each to be opened."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

from compose.chain.traces import SpanView
from compose.incident.elements import Markup, element
from compose.incident.model import Incident, Trace

_MOST_SPANS: Final = 200
_DEEPEST: Final = 12


def trace(incident: Incident) -> Iterator[Markup]:
    """Yield the section's parts."""
    if not incident.traces:
        why = incident.why_no_trace or (
            f"No trace with “{incident.span}” was found." if incident.span else "None is expected."
        )
        yield element("p", why)
    for one in incident.traces:
        yield from _trace(one, incident)


def by_depth(spans: Sequence[SpanView]) -> Iterator[tuple[int, SpanView]]:
    """Yield the spans as a tree is read, each with how deep it is."""
    known = {span.span_id for span in spans}
    children: dict[str, list[SpanView]] = defaultdict(list)
    for span in sorted(spans, key=lambda one: one.started):
        within = span.parent_id in known and span.parent_id != span.span_id
        children[span.parent_id if within else ""].append(span)
    waiting = [(0, span) for span in reversed(children[""])]
    seen: set[str] = set()
    while waiting:
        depth, span = waiting.pop()
        if span.span_id not in seen:
            seen.add(span.span_id)
            yield depth, span
            waiting += [(depth + 1, child) for child in reversed(children[span.span_id])]


def _trace(one: Trace, incident: Incident) -> Iterator[Markup]:
    if not one.spans:
        return
    begin = min(span.started for span in one.spans)
    whole = max(span.started + span.seconds for span in one.spans) - begin
    by_exemplar = any(one.trace_id == at for panel in incident.panels for *_, at in panel.exemplars)
    how = (
        "The message's own link leads to this trace."
        if one.by_link
        else "An exemplar, a dot on a panel, leads to this trace."
        if by_exemplar
        else "No link of a message led here: a search for the span found it."
    )
    shown = list(by_depth(one.spans))[:_MOST_SPANS]
    yield element(
        "p",
        f"{how} It was recorded {begin - incident.zero:.1f} s after the fault, "
        f"took {_duration(whole)} and has {len(one.spans)} spans. Open a span for its attributes.",
    )
    yield element("p", "Trace ", element("code", one.trace_id), class_="hint")
    rows = [element("li", _span(depth, span, begin, whole, incident.span)) for depth, span in shown]
    yield element("ol", rows, class_="waterfall", aria_label="Spans of the trace")
    if len(one.spans) > len(shown):
        yield element("p", f"and {len(one.spans) - len(shown)} more spans", class_="hint")


def _span(depth: int, span: SpanView, begin: float, whole: float, sought: str) -> Markup:
    left = 100 * (span.started - begin) / whole if whole > 0 else 0.0
    width = 100 * span.seconds / whole if whole > 0 else 100.0
    left = min(99.0, max(0.0, left))
    bar = element(
        "i", class_="bar", style=f"left:{left:.2f}%;width:{max(0.6, min(width, 100 - left)):.2f}%"
    )
    reason = str(span.attributes.get("error.type", "error")) if span.failed else ""
    summary = element(
        "summary",
        element(
            "span", element("b", span.name), element("small", span.service), class_="name",
            style=f"--depth:{min(depth, _DEEPEST)}",
        ),
        element("span", bar, class_="track", aria_hidden="true"),
        element("span", _duration(span.seconds), class_="figure"),
        element("span", f"✗ {reason}", class_="failed") if span.failed else element("span", "ok"),
    )  # fmt: skip
    attributes = [
        (element("dt", key), element("dd", str(value)))
        for key, value in sorted(span.attributes.items())
    ]
    kind = ("failed " if span.failed else "") + ("sought" if span.name == sought else "")
    return element("details", summary, element("dl", attributes), class_=kind.strip() or None)


def _duration(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1000:.2f} ms"
