"""Tests of the alerts on clients; all of it is written here by hand."""

from typing import Final

from alerts import naming
from alerts.cases.model import Case, Kind, Run, Series, firing, silent
from alerts.cases.scene import STEPS, Scene
from alerts.links import Links

_REFUSALS: Final = "access_refusals_total"
_REQUESTS: Final = "http_server_request_duration_seconds_count"
_JOBS: Final = 'job=~"sightline-web|sightline-worker"'
_ASKED: Final = f'{_REQUESTS}{{job="sightline-web", http_route!~"/livez|/readyz"}}'
_JOB: Final = {"job": "sightline-web"}
_WEB: Final = {**_JOB, "instance": "web:9464"}
_SECOND: Final = {**_JOB, "instance": "web2:9464"}
_OTHER: Final = {"job": "another-service", "instance": "elsewhere:1"}
_CHECK: Final = {"http_route": "/permissions/check"}
_PROBE: Final = {"http_route": "/readyz"}


def _requests(process: dict[str, str], *runs: Run, route: dict[str, str] | None = None) -> Series:
    return Series.counter(_REQUESTS, {**process, **(route or _CHECK)}, runs)


def _up(*processes: dict[str, str], steps: int = 2 * STEPS) -> tuple[Series, ...]:
    return tuple(Series(naming.UP, process, f"1x{steps}") for process in processes)


def _refusals(process: dict[str, str], reason: str, *runs: Run) -> Series:
    return Series.counter(_REFUSALS, {**process, "access_refusal_reason": reason}, runs)


_REFUSED: Final = Scene(
    name=naming.CREDENTIALS_REFUSED,
    labels=_JOB,
    summary="Many requests come without a valid key.",
    says=(
        "50% of the requests of sightline-web in the last 5m had no key that is valid: one has"
        " expired or was revoked under a client, or somebody tries keys."
    ),
    board="access",
    graph=(
        f'sum by (job) (increase({_REFUSALS}{{{_JOBS}, access_refusal_reason=~"unauthenticated|'
        'address_limited"}[5m]))'
    ),
    traces="service=sightline-web&tags=%7B%22http.response.status_code%22%3A%22401%22%7D",
    fault="half of the requests to two processes, by both reasons; then none; probes are no matter",
    faulty=(
        _refusals(_WEB, "unauthenticated", Run(20, 30), Run(20, 0)),
        _refusals(_SECOND, "address_limited", Run(20, 20), Run(20, 0)),
        _refusals(_WEB, "forbidden", Run(40, 500)),
        _refusals(_OTHER, "unauthenticated", Run(40, 500)),
        _requests(_WEB, Run(40, 60)),
        _requests(_SECOND, Run(40, 40)),
        _requests(_WEB, Run(40, 900), route=_PROBE),
    ),
    pending=330,
    fires=570,
    resolved=840,
    almost="a fifth, and not more",
    tolerable=(
        _refusals(_WEB, "unauthenticated", Run(STEPS, 20)),
        _requests(_WEB, Run(STEPS, 100)),
    ),
    calm="nobody calls",
    idle=(_refusals(_WEB, "unauthenticated", Run(STEPS, 0)), _requests(_WEB, Run(STEPS, 0))),
)
_STOPPED: Final = Scene(
    name=naming.TRAFFIC_STOPPED,
    severity="critical",
    labels=_JOB,
    summary="Nobody calls the service any more.",
    says=(
        "No request reached sightline-web in the last 5m, and within the last 6h there were. What"
        " stands before it may be broken: no objective sees what does not arrive."
    ),
    board="service-overview",
    graph=(
        f"sum by (job) (rate({_ASKED}[5m]))\n"
        'or on (job)\n0 * sum by (job) (up{job="sightline-web"} == 1)'
    ),
    fault="half an hour of traffic to two processes, then none for a quarter of one, probes aside",
    faulty=(
        *_up(_WEB, _SECOND),
        _requests(_WEB, Run(60, 20), Run(30, 0), Run(20, 20)),
        _requests(_SECOND, Run(60, 20), Run(50, 0)),
        _requests(_WEB, Run(110, 5), route=_PROBE),
    ),
    pending=2370,
    fires=2430,
    resolved=2790,
    almost="one process is left by all, the other is not",
    tolerable=(
        *_up(_WEB, _SECOND),
        _requests(_WEB, Run(40, 20), Run(STEPS, 0)),
        _requests(_SECOND, Run(40 + STEPS, 1)),
    ),
    calm="nobody calls, and nobody ever did",
    idle=(*_up(_WEB), _requests(_WEB, Run(STEPS, 0))),
)


