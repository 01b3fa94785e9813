"""Tests of the alerts on causes, and of the Watchdog."""

from alerts import naming
from alerts.cases.model import Case, Fired, Kind, Probe, Series
from alerts.links import Links
from alerts.targets import PLATFORM, TARGETS, WEB, Target


def cases(links: Links) -> tuple[Case, ...]:
    """Return every case."""
    writer = _Writer(links)
    return (
        *(case for target in TARGETS for case in writer.target_down(target)),
        *(writer.job_gone(target) for target in TARGETS if target.required),
        writer.optional_job_gone(),
        writer.one_of_two(),
        *writer.watchdog(),
    )


_CALLED = {
    ("sightline-web",): "a web process",
    ("sightline-worker",): "a worker",
    ("prometheus", "alertmanager", "jaeger"): "a part of what watches the service",
}


class _Writer:
    """Builds the cases."""

    def __init__(self, links: Links) -> None:
        self._links = links

    def target_down(self, target: Target) -> tuple[Case, ...]:
        """Return: fires after its hold and resolves; silent for a restart just short of it."""
        job = target.jobs[-1]
        down = (*_others_up(target), _up(job, f"{job}:1", "1x9 0x9 1x9"))
        blip = (*_others_up(target), _up(job, f"{job}:1", "1x9 0x2 1x9"))
        subject = _subject(target)
        return (
            Case(
                subject=subject,
                kinds=(Kind.FIRES, Kind.RESOLVES),
                title="no scrape works for 2 m, then the next does",
                series=down,
                probes=(
                    Probe(390, naming.TARGET_DOWN),
                    Probe(450, naming.TARGET_DOWN, (self._fired(target, job, 450),)),
                    Probe(600, naming.TARGET_DOWN),
                ),
            ),
            Case(
                subject=subject,
                kinds=(Kind.JUST_BELOW,),
                title="a restart of 90 s",
                series=blip,
                probes=tuple(Probe(second, naming.TARGET_DOWN) for second in (360, 420, 480)),
            ),
        )

    def job_gone(self, target: Target) -> Case:
        """Fire for a required job without a single target: there is no `up` to be 0."""
        job = target.jobs[0]
        return Case(
            subject=_subject(target),
            kinds=(Kind.ABSENT,),
            title="the job has no target",
            series=_others_up(target),
            probes=(
                Probe(90, naming.TARGET_DOWN),
                Probe(
                    150, naming.TARGET_DOWN, (self._fired(target, job, 150, has_instance=False),)
                ),
            ),
        )

    def optional_job_gone(self) -> Case:
        """Do not miss what a run may leave out (Jaeger, say)."""
        return Case(
            subject=_subject(PLATFORM),
            kinds=(Kind.ABSENT,),
            title="a job that is not required has no target",
            series=_others_up(PLATFORM),
            probes=(Probe(600, naming.TARGET_DOWN),),
        )

    def one_of_two(self) -> Case:
        """Name the replica that is down, and only that one."""
        job = WEB.jobs[0]
        return Case(
            subject=_subject(WEB),
            kinds=(Kind.GUARD,),
            title="the replica that still answers is not named",
            series=(
                *_others_up(WEB),
                _up(job, f"{job}:1", "1x9 0x9"),
                _up(job, f"{job}:2", "1x19"),
            ),
            probes=(Probe(450, naming.TARGET_DOWN, (self._fired(WEB, job, 450),)),),
        )

    def watchdog(self) -> tuple[Case, ...]:
        """Fire from the first evaluation on, with data and without."""
        annotations = {
            "summary": "Alerts reach their receivers.",
            "description": (
                "This alert always fires. When it stops arriving, Prometheus, Alertmanager or the "
                "way between them is broken, and no other alert would arrive either."
            ),
            "runbook_url": f"{self._links.runbooks}/{naming.WATCHDOG}",
            "graph_url": f"{self._links.prometheus}/graph?g0.expr=up&g0.tab=0&g0.range_input=1h",
        }

        def fired(second: int) -> Fired:
            board = f"{self._links.grafana}/d/sightline-telemetry-health"
            start = f"{board}?from={(second - 3600) * 1000}&to=now"
            return Fired({"severity": "info"}, {**annotations, "dashboard_url": start})

        def case(kind: Kind, title: str, series: tuple[Series, ...]) -> Case:
            probes = tuple(Probe(second, naming.WATCHDOG, (fired(second),)) for second in (0, 3600))
            return Case(
                subject=naming.WATCHDOG, kinds=(kind,), title=title, series=series, probes=probes
            )

        return (
            case(Kind.FIRES, "all is well", (_up("sightline-web", "sightline-web:1", "1x120"),)),
            case(Kind.ABSENT, "nothing is scraped", ()),
        )

    def _fired(self, target: Target, job: str, second: int, *, has_instance: bool = True) -> Fired:
        instance = {"instance": f"{job}:1"} if has_instance else {}
        who = f"{job}:1" if has_instance else "Every target"
        start = second - 3600
        matcher = (
            f"job%3D%22{job}%22"
            if len(target.jobs) == 1
            else f"job%3D~%22{'%7C'.join(target.jobs)}%22"
        )
        traces = {
            "traces_url": (
                f"{self._links.jaeger}/search?service={job}&limit=20&lookback=custom"
                f"&start={start * 1_000_000}"
            )
        }
        return Fired(
            labels={"severity": target.severity.value, "job": job, **instance},
            annotations={
                "summary": f"Prometheus gets no metrics from {_CALLED[target.jobs]}.",
                "description": f"{who} of {job} has given no metrics for 2m. {target.impact}",
                "runbook_url": f"{self._links.runbooks}/{naming.TARGET_DOWN}",
                "dashboard_url": (
                    f"{self._links.grafana}/d/sightline-telemetry-health?from={start * 1000}&to=now"
                ),
                **(traces if target.traced else {}),
                "graph_url": (
                    f"{self._links.prometheus}/graph?g0.expr=up%7B{matcher}%7D"
                    "&g0.tab=0&g0.range_input=1h"
                ),
            },
        )


def _subject(target: Target) -> str:
    return f"{naming.TARGET_DOWN} {', '.join(target.jobs)}"


def _up(job: str, instance: str, values: str) -> Series:
    return Series(naming.UP, {"job": job, "instance": instance}, values)


def _others_up(target: Target) -> tuple[Series, ...]:
    """Return the other required jobs as scraped: they must not fire beside the one in question."""
    jobs = (other.jobs[0] for other in TARGETS if other.required and other is not target)
    return tuple(_up(job, f"{job}:1", "1x30") for job in jobs)
