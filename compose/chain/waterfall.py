"""A trace as lines of text: the tree of its spans, their times, and where each stands."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from compose.chain.traces import SpanView

_WIDTH = 24


def waterfall(spans: Sequence[SpanView]) -> Iterator[str]:
    """Yield a line a span, children under their parents, with a bar over the trace's time."""
    known = {span.span_id for span in spans}
    children: dict[str, list[SpanView]] = defaultdict(list)
    for span in spans:
        children[span.parent_id if span.parent_id in known else ""].append(span)
    begin = min(span.started for span in spans)
    whole = max(span.started + span.seconds for span in spans) - begin
    for depth, span in _walk(children, "", 0):
        yield _line(span, depth, begin, whole)


def _walk(
    children: dict[str, list[SpanView]], parent: str, depth: int
) -> Iterator[tuple[int, SpanView]]:
    for span in children[parent]:
        yield depth, span
        yield from _walk(children, span.span_id, depth + 1)


def _line(span: SpanView, depth: int, begin: float, whole: float) -> str:
    scale = _WIDTH / whole if whole else 0
    offset = min(_WIDTH - 1, int((span.started - begin) * scale))
    length = max(1, min(_WIDTH - offset, round(span.seconds * scale)))
    bar = " " * offset + "━" * length
    mark = "✗" if span.failed else " "
    name = "  " * depth + span.name
    reason = span.attributes.get("error.type", "") if span.failed else ""
    return f"{mark} {name:<34.34} {span.seconds * 1000:9.2f} ms  {bar:<{_WIDTH}}  {reason}".rstrip()
