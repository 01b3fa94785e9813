"""What was measured, as JSON, as sheets for a terminal or a page, and in sentences."""

import datetime as dt
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import orjson

from bench.environment import machine
from bench.load.knee import HALF, SATURATED, Found, Step
from bench.load.replicas import PROXY, WEB, Row
from bench.load.utilisation import POSTGRES, VALKEY
from bench.page import as_markdown
from bench.sheets import Sheet
from compose.markdown import Block

COMMAND: Final = "make load"
BLOCK: Final = Block("figures", "python -m bench load --write docs/load.md")
_FOREIGN: Final = 0.2
_LATE: Final = 0.002


@dataclass(slots=True)
class Results:
    """A run; `found` is None and `rows` are few where it was cut short."""

    quick: bool
    found: Found | None = None
    rows: tuple[Row, ...] = ()

    @property
    def is_exact(self) -> bool:
        """Whether every count of every run was the client's."""
        return all(row.is_exact for row in self.rows)

    def write(self, path: Path) -> None:
        """Write it all as JSON."""
        path.parent.mkdir(exist_ok=True)
        content = {
            "machine": machine(),
            "quick": self.quick,
            "service": self.found and self.found.as_json(),
            "replicas": [row.as_json() for row in self.rows],
        }
        path.write_bytes(orjson.dumps(content, option=orjson.OPT_INDENT_2))


def steps(found: Found) -> Sheet:
    """Return a line a step of the one replica."""
    head = (
        *("load", "asked/s", "answered/s", "p50 ms", "p99 ms", "p99 of a check", "errors"),
        *("loop", "pool", "PostgreSQL", "Valkey", "cores used", "of others", "fullest"),
    )
    return Sheet(head, tuple(map(_step_line, found.steps)), 1)


def routes(found: Found) -> Sheet:
    """Return a line a kind of request: how long it took at half the knee."""
    lines = tuple(
        (" ".join(route), f"{each.requests:,}", _ms(each.p50), _ms(each.p99))
        for route, each in found.step(HALF).routes.items()
    )
    return Sheet(("at half the knee", "requests", "p50 ms", "p99 ms"), lines, 1)


def processes(found: Found) -> Sheet:
    """Return a line a process: its cores at half the knee and at full load."""
    half, full = found.step(HALF), found.step(SATURATED)
    names = sorted(full.used.cores, key=lambda name: -full.used.cores[name])
    lines = tuple(
        (name, f"{half.used.cores.get(name, 0.0):.3f}", f"{full.used.cores[name]:.3f}")
        for name in names
    )
    return Sheet(("process", "cores at half the knee", "cores at full load"), lines, 1)


def replicas(rows: tuple[Row, ...]) -> Sheet:
    """Return a line a number of replicas behind the proxy."""
    head = (
        *("replicas", "answered/s", "times one", "CPU ms a request", "of it web", "of it proxy"),
        *("p50 ms", "p99 ms", "at/s", "full"),
    )
    lines = tuple(
        (
            str(row.replicas),
            f"{row.full.answered:,.0f}",
            f"{row.full.answered / rows[0].full.answered:.2f}",
            _ms(row.full.cpu_a_request),
            _ms(row.cpu_of(WEB)),
            _ms(row.cpu_of(PROXY)),
            _ms(row.paced.p50),
            _ms(row.paced.p99),
            f"{row.paced.rate or 0:,.0f}",
            ", ".join(row.full.used.saturated()),
        )
        for row in rows
    )
    return Sheet(head, lines, 1)