def cases(links: Links) -> tuple[Case, ...]:
    """Return every case."""
    return (
        *(case for scene in (_REFUSED, _STOPPED) for case in scene.cases(links)),
        Case(
            subject=_REFUSED.name,
            kinds=(Kind.GUARD,),
            title="fifty in five minutes, which are all that come",
            series=(
                _refusals(_WEB, "unauthenticated", Run(STEPS, 5)),
                _requests(_WEB, Run(STEPS, 5)),
            ),
            values=(silent(_REFUSED.name, 900), silent(_REFUSED.name, 1800)),
        ),
        Case(
            subject=_STOPPED.name,
            kinds=(Kind.GUARD,),
            title="three requests in half a minute are no traffic that could stop",
            series=(_requests(_WEB, Run(60, 3), Run(30, 0)),),
            values=(silent(_STOPPED.name, 2400), silent(_STOPPED.name, 2700)),
        ),
        *_edges(),
    )


def _edges() -> tuple[Case, ...]:
    """Return what a rule with a slightly wrong threshold or window would not notice."""
    none_yet = _requests(_WEB, Run(110, 0))
    return (
        *(
            Case(
                subject=_REFUSED.name,
                kinds=(Kind.FIRES,),
                title=title,
                series=(
                    _refusals(_WEB, "unauthenticated", Run(STEPS, refused)),
                    _requests(_WEB, Run(STEPS, asked)),
                ),
                values=(firing(_REFUSED.name, 900),),
            )
            for title, refused, asked in (
                ("sixty in five minutes", 6, 12),
                ("a quarter of many", 25, 100),
            )
        ),
        Case(
            subject=_STOPPED.name,
            kinds=(Kind.FIRES, Kind.RESOLVES),
            title="told for six hours after the last request, and then known",
            series=(
                *_up(_WEB, steps=1_000),
                _requests(_WEB, Run(120, 300), Run(900, 0)),
            ),
            values=(firing(_STOPPED.name, 25_500), silent(_STOPPED.name, 26_400)),
        ),
        Case(
            subject=_STOPPED.name,
            kinds=(Kind.FIRES, Kind.RESOLVES),
            title="a rollout: the new process is asked nothing, then something",
            series=(
                Series(naming.UP, _WEB, "1x60 stale"),
                Series(
                    _REQUESTS,
                    {**_WEB, **_CHECK},
                    "0+20x60 stale",
                ),
                Series(naming.UP, _SECOND, "_x60 1x120"),
                Series(_REQUESTS, {**_SECOND, **_CHECK}, "_x100 1+20x60"),
            ),
            values=(
                silent(_STOPPED.name, 1_800),
                firing(_STOPPED.name, 2_700),
                silent(_STOPPED.name, 3_300),
            ),
        ),
        Case(
            subject=_STOPPED.name,
            kinds=(Kind.GUARD,),
            title="no process is there to be asked: TargetDown tells of that",
            series=(
                Series(naming.UP, _WEB, "1x60 0x120"),
                _requests(_WEB, Run(60, 20)),
            ),
            values=tuple(silent(_STOPPED.name, second) for second in (2_400, 3_000, 3_600)),
        ),
        Case(
            subject=_STOPPED.name,
            kinds=(Kind.FIRES,),
            title="a request in eight seconds, then none",
            series=(_requests(_WEB, Run(60, 3.6), Run(30, 0)),),
            values=(firing(_STOPPED.name, 2_520),),
        ),
        Case(
            subject=_STOPPED.name,
            kinds=(Kind.GUARD,),
            title="probes alone, which end",
            series=(none_yet, _requests(_WEB, Run(60, 20), Run(50, 0), route=_PROBE)),
            values=tuple(silent(_STOPPED.name, second) for second in (1_800, 2_520, 2_700)),
        ),
    )
