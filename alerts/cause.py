"""An alert on one cause: what its rule, texts and links have in common with every other.

The modules beside it (`reports`, `dependencies`, `monitoring`) say what is watched.
"""

from dataclasses import dataclass
from typing import Final

from alerts import naming
from alerts.clock import Clock
from alerts.links import Links
from alerts.naming import Severity
from alerts.rules import AlertRule, Group

PROCESS: Final = f"{naming.JOB}, {naming.INSTANCE}"
WHO: Final = "{{ $labels.instance }} of {{ $labels.job }}"

_LOOKBACK: Final = "1h"


@dataclass(frozen=True, slots=True)
class Traces:
    """Where the fault shows in traces: a service's spans of a name, or those with an attribute."""

    service: str
    operation: str | None = None
    tag: tuple[str, str] | None = None

    def link(self, links: Links, lookback: str) -> str:
        """Return the search for them."""
        return links.traces(self.service, lookback, operation=self.operation, tag=self.tag)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """`expression` and `shown` (what the graph draws) are in real time; `hold` is nominal.

    `floor` is the least that it must hold, in real seconds; `case` tells rules of one name apart.
    """

    name: str
    summary: str
    description: str
    expression: str
    shown: str
    hold: str
    board: str
    severity: Severity = Severity.WARNING
    floor: int = 1
    case: str = ""
    traces: Traces | None = None


def group(name: str, causes: tuple[Cause, ...], clock: Clock, links: Links) -> Group:
    """Return the rules of some causes."""
    return Group(
        name=name,
        interval=clock.evaluation_interval,
        rules=tuple(_rule(cause, clock, links) for cause in causes),
    )


def _rule(cause: Cause, clock: Clock, links: Links) -> AlertRule:
    lookback = clock.window(_LOOKBACK)
    return AlertRule(
        name=cause.name,
        subject=f"{cause.name} {cause.case}".strip(),
        expression=cause.expression,
        hold=clock.hold(cause.hold, floor=cause.floor),
        severity=cause.severity,
        annotations={
            "summary": cause.summary,
            "description": cause.description,
            "runbook_url": links.runbook(cause.name),
            "dashboard_url": links.board(cause.board, lookback),
            "traces_url": cause.traces.link(links, lookback) if cause.traces else "",
            "graph_url": links.graph(cause.shown, lookback),
        },
    )
