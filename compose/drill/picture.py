"""The scorecard as a picture: for each incident when a person was told, and by when the rules say.

An SVG with both colour schemes in it. The README shows it above the table, which has the figures.
"""

from pathlib import Path
from typing import Final

from compose.drill.record import Verdict
from compose.drill.scorecard import Scorecard
from compose.incident.elements import Markup, element

FILE: Final = Path(__file__).resolve().parents[2] / "docs" / "pictures" / "drill-scorecard.svg"

_ROW, _HEAD, _FOOT = 18.0, 58.0, 26.0
_WIDTH, _LEFT, _RIGHT = 860.0, 168.0, 330.0
_TICK_SECONDS: Final = 10
_STYLE: Final = Markup("""
text { font: 12px system-ui, sans-serif; fill: #24292f; }
.title { font-weight: 600; font-size: 14px; }
.quiet { fill: #656d76; }
.paper { fill: #ffffff; }
.rules { fill: #d0d7de; }
.grid { stroke: #eaeef2; }
.in-time { fill: #1a7f37; }
.late { fill: #bf8700; }
.missed { fill: #cf222e; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3; }
  .quiet { fill: #8d96a0; }
  .paper { fill: #0d1117; }
  .rules { fill: #3d444d; }
  .grid { stroke: #21262d; }
  .in-time { fill: #3fb950; }
  .late { fill: #d29922; }
  .missed { fill: #f85149; }
}
""")


def drawn(scorecard: Scorecard) -> str:
    """Return the picture."""
    height = _HEAD + _ROW * len(scorecard.verdicts) + _FOOT
    longest = max((_ends_at(verdict) for verdict in scorecard.verdicts), default=0.0)
    seconds = _TICK_SECONDS * (int(longest // _TICK_SECONDS) + 1)
    scale = (_WIDTH - _LEFT - _RIGHT) / seconds
    late = set(scorecard.late)
    return element(
        "svg",
        element("style", _STYLE),
        element("rect", width=_WIDTH, height=height, class_="paper"),
        _text(12, 22, _title(scorecard), "title"),
        _text(
            12,
            42,
            "Dots: from the fault to the message. Bars: what the rules and the fault itself need.",
            "quiet",
        ),
        [_tick(at, scale, height) for at in range(0, seconds + 1, _TICK_SECONDS)],
        [
            _incident(verdict, _HEAD + _ROW * number, scale, is_late=verdict in late)
            for number, verdict in enumerate(scorecard.verdicts)
        ],
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {_WIDTH:.0f} {height:.0f}",
        role="img",
        aria_label=_title(scorecard),
    )


def write(scorecard: Scorecard, file: Path = FILE) -> None:
    """Write the picture that the README shows."""
    file.write_text(drawn(scorecard) + "\n", encoding="utf-8")


def _title(scorecard: Scorecard) -> str:
    return (
        f"{len(scorecard.verdicts)} incidents: recall {scorecard.recall:.2f}, precision "
        f"{scorecard.precision:.2f}, {len(scorecard.false_alarms)} false alarms in "
        f"{scorecard.healthy_s:.0f} s of health"
    )


def _ends_at(verdict: Verdict) -> float:
    return max(verdict.detect_s or 0.0, verdict.theory_s + verdict.later_s)


def _incident(verdict: Verdict, top: float, scale: float, *, is_late: bool) -> list[Markup]:
    middle, base = top + _ROW / 2, top + _ROW / 2 + 4
    allowed = (verdict.theory_s + verdict.later_s) * scale
    parts = [
        _text(12, base, verdict.fault),
        element("rect", x=_LEFT, y=middle - 4, width=allowed, height=8, rx=3, class_="rules"),
        _text(_WIDTH - _RIGHT + 12, base, ", ".join(verdict.seen) or "nobody was told", "quiet"),
    ]
    if verdict.detect_s is not None and not verdict.missing:
        at = _LEFT + verdict.detect_s * scale
        kind = "late" if is_late else "in-time"
        parts.append(element("circle", cx=at, cy=middle, r=5, class_=kind))
    else:
        parts.append(_text(_LEFT + allowed + 6, base, "missed", "missed"))
    return parts


def _tick(seconds: int, scale: float, height: float) -> list[Markup]:
    x = _LEFT + seconds * scale
    return [
        element("line", x1=x, x2=x, y1=_HEAD - 4, y2=height - _FOOT + 4, class_="grid"),
        _text(x, height - 8, f"{seconds} s", "quiet", anchor="middle"),
    ]


def _text(x: float, y: float, said: str, class_: str = "", anchor: str = "start") -> Markup:
    return element("text", said, x=x, y=y, class_=class_ or None, text_anchor=anchor)
