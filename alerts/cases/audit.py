"""Tests of the alert on the audit trail; series, threshold and texts are written here by hand."""

from typing import Final

from alerts import naming
from alerts.cases.model import Case, Fired, Kind, Probe, Series, silent
from alerts.links import Links

_ALERT: Final = naming.AUDIT_SEALING_STOPPED
_LAG: Final = "audit_sealing_lag_seconds"
_WEB: Final = {"job": "sightline-web", "instance": "web:9464"}
_WORKER: Final = {"job": "sightline-worker", "instance": "worker:9465"}
_OTHER: Final = {"job": "another-service", "instance": "elsewhere:1"}


def cases(links: Links) -> tuple[Case, ...]:
    """Return every case."""
    return (
        Case(
            subject=_ALERT,
            kinds=(Kind.FIRES, Kind.RESOLVES),
            title="the lag grows for 4 m, seen by one web process only, then all is sealed",
            # 0, 30, 60, 90 at 1 m 30 s: over the limit; a minute later it fires.
            series=(
                Series(_LAG, _WEB, "0+30x8 0x10"),
                Series(_LAG, _WORKER, "_x20"),
                Series(_LAG, _OTHER, "900x20"),
            ),
            probes=(
                Probe(120, _ALERT),
                Probe(180, _ALERT, (_fired(links, 180, "3m 0s"),)),
                Probe(300, _ALERT),
            ),
        ),
        Case(
            subject=_ALERT,
            kinds=(Kind.FIRES,),
            title="one of two processes cannot know",
            series=(Series(_LAG, _WEB, "120x20"), Series(_LAG, _WORKER, " ".join(["NaN"] * 20))),
            probes=(Probe(120, _ALERT, (_fired(links, 120, "2m 0s"),)),),
        ),
        Case(
            subject=_ALERT,
            kinds=(Kind.JUST_BELOW,),
            title="a minute of lag for half an hour, not even pending",
            series=(Series(_LAG, _WEB, "60x60"),),
            values=(silent(_ALERT, 60), silent(_ALERT, 1800)),
        ),
        Case(
            subject=_ALERT,
            kinds=(Kind.GUARD,),
            title="a long transaction holds the sealer back for a minute and a half",
            series=(Series(_LAG, _WEB, "0+30x4 0x10"),),
            probes=tuple(Probe(second, _ALERT) for second in (90, 120, 150, 180)),
        ),
        Case(
            subject=_ALERT,
            kinds=(Kind.NO_TRAFFIC,),
            title="nothing happens that would be put on record",
            series=(Series(_LAG, _WEB, "0x60"),),
            values=(silent(_ALERT, 1800),),
        ),
        Case(
            subject=_ALERT,
            kinds=(Kind.ABSENT,),
            title="nothing is scraped",
            series=(),
            values=(silent(_ALERT, 1800),),
        ),
    )


def _fired(links: Links, second: int, lag: str) -> Fired:
    start = (second - 3600) * 1000
    return Fired(
        labels={"severity": "warning"},
        annotations={
            "summary": "Audit entries are not sealed.",
            "description": (
                f"The oldest audit entry that is not chained is {lag} old. None is lost, but a"
                " change of those that wait would leave no trace."
            ),
            "runbook_url": f"{links.runbooks}/AuditSealingStopped",
            "dashboard_url": f"{links.grafana}/d/sightline-audit?from={start}&to=now",
            "graph_url": (
                f"{links.prometheus}/graph?g0.expr=max%28{_LAG}%7Bjob%3D~%22sightline-web"
                "%7Csightline-worker%22%7D%29&g0.tab=0&g0.range_input=1h"
            ),
        },
    )
