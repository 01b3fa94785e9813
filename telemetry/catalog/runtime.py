"""Signals of the Python process; most are emitted by prometheus_client's own collectors."""

from typing import Final

from telemetry.catalog.declarations import Counter, Gauge, Histogram, Label

_COLLECTOR: Final = "prometheus_client"

EVENT_LOOP_LAG: Final = Histogram(
    name="asyncio.event_loop.lag",
    unit="s",
    description="How late the event loop ran a timer: what every request waits on top.",
    buckets=(0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
)

CPU_TIME: Final = Counter(
    name="process.cpu",
    unit="s",
    description="User and system CPU time of the process.",
    source=_COLLECTOR,
)
RESIDENT_MEMORY: Final = Gauge(
    name="process.resident_memory",
    unit="By",
    description="Resident memory of the process.",
    source=_COLLECTOR,
)
VIRTUAL_MEMORY: Final = Gauge(
    name="process.virtual_memory",
    unit="By",
    description="Virtual memory of the process.",
    source=_COLLECTOR,
)
START_TIME: Final = Gauge(
    name="process.start_time",
    unit="s",
    description="When the process started, since the Unix epoch.",
    source=_COLLECTOR,
)
CLOCK: Final = Gauge(
    name="process.clock",
    unit="s",
    description="The process's own time of day at the scrape, since the Unix epoch.",
)
OPEN_FDS: Final = Gauge(
    name="process.open_fds",
    unit="{descriptor}",
    description="File descriptors that the process holds.",
    source=_COLLECTOR,
)
MAX_FDS: Final = Gauge(
    name="process.max_fds",
    unit="{descriptor}",
    description="The most file descriptors that the process may hold.",
    source=_COLLECTOR,
)

_GENERATION: Final = Label("generation", ("0", "1", "2"))
GC_OBJECTS_COLLECTED: Final = Counter(
    name="python.gc.objects_collected",
    unit="{object}",
    description="Objects that the garbage collector freed.",
    labels=(_GENERATION,),
    source=_COLLECTOR,
)
GC_OBJECTS_UNCOLLECTABLE: Final = Counter(
    name="python.gc.objects_uncollectable",
    unit="{object}",
    description="Objects that the garbage collector found and could not free.",
    labels=(_GENERATION,),
    source=_COLLECTOR,
)
GC_COLLECTIONS: Final = Counter(
    name="python.gc.collections",
    unit="{collection}",
    description="Runs of the garbage collector.",
    labels=(_GENERATION,),
    source=_COLLECTOR,
)
PYTHON_INFO: Final = Gauge(
    name="python.info",
    unit="{info}",
    description="The interpreter, as labels of a constant 1.",
    labels=tuple(
        Label(name) for name in ("implementation", "major", "minor", "patchlevel", "version")
    ),
    source=_COLLECTOR,
)

METRICS: Final = (
    EVENT_LOOP_LAG,
    CPU_TIME,
    RESIDENT_MEMORY,
    VIRTUAL_MEMORY,
    START_TIME,
    CLOCK,
    OPEN_FDS,
    MAX_FDS,
    GC_OBJECTS_COLLECTED,
    GC_OBJECTS_UNCOLLECTABLE,
    GC_COLLECTIONS,
    PYTHON_INFO,
)
