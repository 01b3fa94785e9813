"""Reads an incident's record (`compose.drill.record` describes the file) into what a report needs.

Times become seconds since the fault; what is missing in a record is empty here, never an error.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from compose.chain.traces import SpanView
from compose.incident.model import (
    Alert,
    Budget,
    Curve,
    Heat,
    Incident,
    Letter,
    Link,
    LogLine,
    Message,
    Moments,
    Panel,
    Trace,
)
from compose.native.errors import RunError

FORMAT: Final = 1
_LABEL: Final = re.compile(r"\{\{(\w+)\}\}")


def read(file: Path) -> Incident:
    """Return the incident of a record; `RunError` where the file is none."""
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        message = f"{file} cannot be read: {error}"
        raise RunError(message) from None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        message = f"{file} is no record of format {FORMAT}: make drill writes it anew"
        raise RunError(message)
    return incident(document)


def incident(document: Mapping[str, Any]) -> Incident:
    """Return the incident of a record that has been decoded."""
    zero = float(document["moments"]["injected"])
    fault, verdict = document["fault"], document.get("verdict") or {}
    expected = {told["name"] for told in fault.get("expects", ())}
    messages = tuple(_message(one, zero) for one in document.get("notices", ()))
    alerts = tuple(_alert(one, zero) for one in document.get("alerts", ()))
    return Incident(
        name=fault["name"],
        breaks=fault["breaks"],
        layer=fault.get("layer", ""),
        span=fault.get("evidence", {}).get("span", ""),
        why_no_trace=fault.get("evidence", {}).get("why_no_trace", ""),
        zero=zero,
        scale=int(document.get("scale") or 1),
        moments=_moments(document["moments"], zero, alerts, messages, expected),
        expected=tuple(sorted(expected)),
        alerts=alerts,
        messages=messages,
        links=tuple(_link(one) for one in document.get("links", ())),
        traces=tuple(_trace(one) for one in document.get("traces", ())),
        lines=tuple(LogLine.of(one, zero) for one in document.get("lines", ())),
        panels=tuple(panel_of(one, zero) for one in document.get("panels", ())),
        budgets=tuple(
            Budget(*(one[key] for key in ("objective", "promise", "events", "bad", "share")))
            for one in document.get("budgets", ())
        ),
        answers=dict(document.get("traffic", {}).get("answers", {})),
        broken=tuple(verdict.get("broken", ())),
        theory=verdict.get("theory_s"),
        run=str(document.get("run") or "drill"),
    )


def _moments(
    moments: Mapping[str, Any],
    zero: float,
    alerts: tuple[Alert, ...],
    messages: tuple[Message, ...],
    expected: set[str],
) -> Moments:
    since = {key: None if at is None else float(at) - zero for key, at in moments.items()}
    fired = (one.fired for one in alerts if one.role == "expected" and one.fired is not None)
    paged = (
        one.at
        for one in messages
        if one.at >= 0 and any(status == "firing" and name in expected for status, name in one.said)
    )
    told = min((one for one in paged), default=since.get("detected"))
    seen = min((at for at in fired if at >= 0), default=None)
    fires = told if seen is None else seen
    return Moments(
        began=since.get("began") or 0.0,
        fires=fires,
        told=told,
        repaired=since.get("repaired"),
        resolved=since.get("resolved"),
        clear=since.get("clear"),
        ended=since.get("ended") or max([0.0, *(one.at for one in messages)]),
    )


def _alert(one: Mapping[str, Any], zero: float) -> Alert:
    labels = one["labels"]
    words = (labels.get("job", "").removeprefix("sightline-"), labels.get("window", ""))
    return Alert(
        labels.get("alertname", ""),
        " ".join(word for word in words if word),
        one.get("role", ""),
        *(None if one.get(key) is None else one[key] - zero for key in _STATES),
    )


_STATES: Final = ("pending_at", "fired_at", "gone_at")


def _message(one: Mapping[str, Any], zero: float) -> Message:
    content = one["content"]
    letter = None
    if one["via"] == "mail":
        letter = Letter(
            content["subject"], content["from"], tuple(content["to"]), content["text"],
            content.get("html", ""),
        )  # fmt: skip
    said = tuple((each["status"], each["name"]) for each in one["said"])
    jobs = tuple(str(each.get("job") or "") for each in one["said"])
    return Message(one["at"] - zero, one["via"], said, letter, jobs)


def _link(one: Mapping[str, Any]) -> Link:
    return Link(one["alert"], one["kind"], one["url"], bool(one["holds"]), one["found"])


def _trace(one: Mapping[str, Any]) -> Trace:
    spans = tuple(
        SpanView(**(span | {"links": tuple(tuple(link) for link in span.get("links", ()))}))
        for span in one["spans"]
    )
    return Trace(one["trace_id"], bool(one.get("by_link")), spans)


def panel_of(one: Mapping[str, Any], zero: float) -> Panel:
    """Return a panel of a record; `zero` is the fault's moment."""
    heat = _heat(one, zero) if one["visual"] == "heatmap" else None
    return Panel(
        board=one["board"],
        board_title=one["board_title"],
        title=one["title"],
        answers=one["answers"],
        unit=one["unit"],
        visual=one["visual"],
        shows_the_fault=bool(one["shows_the_fault"]),
        curves=tuple(_curves(one, zero)),
        heat=heat,
        exemplars=tuple(
            (float(each["at"]) - zero, float(each["value"]), str(each["trace_id"]))
            for each in one.get("exemplars", ())
        ),
    )


def _curves(one: Mapping[str, Any], zero: float) -> Iterator[Curve]:
    for query in one["queries"]:
        for series in query["series"]:
            points = _points(series["points"], zero)
            if points:
                name = _filled(query["legend"], series["labels"])
                yield Curve(name or one["title"], points)


def _filled(legend: str, labels: Mapping[str, str]) -> str:
    return " ".join(_LABEL.sub(lambda found: labels.get(found[1], ""), legend).split())


def _heat(one: Mapping[str, Any], zero: float) -> Heat | None:
    below = sorted(
        (float(series["labels"]["le"]), dict(_points(series["points"], zero)))
        for query in one["queries"]
        for series in query["series"]
        if "le" in series["labels"]
    )
    if not below:
        return None
    rows, lower = [], dict[float, float]()
    for _, upto in below:
        rows.append({at: max(0.0, value - lower.get(at, 0.0)) for at, value in upto.items()})
        lower = upto
    return Heat(tuple(bound for bound, _ in below), tuple(rows))


def _points(points: list[list[float]], zero: float) -> tuple[tuple[float, float], ...]:
    return tuple((at - zero, value) for at, value in points if math.isfinite(value))
