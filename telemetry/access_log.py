"""Access lines: one a request, written by the reporter when the answer is out.

Most of a line is the same for every request that ends in the same way. As JSON it is rendered once,
by the renderer of all lines, with a mark where each value of a request's own will stand; a line is
that template, filled in.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

import orjson
from opentelemetry import trace

from telemetry.allow_list import LOG, AllowList
from telemetry.catalog import attributes, http
from telemetry.log_writer import LineSink
from telemetry.logging import Render, plain, render_json, timestamp
from telemetry.outcome import Outcome
from telemetry.redaction import clean
from telemetry.server_span import ServerSpan

_DURATION: Final = http.REQUEST_DURATION.name
_NANOSECONDS: Final = 1_000_000_000
_FORMS: Final = {
    "timestamp": '"%s"',
    "trace_id": '"%032x"',
    "span_id": '"%016x"',
    "correlation_id": '"%s"',
    _DURATION: "%.6f",
    attributes.CLIENT_ADDRESS: "%s",
}
"""The values that are a request's own, and the form in which each goes into a JSON template."""


class AccessLog:
    """Makes the lines of requests that have ended, and writes them."""

    def __init__(self, sink: LineSink, render: Render, service: str, allowed: AllowList) -> None:
        self._sink = sink
        self._render = render
        self._service = service
        self._allowed = allowed
        self._has_templates = render is render_json

    def write(self, lines: Sequence[bytes]) -> None:
        """Put finished lines out."""
        self._sink.put(*lines)

    def line(self, span: ServerSpan, outcome: Outcome, said: Mapping[str, Any]) -> bytes:
        """Return a request's line. `said` are the attributes that the application gave it."""
        own = self._own(said, outcome) if said else {}
        moment = timestamp(span.start_time / _NANOSECONDS + span.seconds)
        client = span.scope.get("client")
        if self._has_templates and client:
            text = (outcome.line_template or self._new_template(outcome)) % (
                moment,
                span.trace_id,
                span.span_id,
                span.correlation_id,
                span.seconds,
                _json(client[0]),
            )
            line = text.encode()
            return line[:-2] + b"," + _json_object(own)[1:] if own else line
        fields = self._fields(
            outcome,
            (
                moment,
                trace.format_trace_id(span.trace_id),
                trace.format_span_id(span.span_id),
                span.correlation_id,
                round(span.seconds, 6),
            ),
        )
        if client:
            fields[attributes.CLIENT_ADDRESS] = client[0]
        fields |= own
        return self._render(fields)

    def _own(self, said: Mapping[str, Any], outcome: Outcome) -> dict[str, Any]:
        """Return what the application said, as far as it may leave and we do not say it already."""
        own: dict[str, Any] = {}
        for name, value in said.items():
            if name not in self._allowed.names:
                self._allowed.refuse(LOG, name)
            elif name not in outcome.fields and name not in _FORMS:
                own[name] = plain(clean(name, value))
        return own

    def _new_template(self, outcome: Outcome) -> str:
        marks = {key: f"\ue000{key}\ue000" for key in _FORMS}
        *values, client = marks.values()
        line = self._fields(outcome, tuple(values)) | {attributes.CLIENT_ADDRESS: client}
        template = render_json(line).decode().replace("%", "%%")
        for key, form in _FORMS.items():
            template = template.replace(f'"{marks[key]}"', form)
        outcome.line_template = template
        return template

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


@lru_cache(maxsize=1024)
def _json(value: str) -> str:
    return orjson.dumps(value).decode()
