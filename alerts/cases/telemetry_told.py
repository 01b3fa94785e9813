"""One alert on telemetry: what it says, the counters in each state, and what fires of it."""

from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote

from alerts import naming
from alerts.cases.model import Fired, Run, Series
from alerts.links import Links

STEP: Final = 30
WEB: Final = {"job": "sightline-web", "instance": "web:9464"}
OTHER: Final = {"job": "another-service", "instance": "elsewhere:1"}

Rates = tuple[tuple[str, dict[str, str], float], ...]
"""Counters: name, labels beside those of the process, growth in a step of 30 s."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One alert: what it says of a constant fault, and the counters in each state."""

    name: str
    summary: str
    says: str
    labels: dict[str, str] = field(default_factory=dict)
    graph: str
    window: int
    hold: int
    faulty: Rates
    tolerable: Rates
    idle: Rates


def counters(
    process: dict[str, str], rates: Rates, steps: int, then: Rates = (), then_steps: int = 0
) -> tuple[Series, ...]:
    """Return the counters of a process that grow for so many steps, then as `then` says or not."""
    after = {(name, *labels.items()): growth for name, labels, growth in then}
    return tuple(
        Series.counter(
            name,
            {**process, **labels},
            (
                Run(steps, growth),
                *((Run(then_steps, after.get((name, *labels.items()), 0)),) if then_steps else ()),
            ),
        )
        for name, labels, growth in rates
    )


def fired(told: Told, links: Links, second: int) -> Fired:
    """Return what the alert says of `web:9464` at this second of a constant fault."""
    metric, _, label = told.graph.partition("|")
    minutes = told.window // 60
    expression = (
        f"sum by (job, instance, {label}) "
        f'(increase({metric}{{job=~"sightline-web|sightline-worker"}}[{minutes}m]))'
    )
    start = (second - 3600) * 1000
    return Fired(
        labels={"severity": "warning", **WEB, **told.labels},
        annotations={
            "summary": told.summary,
            "description": told.says,
            "runbook_url": f"{links.runbooks}/{told.name}",
            "dashboard_url": f"{links.grafana}/d/sightline-telemetry-health?from={start}&to=now",
            **(
                {
                    "traces_url": (
                        f"{links.jaeger}/search?service=sightline-web&limit=20"
                        f"&lookback=custom&start={start}000"
                    )
                }
                if told.name == naming.INPUT_REFUSED
                else {}
            ),
            "graph_url": (
                f"{links.prometheus}/graph?g0.expr={quote(expression, safe='')}"
                f"&g0.tab=0&g0.range_input=1h"
            ),
        },
    )
