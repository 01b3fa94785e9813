"""Memory after many requests: ours against the bare application."""

from collections.abc import Iterator

from bench.processes import Cores, running
from bench.rows import Row


def rows(cores: Cores, requests: int) -> Iterator[Row]:
    """Yield `memory.ours`: its ratio is the bare application's memory over ours.

    `grown_mib` is what came on top between a tenth of the requests and all of them: a leak shows.
    """
    bare, bare_grown, problems = _memory("bare", cores, requests)
    own, own_grown, own_problems = _memory("ours", cores, requests)
    ratio = bare / own
    more = {
        "requests": float(requests),
        "memory_mib": own,
        "baseline_memory_mib": bare,
        "grown_mib": own_grown,
        "baseline_grown_mib": bare_grown,
    }
    yield Row("memory.ours", "bare", ratio, ratio, ratio, 1, None, more, problems + own_problems)


def _memory(variant: str, cores: Cores, requests: int) -> tuple[float, float, tuple[str, ...]]:
    with running(variant, cores) as server:
        server.client.answer(requests // 10)
        early = server.memory_mib()
        server.client.answer(requests - requests // 10)
        late = server.memory_mib()
    return late, late - early, tuple(server.problems)
