"""What colour a value of a label has: one table, so that an outcome looks the same on every panel.

Green is as it should be, yellow waits or is tried again, orange is worse than it should be, red has
failed; blue and purple say nothing. What is not here takes Grafana's palette, in its order.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

from app import signals
from dashboards.queries import Query, Shape
from telemetry.catalog import DeclarationError, Label, attributes
from telemetry.catalog.pipeline import LOG_LINES


class Hue(Enum):
    """A colour by Grafana's name."""

    GREEN = "green"
    YELLOW = "yellow"
    ORANGE = "orange"
    RED = "red"
    BLUE = "blue"
    PURPLE = "purple"


@dataclass(frozen=True, slots=True)
class Paint:
    """How a series is painted; `shaded` where several share the hue, each in a shade of its own."""

    hue: Hue
    shade: str = ""
    shaded: bool = False

    @property
    def name(self) -> str:
        """The colour by Grafana's name."""
        return f"{self.shade}{self.hue.value}"


GREEN, YELLOW, ORANGE, RED, BLUE, PURPLE = Hue
_SHADES: Final = ("", "light-", "dark-")
_OK: Final = "ok"
"""How a series without an error reads; see `queries`."""


def _of(label: Label, *hues: Hue) -> tuple[Label, dict[str, Hue]]:
    """Return the hues of the label's values, in their declared order."""
    values = label.values or ()
    if len(values) != len(hues):
        message = f"label {label.attribute!r} has {len(values)} values, and {len(hues)} colours"
        raise DeclarationError(message)
    return label, dict(zip(values, hues, strict=True))


OF_VALUES: Final = dict(
    (
        _of(signals.DECISION, GREEN, ORANGE),
        _of(signals.DECISION_SOURCE, GREEN, BLUE, ORANGE),
        _of(signals.LAYER, GREEN, BLUE),
        _of(signals.CACHE_RESULT, GREEN, BLUE, PURPLE, YELLOW, ORANGE, RED),
        _of(signals.CACHE_FILL, GREEN, YELLOW, RED),
        _of(signals.BREAKER_STATE, GREEN, YELLOW, RED),
        _of(signals.EPOCH_NEWS, GREEN, BLUE, YELLOW),
        _of(signals.CHANGE, GREEN, ORANGE),
        _of(signals.RELATION, BLUE, PURPLE, YELLOW),
        _of(signals.GRAPH_LIMIT, ORANGE, PURPLE),
        _of(signals.QUEUE, BLUE, PURPLE),
        _of(signals.REPORT_OUTCOME, GREEN, YELLOW, RED, BLUE),
        _of(signals.MAIL_OUTCOME, GREEN, YELLOW, RED, BLUE),
        _of(signals.SCHEDULE_RUN, GREEN, RED),
        _of(signals.AUDIT_FAILURE, RED, ORANGE, PURPLE),
        _of(signals.IMPORT_KIND, BLUE, PURPLE, YELLOW, ORANGE, GREEN),
        _of(signals.ROW_OUTCOME, GREEN, BLUE, RED),
        _of(signals.IMPORT_BATCH_OUTCOME, GREEN, RED, YELLOW),
        _of(signals.IMPORT_OUTCOME, GREEN, RED, BLUE, YELLOW),
        _of(signals.USER_OUTCOME, GREEN, RED),
        _of(LOG_LINES.label(attributes.ERROR_TYPE), GREEN, RED, ORANGE, PURPLE),
    )
)
STATUS_CLASSES: Final = {"2": GREEN, "3": BLUE, "4": YELLOW, "5": RED, "no response": PURPLE}
"""By the first digit of a status; each status of a class has a shade of its own."""
QUANTILES: Final = {"p50": BLUE, "p95": YELLOW, "p99": ORANGE}


def paint(query: Query, labels: Mapping[str, str]) -> Paint | None:
    """Return how the series of the query with these labels is painted; None: by the palette."""
    tabled = [label for label in query.by if label in OF_VALUES]
    if tabled:
        *others, last = tabled
        hue = OF_VALUES[last].get(_value(last, labels))
        shade = _shade(others[0], labels) if others else ""
        return None if hue is None else Paint(hue, shade)
    by = {label.attribute: label.prometheus_name for label in query.by}
    if attributes.HTTP_RESPONSE_STATUS_CODE in by:
        return _of_status(labels.get(by[attributes.HTTP_RESPONSE_STATUS_CODE], ""))
    if attributes.ERROR_TYPE in by:
        return _of_error(labels.get(by[attributes.ERROR_TYPE], ""), alone=len(by) == 1)
    if query.shape is Shape.QUANTILES and not by and query.name in QUANTILES:
        return Paint(QUANTILES[query.name])
    return None


def _value(label: Label, labels: Mapping[str, str]) -> str:
    """Return the label's value as it is declared, which the query may have put in words."""
    value = labels.get(label.prometheus_name, "")
    return "" if value == _OK and "" in (label.values or ()) else value


def _shade(label: Label, labels: Mapping[str, str]) -> str:
    place = list(OF_VALUES[label]).index(_value(label, labels))
    return _SHADES[place % len(_SHADES)]


def _of_status(status: str) -> Paint | None:
    hue = STATUS_CLASSES.get(status) or STATUS_CLASSES.get(status[:1])
    return None if hue is None else Paint(hue, shaded=True)


def _of_error(error: str, *, alone: bool) -> Paint | None:
    if error == _OK:
        # Beside other labels there is one for each of their values.
        return Paint(GREEN) if alone else None
    return Paint(RED, shaded=True)
