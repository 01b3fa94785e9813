"""Tests of the alerts on processes; all of it is written here by hand."""

from typing import Final

from alerts import naming
from alerts.cases.model import Case, Kind, Series, firing, silent
from alerts.cases.scene import STEPS, Scene
from alerts.links import Links

_MEMORY: Final = "process_resident_memory_bytes"
_CLOCK: Final = "process_clock_seconds"
_JOBS: Final = 'job=~"sightline-web|sightline-worker"'
_WEB: Final = {"job": "sightline-web", "instance": "web:9464"}
_SECOND: Final = {"job": "sightline-web", "instance": "web2:9464"}
_OTHER: Final = {"job": "another-service", "instance": "elsewhere:1"}
_MIB: Final = 1_048_576

_GROWING: Final = Scene(
    name=naming.MEMORY_GROWING,
    labels=_WEB,
    summary="A process holds far more memory than it did.",
    says=(
        "web:9464 of sightline-web holds 200MiB more than at its least in the last 6h. What it"
        " keeps for good is freed by a restart only; if memory runs out, the kernel kills it"
        " without a warning."
    ),
    board="runtime",
    graph=f"{_MEMORY}{{{_JOBS}}}",
    fault="200 MiB more within a minute, until it is restarted; another service's is no matter",
    faulty=(
        Series(_MEMORY, _WEB, f"{100 * _MIB}x4 {300 * _MIB}x25 {100 * _MIB}x10"),
        Series(_MEMORY, _SECOND, f"{300 * _MIB}x40"),
        Series(_MEMORY, _OTHER, f"{100 * _MIB}x4 {900 * _MIB}x40"),
    ),
    pending=720,
    fires=750,
    resolved=930,
    almost="128 MiB more, which is not more than that",
    tolerable=(Series(_MEMORY, _WEB, f"{100 * _MIB}x4 {228 * _MIB}x{STEPS}"),),
    calm="it holds what it held",
    idle=(Series(_MEMORY, _WEB, f"{100 * _MIB}x{STEPS}"),),
)
_SKEWED: Final = Scene(
    name=naming.CLOCK_SKEWED,
    labels=_WEB,
    summary="A process's clock is not everybody else's.",
    says=(
        "The clock of web:9464 of sightline-web is 60.0 s off that of Prometheus. Its spans and"
        " log lines stand where they do not belong."
    ),
    board="runtime",
    graph=f"{_CLOCK}{{{_JOBS}}} - timestamp({_CLOCK}{{{_JOBS}}})",
    fault="a minute behind, then set right; another process is right all the time",
    faulty=(
        Series(_CLOCK, _WEB, "0 30 0+30x8 330+30x20"),
        Series(_CLOCK, _SECOND, "0+30x40"),
        Series(_CLOCK, _OTHER, "900+30x40"),
    ),
    pending=150,
    fires=180,
    resolved=330,
    almost="five seconds ahead, and as many behind",
    tolerable=(
        Series(_CLOCK, _WEB, f"5+30x{STEPS}"),
        Series(_CLOCK, _SECOND, f"-5+30x{STEPS}"),
    ),
    calm="right",
    idle=(Series(_CLOCK, _WEB, f"0+30x{STEPS}"),),
)


def cases(links: Links) -> tuple[Case, ...]:
    """Return every case."""
    return (
        *(case for scene in (_GROWING, _SKEWED) for case in scene.cases(links)),
        Case(
            subject=_GROWING.name,
            kinds=(Kind.FIRES,),
            title="150 MiB more",
            series=(Series(_MEMORY, _WEB, f"{100 * _MIB}x4 {250 * _MIB}x{STEPS}"),),
            values=(firing(_GROWING.name, 900),),
        ),
        Case(
            subject=_GROWING.name,
            kinds=(Kind.RESOLVES,),
            title="what it has held for six hours is what it holds",
            series=(Series(_MEMORY, _WEB, f"{100 * _MIB}x4 {300 * _MIB}x760"),),
            values=(firing(_GROWING.name, 21_600), silent(_GROWING.name, 21_900)),
        ),
        Case(
            subject=_SKEWED.name,
            kinds=(Kind.FIRES,),
            title="six seconds ahead",
            series=(Series(_CLOCK, _WEB, f"6+30x{STEPS}"),),
            values=(firing(_SKEWED.name, 300),),
        ),
    )
