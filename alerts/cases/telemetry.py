"""Tests of the alerts on telemetry: each with a fault, a fault too small, none, and nothing to see.

Series, thresholds and texts are written by hand, not read back from the rules: those of losses in
`telemetry_losses`, those of bounds in `telemetry_bounds`.
"""

from alerts.cases import telemetry_bounds, telemetry_losses
from alerts.cases.model import Case, Kind, Probe, silent
from alerts.cases.telemetry_told import OTHER, STEP, WEB, Told, counters, fired
from alerts.links import Links


def cases(links: Links) -> tuple[Case, ...]:
    """Return every case."""
    alerts = (*telemetry_losses.ALERTS, *telemetry_bounds.ALERTS)
    return (
        *(case for told in alerts for case in _of(told, links)),
        *telemetry_losses.edges(links),
        *telemetry_bounds.edges(links),
    )


def _of(told: Told, links: Links) -> tuple[Case, ...]:
    begins = STEP + told.hold  # two samples make the first increase
    fires = max(begins, told.window) + STEP
    mended = fires + told.window + 2 * STEP
    return (
        Case(
            subject=told.name,
            kinds=(Kind.FIRES, Kind.RESOLVES),
            title="a fault for its hold, then none; another service has it too",
            series=(
                *counters(WEB, told.faulty, fires // STEP, told.idle, told.window // STEP + 2),
                *counters(OTHER, told.faulty, mended // STEP),
            ),
            probes=(
                Probe(begins - STEP, told.name),
                Probe(fires, told.name, (fired(told, links, fires),)),
                Probe(mended, told.name),
            ),
        ),
        Case(
            subject=told.name,
            kinds=(Kind.JUST_BELOW,),
            title="as much as is tolerated, and counts of long ago, not even pending",
            series=counters(WEB, told.tolerable, 60),
            values=tuple(silent(told.name, second) for second in (60, 900, 1800)),
        ),
        Case(
            subject=told.name,
            kinds=(Kind.NO_TRAFFIC,),
            title="counters stand still",
            series=counters(WEB, told.idle, 60),
            values=(silent(told.name, 1800),),
        ),
        Case(
            subject=told.name,
            kinds=(Kind.ABSENT,),
            title="nothing is scraped",
            series=(),
            values=(silent(told.name, 1800),),
        ),
        Case(
            subject=told.name,
            kinds=(Kind.ABSENT,),
            title="the loss itself was never counted",
            series=counters(WEB, told.idle[:1], 60),
            values=(silent(told.name, 1800),),
        ),
    )
