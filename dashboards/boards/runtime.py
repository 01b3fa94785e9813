"""The processes themselves: event loop, CPU, memory, descriptors, garbage collection."""

from typing import Final

from dashboards.model import Board, Colour, Row, Step
from dashboards.panels import bad_from, heatmap, table, timeseries
from dashboards.queries import (
    INSTANCE,
    JOB,
    age,
    behind,
    buckets,
    gauge,
    information,
    quantile,
    rate,
    share,
)
from telemetry.catalog.pipeline import BUILD_INFO
from telemetry.catalog.runtime import (
    CLOCK,
    CPU_TIME,
    EVENT_LOOP_LAG,
    GC_COLLECTIONS,
    GC_OBJECTS_COLLECTED,
    GC_OBJECTS_UNCOLLECTABLE,
    MAX_FDS,
    OPEN_FDS,
    PYTHON_INFO,
    RESIDENT_MEMORY,
    START_TIME,
)

_PROCESS: Final = (JOB, INSTANCE)
_CLOCK_SKEWED: Final = 5.0
"""Seconds from which on somebody is told; see the runbook ClockSkewed."""

_LOOP: Final = (
    timeseries(
        "Event loop lag",
        quantile(EVENT_LOOP_LAG, 0.5),
        quantile(EVENT_LOOP_LAG, 0.99),
        answers="How late does the event loop run what is due? Every request waits this on top.",
        if_wrong="Something blocks the loop: a long computation or a blocking call in a handler.",
        steps=bad_from(0.1, watch=0.025),
    ),
    timeseries(
        "Event loop lag by process, worst 1 %",
        quantile(EVENT_LOOP_LAG, 0.99, by=_PROCESS),
        answers="Which process is late?",
        if_wrong="One alone: what does it serve or make? All: the machine is short of CPU.",
    ),
    heatmap(
        "Event loop lag, all of it",
        buckets(EVENT_LOOP_LAG),
        answers="Is the loop late always, or in bursts?",
        if_wrong="Bursts at regular times point to garbage collection or a periodic task.",
        width=8,
        height=8,
    ),
)

_PROCESSES: Final = (
    timeseries(
        "CPU",
        rate(CPU_TIME, by=_PROCESS),
        answers="What share of one core does each process use?",
        if_wrong="Near 100 % a process can do no more: start another replica.",
    ),
    timeseries(
        "Resident memory",
        gauge(RESIDENT_MEMORY, "max", by=_PROCESS),
        answers="How much memory does each process hold?",
        if_wrong="Growth that never ends is a leak: compare with decisions held and with spans.",
    ),
    timeseries(
        "Descriptors in use",
        share(gauge(OPEN_FDS, "sum", by=_PROCESS), gauge(MAX_FDS, "sum", by=_PROCESS)),
        answers="How near is each process to its limit of open files and sockets?",
        if_wrong="At 100 % nothing can connect any more: connections are not being closed.",
        maximum=1,
    ),
    timeseries(
        "Runs of the garbage collector",
        rate(GC_COLLECTIONS, by=(GC_COLLECTIONS.label("generation"),)).named("generation"),
        answers="How often does each generation get collected?",
        if_wrong="Generation 2 often: much is kept alive for long; it stops the loop each time.",
    ),
    timeseries(
        "Objects freed by the collector",
        rate(GC_OBJECTS_COLLECTED, by=(GC_OBJECTS_COLLECTED.label("generation"),)).named(
            "generation"
        ),
        answers="How much garbage is there that only the collector can free?",
        if_wrong="A rise with steady traffic: new reference cycles, often kept exceptions.",
    ),
    timeseries(
        "Objects that cannot be freed",
        rate(GC_OBJECTS_UNCOLLECTABLE, by=(GC_OBJECTS_UNCOLLECTABLE.label("generation"),)).named(
            "generation"
        ),
        answers="Does the collector find objects that it cannot free?",
        if_wrong="Anything but zero is a leak in an extension module: what was upgraded last?",
    ),
    timeseries(
        "Clock behind Prometheus",
        behind(CLOCK, by=_PROCESS),
        answers="Whose clock is not everybody's? Below 0 it is ahead of the others.",
        if_wrong="Past a line: mend the host's time synchronisation, then restart the process.",
        minimum=None,
        steps=(
            Step(None, Colour.BAD),
            Step(-_CLOCK_SKEWED, Colour.GOOD),
            Step(_CLOCK_SKEWED, Colour.BAD),
        ),
    ),
    table(
        "What runs",
        information(BUILD_INFO, by=(*_PROCESS, BUILD_INFO.label("service.version"))),
        information(PYTHON_INFO, by=(*_PROCESS, PYTHON_INFO.label("version"))).named("python"),
        age(START_TIME, by=_PROCESS).named("up for"),
        answers="Which build runs where, on which Python, since when?",
        if_wrong="A short time up that nobody asked for is a crash: see the log's last lines.",
        width=16,
    ),
)

RUNTIME: Final = Board(
    slug="runtime",
    title="Runtime",
    description="The processes: what they use, and whether they keep up.",
    rows=(
        Row("Event loop", _LOOP),
        Row("Processes", _PROCESSES),
    ),
)
