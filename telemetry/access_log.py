"""Access lines: one a request, written by the reporter when the answer is out.

Most of a line is the same for every request that ends in the same way. As JSON it is rendered once,
by the renderer of all lines, with a mark where each value of a request's own will stand, and cut
there; a line is those parts with the values between them.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

from telemetry.allow_list import LOG, AllowList
from telemetry.catalog import attributes, http
from telemetry.edge import Peer
from telemetry.log_writer import LineSink
from telemetry.logging import LEVELS, Render, plain, render_json, timestamp
from telemetry.outcome import Outcome
from telemetry.redaction import clean
from telemetry.server_span import ServerSpan

_DURATION: Final = http.REQUEST_DURATION.name
_MARK: Final = "\ue000"
_OWN: Final = (
    *("timestamp", "trace_id", "span_id", "correlation_id"),
    *(_DURATION, attributes.CLIENT_ADDRESS),
)
"""The values that are a request's own, in their order in a line."""
_BARE: Final = (_DURATION, attributes.CLIENT_ADDRESS)
"""Those of them that do not stand in quotation marks: a number, and what is JSON already."""


class AccessLog:
    """Makes the lines of requests that have ended, and writes them."""

    def __init__(
        self, sink: LineSink, render: Render, service: str, allowed: AllowList, level: str
    ) -> None:
        self._sink = sink
        self._render = render
        self._service = service
        self._allowed = allowed
        self._tells_all = LEVELS[level] <= LEVELS["info"]
        self._has_parts = render is render_json

    def write(self, lines: Sequence[bytes]) -> None:
        """Put finished lines out."""
        self._sink.put(*lines)

    def add(
        self,
        lines: list[bytes],
        span: ServerSpan,
        outcome: Outcome,
        end_time: int,
        peer: Peer,
    ) -> None:
        """Add a request's line, with the attributes that the application gave its span.

        None where the level asked for is above it: a failed one's is an error, the others' info.
        """
        if not (outcome.failed or self._tells_all):
            return
        if self._has_parts and peer.address:
            a, b, c, d, e, f, g = outcome.line_parts or self._new_parts(outcome)
            line = (
                f"{a}{timestamp(end_time)}{b}{span.trace_id.hex()}{c}{span.span_id.hex()}"
                f"{d}{span.correlation_id}{e}{span.seconds:.6f}{f}{peer.json}{g}"
            ).encode()
            if span.attributes and (own := self._own(span.attributes, outcome)):
                line = line[:-2] + b"," + _json_object(own)[1:]
            lines.append(line)
        else:
            lines.append(self._rendered(span, outcome, end_time, peer))

    def _rendered(self, span: ServerSpan, outcome: Outcome, end_time: int, peer: Peer) -> bytes:
        ids = (span.trace_id.hex(), span.span_id.hex(), span.correlation_id)
        fields = self._fields(outcome, (timestamp(end_time), *ids, round(span.seconds, 6)))
        if peer.address:
            fields[attributes.CLIENT_ADDRESS] = peer.address
        return self._render(fields | self._own(span.attributes, outcome))

    def _own(self, said: Mapping[str, Any], outcome: Outcome) -> dict[str, Any]:
        """Return what the application said, as far as it may leave and we do not say it already."""
        own: dict[str, Any] = {}
        for name, value in said.items():
            if name not in self._allowed.names:
                self._allowed.refuse(LOG, name)
            elif name not in outcome.fields and name not in _OWN:
                own[name] = plain(clean(name, value))
        return own

    def _new_parts(self, outcome: Outcome) -> tuple[str, ...]:
        marks = (_MARK,) * len(_OWN)
        line = self._fields(outcome, marks[:-1]) | {attributes.CLIENT_ADDRESS: _MARK}
        rendered = render_json(line).decode()
        for key in _BARE:
            rendered = rendered.replace(f'"{key}":"{_MARK}"', f'"{key}":{_MARK}')
        outcome.line_parts = tuple(rendered.split(_MARK))
        return outcome.line_parts

    def _fields(self, outcome: Outcome, values: tuple[Any, ...]) -> dict[str, Any]:
        moment, trace_id, span_id, correlation_id, seconds = values
        return {
            "timestamp": moment,
            "level": "error" if outcome.failed else "info",
            "event": http.REQUEST_FINISHED.name,
            "service": self._service,
            "trace_id": trace_id,
            "span_id": span_id,
            "correlation_id": correlation_id,
            **outcome.fields,
            _DURATION: seconds,
        }


def _json_object(fields: Mapping[str, Any]) -> bytes:
    return orjson.dumps(fields, option=orjson.OPT_APPEND_NEWLINE)
