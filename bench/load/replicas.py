"""One, two and three replicas behind the proxy: what they answer, what it costs, and the counts."""

from dataclasses import dataclass

from bench.load import knee, rig
from bench.load.counters import Prometheus
from bench.load.exactness import JOB, Exactness, compare, differences_of, settled
from bench.load.knee import Effort, Step
from bench.load.mix import Mix

WEB = "web-"
PROXY = "haproxy"


@dataclass(frozen=True, slots=True)
class Row:
    """So many replicas: with every connection busy, at the common rate, and the counts."""

    replicas: int
    full: Step
    paced: Step
    exactness: Exactness
    differences: tuple[str, ...]
    """Of the counts of those two loads."""

    @property
    def is_exact(self) -> bool:
        """Whether every count is the client's."""
        return self.exactness.is_exact and not self.differences

    def cpu_of(self, part: str) -> float:
        """Return the CPU seconds a request of the parts whose names begin so, at full load."""
        used = self.full.used
        cores = sum(cores for name, cores in used.cores.items() if name.startswith(part))
        return cores * used.seconds / self.full.requests

    def as_json(self) -> dict[str, object]:
        """Return it as plain data."""
        return {
            "replicas": self.replicas,
            "full": self.full.as_json(),
            "paced": self.paced.as_json(),
            "exactness": self.exactness.as_json(),
            "differences": self.differences,
            "cpu_a_request": {"all": self.full.cpu_a_request, "web": self.cpu_of(WEB)},
        }


def measure(replicas: int, rate: float, effort: Effort) -> Row:
    """Start so many, compare the counts, then load them at the rate and wholly, and count again."""
    with rig.running(replicas, proxy=True) as running:
        exact = compare(running)
        prometheus = Prometheus(running.prometheus)
        before = prometheus.requests(JOB)
        mix = Mix(running.plan.api_key)
        paced = knee.paced(running, mix, rate, knee.HALF, effort)
        full = knee.saturated(running, mix, effort)
        ours = paced.counts + full.counts
        theirs = settled(prometheus, before.total() + ours.total()) - before
    return Row(replicas, full, paced, exact, tuple(differences_of(ours, theirs)))