def exactness(rows: tuple[Row, ...]) -> Sheet:
    """Return a line a comparison of the counts."""
    head = (
        *("replicas", "instances found", "counted under load", "of them differ"),
        *(
            "requests",
            "failed",
            "of them differ",
            "client's ratio",
            "recorded ratio",
            "off by requests",
            "relative error",
        ),
    )
    lines = tuple(
        (
            str(row.replicas),
            str(row.exactness.instances),
            f"{row.full.requests + row.paced.requests:,}",
            str(len(row.differences)),
            f"{row.exactness.requests:,}",
            str(row.exactness.failed),
            str(len(row.exactness.differences)),
            f"{row.exactness.failed / row.exactness.requests:.6f}",
            f"{row.exactness.recorded:.6f}",
            f"{row.exactness.deviation:+.3f}",
            f"{row.exactness.relative_error:+.1%}",
        )
        for row in rows
    )
    return Sheet(head, lines, 1)


def sheets(results: Results) -> Iterator[Sheet]:
    """Return every table there is."""
    if results.found is not None:
        yield steps(results.found)
        yield routes(results.found)
        yield processes(results.found)
    if results.rows:
        yield replicas(results.rows)
        yield exactness(results.rows)


def sentences(results: Results) -> Iterator[str]:
    """Return what the tables say, and what speaks against them."""
    if results.found is not None:
        half, full = results.found.step(HALF), results.found.step(SATURATED)
        yield (
            f"One replica: the knee is at {results.found.knee:,.0f} requests a second; at half "
            f"of it the p99 of a check is {_ms(half.check_p99)} ms, of all requests "
            f"{_ms(half.p99)} ms. The whole platform takes {_ms(full.cpu_a_request)} ms of CPU a "
            f"request. First to be full: {', '.join(full.used.saturated())}."
        )
        yield from _objections(results.found.steps)
    cores = os.cpu_count() or 1
    if results.rows and max(row.replicas for row in results.rows) >= cores:
        yield (
            f"This machine has {cores} cores for the replicas, stores, proxy and load "
            "together: the throughput of several replicas says nothing of what they would add on "
            "machines of their own. What carries over is the CPU a request, and that counts hold."
        )
    for row in results.rows:
        yield from (
            f"{row.replicas} replicas: {difference}"
            for difference in (*row.exactness.differences, *row.differences)
        )


def put_into(page: Path, results: Results) -> None:
    """Put the tables where the last ones were."""
    facts = machine()
    where = (
        f"Measured on {dt.datetime.now(dt.UTC).date()} by `{COMMAND}`: {facts['processor']}, "
        f"{facts['cores']} cores, {facts['system']}, Python {facts['python']}."
    )
    parts = (
        where,
        *(as_markdown(sheet) for sheet in sheets(results)),
        "\n".join(f"- {sentence}" for sentence in sentences(results)),
    )
    BLOCK.write(page, "\n\n".join(parts))


def _objections(found: tuple[Step, ...]) -> Iterator[str]:
    foreign = max(step.used.foreign for step in found)
    if foreign > _FOREIGN:
        yield f"Disturbed: other processes of the machine used up to {foreign:.1f} cores."
    late = [step.name for step in found if step.rate is not None and step.late > _LATE]
    if late:
        worst = max(step.late for step in found if step.rate is not None)
        yield (
            f"The load itself was late by {_ms(worst)} ms (p99) in {len(late)} of the steps: it "
            "shares the cores with what it loads. The latencies hold that delay."
        )


def _step_line(step: Step) -> tuple[str, ...]:
    used = step.used
    fullest, share = next(iter(used.shares().items()))
    return (
        step.name,
        "" if step.rate is None else f"{step.rate:,.0f}",
        f"{step.answered:,.0f}",
        _ms(step.p50),
        _ms(step.p99),
        _ms(step.check_p99),
        str(step.failed + step.lost),
        f"{used.loop:.0%} + {used.loop_waiting:.0%}",
        f"{max(used.pools.values(), default=0.0):.0%}",
        f"{used.cores.get(POSTGRES, 0.0):.2f}",
        f"{used.cores.get(VALKEY, 0.0):.2f}",
        f"{sum(used.cores.values()):.2f}",
        f"{used.foreign:.2f}",
        f"{fullest} {share:.0%}",
    )


def _ms(seconds: float) -> str:
    return f"{seconds * 1e3:.2f}"
