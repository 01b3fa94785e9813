"""The service's own comparisons, each in its smallest form."""

import asyncio
from collections.abc import Iterator

import asyncpg
import pytest

from app.authorization.limits import GraphLimits
from app.database.migrations import migrate
from app.database.relations_check import ALLOWED, DECIDE
from bench import stores
from bench.domain import checks, jobs, scale
from bench.domain.graph import SMALLEST, Graph
from bench.processes import Arrived, Cores, problems_of, running

CORES = Cores(0, frozenset({0}))
LIMITS = GraphLimits()
_GRANTS = 20 * SMALLEST


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    with stores.postgres() as url:
        asyncio.run(migrate(url))
        yield url


async def test_a_graph_answers_its_questions_as_it_says(database: str) -> None:
    connection = await asyncpg.connect(database)
    graph = Graph(_GRANTS)
    try:
        await graph.load(connection)
        assert await connection.fetchval("SELECT count(*) FROM grants") == _GRANTS
        bounds = (LIMITS.depth, LIMITS.groups, LIMITS.ancestors, LIMITS.actions)
        outcomes = [
            (await connection.fetchrow(DECIDE, *question, *bounds))["outcome"]
            for question in graph.questions(30)
        ]
        assert outcomes == [ALLOWED, ALLOWED, 0] * 10
        # What is inherited is through a group's group: no direct membership has it.
        await connection.execute("DELETE FROM group_members WHERE member_group_id IS NOT NULL")
        _, inherited, _ = graph.questions(30)[:3]
        found = await connection.fetchrow(DECIDE, *inherited, *bounds)
        assert found["outcome"] != ALLOWED
        await connection.execute("TRUNCATE grants, group_members, resource_parents")
    finally:
        await connection.close()


async def test_pairs_alternate_and_the_first_ones_do_not_count() -> None:
    asked: list[str] = []

    async def ours() -> float:
        asked.append("ours")
        return float(len(asked))

    async def theirs() -> float:
        asked.append("theirs")
        return float(len(asked))

    times = await scale.alternate(ours, theirs, 2)
    assert [sorted(pair) for pair in times] == [[11.0, 12.0], [13.0, 14.0]]
    assert [ours < theirs for ours, theirs in times] in ([True, False], [False, True])
    assert asked[:4] == ["theirs", "ours", "ours", "theirs"]


def test_every_state_of_the_grants_has_its_row() -> None:
    rows = [each.take() for each in scale.measurements(pairs=2, large=2 * SMALLEST)]
    assert [row.name for row in rows] == ["check.scale.aa", "check.scale.loaded", "check.scale"]
    assert all(row.pairs == 2 for row in rows)


def test_jobs_are_compared_through_both_steps_and_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[str] = []
    rates = {"ours": jobs.Run(1_000, 1_000), "pgqueuer": jobs.Run(4_000, 4_000 / 3)}

    def run(_: jobs.Place, engine: str) -> jobs.Run:
        ran.append(engine)
        return rates[engine]

    monkeypatch.setattr(jobs.Place, "run", run)
    place = jobs.Place(0, "postgresql://nowhere", "redis://nowhere", 10)
    row = jobs.measure("jobs.pgqueuer", "pgqueuer", place, 2)
    assert row.ratio == pytest.approx(500 / 1_000)
    assert ran == ["pgqueuer", "ours", "ours", "pgqueuer"]
    assert [figure.own for figure in row.figures] == [500, 1_000, 1_000]


@pytest.mark.parametrize(
    "variant",
    [
        *("check.handler", "check.handler.untold", "check.handler.get", "check.handler.query"),
        *("check.l1", "check.l2", "check.l2.alone", "check.db"),
    ],
)
def test_a_check_is_answered_by_its_layer_and_told(variant: str) -> None:
    with stores.postgres() as postgres, stores.valkey() as cache:
        asyncio.run(checks.prepare(postgres))
        with running(variant, CORES, store=f"{postgres} {cache}") as server:
            for _ in range(4):
                with server.awake() as client:
                    client.answer(1_000)
    assert server.problems == []


@pytest.mark.parametrize(
    ("arrived", "problem"),
    [
        (Arrived(100, 210, 210, 103, 96), ""),
        (Arrived(100, 199, 199, 100, 100), "sampled spans"),
        (Arrived(100, 210, 209, 100, 100), "spans received"),
        (Arrived(100, 210, 210, 99, 100), "log lines"),
        (Arrived(100, 210, 210, 100, 94), "requests counted"),
        (Arrived(100, 210, 210, 100, 101), "requests counted"),
    ],
)
def test_a_few_checks_may_go_another_way(arrived: Arrived, problem: str) -> None:
    found = problems_of("check.l1", 1.0, arrived)
    assert [each for each in found if problem in each] == found
    assert bool(found) == bool(problem)
