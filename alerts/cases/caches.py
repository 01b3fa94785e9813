"""Tests of the alerts on the caches; series, thresholds and texts are written here by hand."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from alerts import naming
from alerts.cases.model import Case, Fired, Kind, Probe, Series, silent
from alerts.links import Links

_AGE: Final = "authorization_epoch_age_seconds"
_BREAKER: Final = "authorization_cache_breaker"
_JOBS: Final = 'job=~"sightline-web|sightline-worker"'
_WEB: Final = {"job": "sightline-web", "instance": "web:9464"}
_SECOND: Final = {"job": "sightline-web", "instance": "web2:9464"}
_OTHER: Final = {"job": "another-service", "instance": "elsewhere:1"}
_CLOSED: Final = {"authorization_cache_breaker_state": "closed"}
_OPEN: Final = {"authorization_cache_breaker_state": "open"}


@dataclass(frozen=True, slots=True)
class _Told:
    """What one of the alerts says of `web:9464`, `says` with the value's text."""

    name: str
    summary: str
    says: str
    graph: str
    service: str
    tags: str = ""


_BYPASSED: Final = _Told(
    naming.CACHE_BYPASSED,
    "Permission checks pass the caches by.",
    "web:9464 of sightline-web has not confirmed for {} that its caches are current, and asks the"
    " database each time. The answers are right.",
    f"max by (job, instance) ({_AGE}{{{_JOBS}}})",
    "service=sightline-web&operation=grants.evaluate",
)
_OPENED: Final = _Told(
    naming.CACHE_BREAKER_OPEN,
    "Redis is left alone: it does not answer permission checks in time.",
    "web:9464 of sightline-web has opened the circuit breaker round Redis and does without the"
    " shared cache. The answers are right; the database has more to do.",
    f'min by (job, instance) ({_BREAKER}{{{_JOBS}, authorization_cache_breaker_state="closed"}})',
    "service=sightline-web",
    "&tags=%7B%22authorization.cache.result%22%3A%22error%22%7D",
)


def cases(links: Links) -> tuple[Case, ...]:
    """Return every case."""
    return (
        Case(
            subject=_BYPASSED.name,
            kinds=(Kind.FIRES, Kind.RESOLVES),
            title="one process of two cannot confirm the epoch for 4 m, then can again",
            series=(
                Series(_AGE, _WEB, "0+30x8 0.4x10"),
                Series(_AGE, _SECOND, "0.6x20"),
                Series(_AGE, _OTHER, "900x20"),
            ),
            probes=(
                Probe(120, _BYPASSED.name),
                Probe(150, _BYPASSED.name, (_fired(_BYPASSED, links, 150, "2m 30s"),)),
                Probe(300, _BYPASSED.name),
            ),
        ),
        Case(
            subject=_BYPASSED.name,
            kinds=(Kind.JUST_BELOW,),
            title="two seconds, which are trusted, for half an hour",
            series=(Series(_AGE, _WEB, "2x60"),),
            values=(silent(_BYPASSED.name, 60), silent(_BYPASSED.name, 1800)),
        ),
        Case(
            subject=_BYPASSED.name,
            kinds=(Kind.GUARD,),
            title="a restart of PostgreSQL takes a minute and a half",
            series=(Series(_AGE, _WEB, "0.5 30 60 90 0.5x10"),),
            probes=tuple(Probe(second, _BYPASSED.name) for second in (90, 120, 150, 180)),
        ),
        Case(
            subject=_OPENED.name,
            kinds=(Kind.FIRES, Kind.RESOLVES),
            title="open, seen half-open once, then closed; another process has no trouble",
            series=(
                Series(_BREAKER, _WEB | _CLOSED, "0x8 1x10"),
                Series(_BREAKER, _WEB | _OPEN, "1x3 0 1x3 0x10"),
                Series(_BREAKER, _SECOND | _CLOSED, "1x20"),
                Series(_BREAKER, _OTHER | _CLOSED, "0x20"),
            ),
            probes=(
                Probe(90, _OPENED.name),
                Probe(120, _OPENED.name, (_fired(_OPENED, links, 120),)),
                Probe(240, _OPENED.name, (_fired(_OPENED, links, 240),)),
                Probe(300, _OPENED.name),
            ),
        ),
        Case(
            subject=_OPENED.name,
            kinds=(Kind.JUST_BELOW, Kind.GUARD),
            title="open for a minute and a half, and for as long again after a success",
            series=(Series(_BREAKER, _WEB | _CLOSED, "1 0x3 1 0x3 1x20"),),
            probes=tuple(Probe(second, _OPENED.name) for second in range(90, 420, 30)),
        ),
        *(
            Case(
                subject=told.name,
                kinds=(Kind.NO_TRAFFIC,),
                title="nobody asks; the epoch is confirmed and nothing fails",
                series=(Series(_AGE, _WEB, "0.5x60"), Series(_BREAKER, _WEB | _CLOSED, "1x60")),
                values=(silent(told.name, 1800),),
            )
            for told in (_BYPASSED, _OPENED)
        ),
        *(
            Case(
                subject=told.name,
                kinds=(Kind.ABSENT,),
                title="nothing is scraped",
                series=(),
                values=(silent(told.name, 1800),),
            )
            for told in (_BYPASSED, _OPENED)
        ),
    )


def _fired(told: _Told, links: Links, second: int, value: str = "") -> Fired:
    start = (second - 3600) * 1000
    return Fired(
        labels={"severity": "warning", **_WEB},
        annotations={
            "summary": told.summary,
            "description": told.says.format(value),
            "runbook_url": f"{links.runbooks}/{told.name}",
            "dashboard_url": f"{links.grafana}/d/sightline-authorization?from={start}&to=now",
            "traces_url": (
                f"{links.jaeger}/search?{told.service}&limit=20&lookback=custom&start={start}000"
                f"{told.tags}"
            ),
            "graph_url": (
                f"{links.prometheus}/graph?g0.expr={quote(told.graph, safe='')}"
                "&g0.tab=0&g0.range_input=1h"
            ),
        },
    )
