"""The incident's timeline: a lane for the fault, one for each alert, one for the messages."""

from collections.abc import Iterator, Sequence
from typing import Final

from compose.incident import scale
from compose.incident.elements import Markup, clean, element
from compose.incident.marks import Mark, badge, drawn, marks
from compose.incident.model import Alert, Incident, Message
from compose.incident.scale import Frame, offset

_WIDTH, _RIGHT = 1080.0, 20.0
_A_LETTER, _BESIDE = 7.2, 20.0
_TOP, _FOOT, _LANE, _BAR = 40.0, 32.0, 30.0, 14.0
_BADGES: Final = 14.0
_MOST_LANES: Final = 12
_LONGEST_NAME: Final = 38
_ORDER: Final = {"expected": 0, "false": 1, "effect": 2}
_BROKEN: Final = "What was broken"
_BEFORE: Final = 4.0
_WAYS: Final = {"mail": "Mails", "webhook": "Webhooks"}


def timeline(incident: Incident) -> Iterator[Markup]:
    """Yield the drawing, its key, and the same as a list."""
    moments = incident.moments
    alerts = _shown(incident)
    ways = sorted({one.via for one in incident.messages})
    lanes = 1 + len(alerts) + len(ways)
    # As wide as the longest name: what is left of it would be dead.
    left = _BESIDE + _A_LETTER * max(len(name) for name in (_BROKEN, *map(_name, alerts)))
    frame = Frame(
        left, _TOP, _WIDTH - left - _RIGHT, lanes * _LANE,
        max(-_BEFORE, moments.began), moments.ended,
    )  # fmt: skip
    every = marks(moments)
    drawing = element(
        "svg",
        element("title", "Timeline of the incident", id="timeline-title"),
        element("desc", _said(every), id="timeline-says"),
        _axis(frame),
        drawn(every, frame, _BADGES),
        _lane(0, _BROKEN, frame, _fault(incident, frame)),
        [
            _lane(row, _name(one), frame, _alert(one, frame, row))
            for row, one in enumerate(alerts, 1)
        ],
        [
            _lane(row, _WAYS.get(via, via), frame, _messages(incident.messages, frame, row, via))
            for row, via in enumerate(ways, 1 + len(alerts))
        ],
        viewBox=f"0 0 {_WIDTH:.0f} {_TOP + lanes * _LANE + _FOOT:.0f}",
        role="img",
        aria_labelledby="timeline-title timeline-says",
        class_="timeline",
    )
    yield element("ol", [_moment(one, incident) for one in every], class_="moments")
    yield element(
        "div", drawing, class_="wide", role="region", tabindex="0", aria_label="Timeline drawing"
    )
    yield _key(alerts)


_WITHOUT: Final = {"clear": "not within the record"}


def _moment(one: Mark, incident: Incident) -> Markup:
    when = _WITHOUT.get(one.kind, "did not happen") if one.at is None else offset(one.at)
    clock = "" if one.at is None else f"{incident.clock(one.at)} UTC"
    return element(
        "li",
        badge(one),
        element("b", one.word),
        element("span", when, class_="figure"),
        element("span", clock, class_="hint"),
        class_=one.kind,
    )


def _said(every: Sequence[Mark]) -> str:
    return "Seconds since the fault: " + ", ".join(f"{one.number} {one.text}" for one in every)


def _shown(incident: Incident) -> list[Alert]:
    fired = [one for one in incident.alerts if one.fired is not None]
    fired.sort(key=lambda one: (_ORDER.get(one.role, 3), one.fired or 0.0))
    return fired[:_MOST_LANES]


def _name(alert: Alert) -> str:
    text = clean(f"{alert.name} {alert.detail}".strip())
    return text if len(text) <= _LONGEST_NAME else text[: _LONGEST_NAME - 1] + "…"


def _axis(frame: Frame) -> Markup:
    steps = [
        element(
            "g",
            element(
                "path", d=f"M{frame.x(at):.1f} {frame.top:.1f}V{frame.bottom:.1f}", class_="grid"
            ),
            element(
                "text", "0" if at == 0 else f"{at:+d} s".replace("-", "\u2212"),
                x=frame.x(at), y=frame.bottom + 20, text_anchor="middle",
            ),
        )
        for at in scale.seconds_steps(frame.start, frame.end, 12)
    ]  # fmt: skip
    return element("g", steps, class_="axes")


def _lane(row: int, name: str, frame: Frame, inside: object) -> Markup:
    y = frame.top + row * _LANE
    return element(
        "g",
        element("path", d=f"M0 {y + _LANE:.1f}H{frame.right:.1f}", class_="grid"),
        element("text", name, x=frame.left - 14, y=y + _LANE / 2 + 4, text_anchor="end"),
        inside,  # type: ignore[arg-type]  # every part is markup
        class_="lane",
    )


def _bar(frame: Frame, row: int, start: float, end: float, kind: str) -> Markup:
    return element(
        "rect", x=frame.x(start), y=frame.top + row * _LANE + (_LANE - _BAR) / 2,
        width=max(2.0, frame.x(end) - frame.x(start)), height=_BAR, rx=3, class_=kind,
    )  # fmt: skip


def _fault(incident: Incident, frame: Frame) -> Markup:
    until = incident.moments.repaired
    return _bar(frame, 0, 0.0, frame.end if until is None else until, "bar fault")


def _alert(one: Alert, frame: Frame, row: int) -> list[Markup]:
    fired = one.fired or 0.0
    over = frame.end if one.gone is None else one.gone
    pending = fired if one.pending is None else min(one.pending, fired)
    return [
        _bar(frame, row, pending, over, f"bar pending {one.role}"),
        _bar(frame, row, fired, over, f"bar {one.role}"),
    ]


def _messages(messages: Sequence[Message], frame: Frame, row: int, via: str) -> list[Markup]:
    y = frame.top + row * _LANE + _LANE / 2
    return [
        _message(one, frame.x(one.at), y)
        for one in messages
        if one.via == via and one.at >= frame.start
    ]


def _message(one: Message, x: float, y: float) -> Markup:
    states = {status for status, _ in one.said}
    kind = "mixed" if len(states) > 1 else next(iter(states), "firing")
    said = ", ".join(f"{name} {status}" for status, name in one.said)
    if one.via == "mail":
        shape = f"M{x - 8:.1f} {y - 6:.1f}h16v12h-16zl8 7 8-7"
    else:
        shape = f"M{x:.1f} {y - 7:.1f}l7 7-7 7-7-7z"
    return element(
        "g",
        element("title", f"{offset(one.at)} {one.via}: {said}"),
        element("path", d=shape),
        class_=f"message {kind}",
    )


def _key(alerts: Sequence[Alert]) -> Markup:
    roles = {one.role for one in alerts}
    words = [
        ("expected", "alert that this fault must bring about"),
        ("effect", "alert that may follow"),
        ("false", "false alarm"),
    ]
    shown = [
        element("li", element("i", class_=f"swatch {role}"), text)
        for role, text in words
        if role in roles
    ]
    pale = element("li", element("i", class_="swatch pending expected"), "pale: pending")
    letters = element(
        "li",
        "envelope: a mail; diamond: a webhook; hollow: “resolved”; pale: partly resolved",
    )
    return element("ul", shown, pale if alerts else None, letters, class_="key-list hint")
