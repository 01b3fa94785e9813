"""What was busy during a stretch of load, as the kernel and the replicas themselves counted it.

Nothing is sampled: every figure is the difference of two readings of a running sum. An event loop
that waits for a core is as occupied as one that has it; the two are told apart.
"""

import os
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import psutil

from bench.load.counters import Pool, pools
from bench.load.rig import Rig

FULL: Final = 0.9
"""A resource that is used to this share is taken for saturated: the rest is what it cannot get."""
LOAD: Final = "load"
POSTGRES: Final = "postgres"
VALKEY: Final = "valkey"
_NANOSECONDS: Final = 1e9


@dataclass(frozen=True, slots=True)
class Reading:
    """The running sums, in seconds. `cpu` is by process, `loops` by replica: on CPU, waiting."""

    at: float
    cpu: Mapping[str, float]
    loops: tuple[tuple[float, float], ...]
    pools: tuple[Mapping[str, Pool], ...]
    machine: float


@dataclass(frozen=True, slots=True)
class Utilisation:
    """Means over a stretch. `cores` is the CPU by process, in cores; `machine` that of everything.

    Of several replicas, the loop and the pools are those of the busiest. The shares are of 1.
    """

    seconds: float
    cores: Mapping[str, float]
    loop: float
    loop_waiting: float
    pools: Mapping[str, float]
    machine: float
    available: int

    @property
    def foreign(self) -> float:
        """Cores that processes used which are none of the load's: a disturbed measurement."""
        return max(0.0, self.machine - sum(self.cores.values()))

    def shares(self) -> dict[str, float]:
        """Return how much of each resource was used, the busiest first."""
        found = {
            "event loop": self.loop + self.loop_waiting,
            **{f"pool {name}": share for name, share in self.pools.items()},
            "PostgreSQL": self.cores.get(POSTGRES, 0.0) / self.available,
            "Valkey": self.cores.get(VALKEY, 0.0),
            "the machine's cores": self.machine / self.available,
            "the load itself": self.cores.get(LOAD, 0.0),
        }
        return dict(sorted(found.items(), key=lambda each: -each[1]))

    def saturated(self) -> tuple[str, ...]:
        """Return what is used up, the fullest first; the fullest alone where nothing is."""
        shares = self.shares()
        return tuple(name for name, share in shares.items() if share >= FULL) or (
            next(iter(shares)),
        )

    def as_json(self) -> dict[str, object]:
        """Return it as plain data."""
        return {**asdict(self), "shares": self.shares(), "saturated": self.saturated()}


def read(rig: Rig) -> Reading:
    """Read every running sum."""
    processes = rig.processes()
    return Reading(
        time.monotonic(),
        {
            **{name: _tree_seconds(pid) for name, pid in processes.items()},
            LOAD: time.process_time(),
        },
        tuple(_loop_seconds(processes[each.name]) for each in rig.replicas),
        tuple(pools(each.metrics_port) for each in rig.replicas),
        _machine_seconds(),
    )


def between(first: Reading, last: Reading) -> Utilisation:
    """Return the means between two readings."""
    seconds = last.at - first.at
    loops = [
        ((now[0] - then[0]) / seconds, (now[1] - then[1]) / seconds)
        for then, now in zip(first.loops, last.loops, strict=True)
    ]
    loop, waiting = max(loops, key=sum)
    cores = {
        name: (used - first.cpu.get(name, 0.0)) / seconds
        for name, used in last.cpu.items()
        if name in first.cpu
    }
    machine = (last.machine - first.machine) / seconds
    return Utilisation(
        seconds, cores, loop, waiting, _pools(first, last, seconds), machine, os.cpu_count() or 1
    )


def _pools(first: Reading, last: Reading, seconds: float) -> dict[str, float]:
    found: dict[str, float] = {}
    for then, now in zip(first.pools, last.pools, strict=True):
        for name, pool in now.items():
            before = then[name].used if name in then else 0.0
            share = (pool.used - before) / seconds / pool.most
            found[name] = max(found.get(name, 0.0), share)
    return found


def _tree_seconds(pid: int) -> float:
    """Return the CPU of a process and all below it, those that have ended among them."""
    total = 0.0
    with suppress(psutil.NoSuchProcess):
        parent = psutil.Process(pid)
        for process in (parent, *parent.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                total += sum(process.cpu_times()[:4])
    return total


def _loop_seconds(pid: int) -> tuple[float, float]:
    """Return how long a process' main thread was on a core, and how long it waited for one."""
    words = Path(f"/proc/{pid}/task/{pid}/schedstat").read_text("ascii").split()
    return int(words[0]) / _NANOSECONDS, int(words[1]) / _NANOSECONDS


def _machine_seconds() -> float:
    times = psutil.cpu_times()
    return float(sum(times[:8]) - times.idle - times.iowait)
