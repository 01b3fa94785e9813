"""The cases that every alert on a cause has: it fires and says what it must, or it is silent."""

from dataclasses import dataclass, field
from urllib.parse import quote

from alerts.cases.model import Case, Fired, Kind, Probe, Series, Value
from alerts.links import Links

STEPS = 60
"""Samples of a case in which nothing happens: half an hour."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One rule: what it says of a fault, and the series while there is one, nearly one, and none.

    `traces` is what its search for traces asks, before the times.

    `pending` is the last second at which the fault has not fired yet, `fires` the first at which it
    has, `resolved` the second at which it must be over. `also` fires beside it, under its name.
    """

    name: str
    case: str = ""
    severity: str = "warning"
    labels: dict[str, str] = field(default_factory=dict)
    summary: str
    says: str
    board: str
    graph: str
    traces: str = ""
    fault: str
    faulty: tuple[Series, ...]
    pending: int
    fires: int
    resolved: int
    almost: str
    tolerable: tuple[Series, ...]
    calm: str
    idle: tuple[Series, ...]
    quiet: tuple[int, ...] = (60, 900, 1800)
    also: tuple["Scene", ...] = ()

    @property
    def subject(self) -> str:
        """The rule's subject."""
        return f"{self.name} {self.case}".strip()

    def cases(self, links: Links) -> tuple[Case, ...]:
        """Return a case of each kind."""
        fired = tuple(one.fired(links, self.fires) for one in (self, *self.also))
        return (
            Case(
                subject=self.subject,
                kinds=(Kind.FIRES, Kind.RESOLVES),
                title=self.fault,
                series=self.faulty,
                probes=(
                    Probe(self.pending, self.name),
                    Probe(self.fires, self.name, fired),
                    Probe(self.resolved, self.name),
                ),
            ),
            self._silent(Kind.JUST_BELOW, self.almost, self.tolerable),
            self._silent(Kind.NO_TRAFFIC, self.calm, self.idle),
            self._silent(Kind.ABSENT, "nothing is scraped", ()),
        )

    def fired(self, links: Links, second: int) -> Fired:
        """Return the alert that is expected at that second."""
        start = (second - 3600) * 1000
        searched = f"{links.jaeger}/search?{self.traces}&limit=20&lookback=custom&start={start}000"
        if "&tags=" in self.traces:
            service, _, tags = self.traces.partition("&tags=")
            searched = searched.replace(self.traces, service) + f"&tags={tags}"
        return Fired(
            labels={"severity": self.severity, **self.labels},
            annotations={
                **({"traces_url": searched} if self.traces else {}),
                "summary": self.summary,
                "description": self.says,
                "runbook_url": f"{links.runbooks}/{self.name}",
                "dashboard_url": f"{links.grafana}/d/sightline-{self.board}?from={start}&to=now",
                "graph_url": (
                    f"{links.prometheus}/graph?g0.expr={quote(self.graph, safe='')}"
                    "&g0.tab=0&g0.range_input=1h"
                ),
            },
        )

    def _silent(self, kind: Kind, title: str, series: tuple[Series, ...]) -> Case:
        """Say that it is not even on its way to fire."""
        alerts = f'ALERTS{{alertname="{self.name}", severity="{self.severity}"}}'
        return Case(
            subject=self.subject,
            kinds=(kind,),
            title=title,
            series=series,
            values=tuple(Value(second, alerts, ()) for second in self.quiet),
        )
