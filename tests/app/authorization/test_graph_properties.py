"""Any graph, cycles and all: the SQL answers what a naive model of it does."""

import itertools

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.authorization.evaluator import GrantEvaluator
from app.authorization.limits import GraphLimits, GraphTooLarge, Limit
from app.authorization.model import AccessQuery, Decision
from app.database.pool import DatabasePool
from telemetry.testing import Captured
from tests.app.authorization.graph_model import Graph

# Users, groups, resources and actions go by the same names: none may be taken for another.
NAMES = "abcde"
names = st.sampled_from(NAMES)
triples = st.frozensets(st.tuples(names, names, names), max_size=3)
edges = st.frozensets(st.tuples(names, names).filter(lambda pair: pair[0] != pair[1]), max_size=8)
graphs = st.builds(
    Graph,
    user_grants=triples,
    group_grants=triples,
    memberships=st.frozensets(st.tuples(names, names), max_size=3),
    nested=edges,
    parents=edges,
    implied=edges,
    limits=st.builds(
        GraphLimits,
        depth=st.integers(1, 5),
        groups=st.integers(1, 6),
        ancestors=st.integers(1, 6),
        actions=st.integers(1, 6),
    ),
)
QUERIES = [AccessQuery(*fields) for fields in itertools.product(NAMES[:2], NAMES, NAMES[:3])]


def is_right(graph: Graph, query: AccessQuery, answer: Decision | GraphTooLarge) -> bool:
    if isinstance(answer, Decision) and answer.allowed:
        return graph.allows(query)
    if graph.is_too_wide(query):  # which part of it was seen is open: only a guess is wrong
        return isinstance(answer, GraphTooLarge)
    if graph.allows(query):
        return False
    if graph.is_too_deep(query):
        return isinstance(answer, GraphTooLarge) and answer.limit is Limit.DEPTH
    return isinstance(answer, Decision)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(graph=graphs)
async def test_any_graph_is_decided_as_the_model_decides_it(
    graph: Graph, pool: DatabasePool, captured: Captured
) -> None:
    telemetry = captured.telemetry
    evaluator = GrantEvaluator(pool, telemetry.tracing, telemetry.meter, graph.limits)
    await graph.store(pool)
    answers = await evaluator.decide_many(QUERIES)
    wrong = [
        (query, answer)
        for query, answer in zip(QUERIES, answers, strict=True)
        if not is_right(graph, query, answer)
    ]
    assert not wrong
    captured.clear()


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(graph=graphs, query=st.sampled_from(QUERIES))
async def test_one_check_a_batch_and_an_explanation_agree(
    graph: Graph, query: AccessQuery, pool: DatabasePool, captured: Captured
) -> None:
    telemetry = captured.telemetry
    evaluator = GrantEvaluator(pool, telemetry.tracing, telemetry.meter, graph.limits)
    await graph.store(pool)
    [batched] = await evaluator.decide_many([query])
    try:
        alone: Decision | GraphTooLarge = await evaluator.decide(query)
    except GraphTooLarge as problem:
        alone = problem
    assert is_right(graph, query, alone)
    assert isinstance(alone, Decision) == isinstance(batched, Decision)
    if isinstance(alone, Decision):
        assert alone == batched
        explanation = await evaluator.explain(query)
        assert explanation.allowed == alone.allowed
        assert all(graph.proves(query, path) for path in explanation.paths)
        assert len(set(explanation.paths)) == len(explanation.paths)
    captured.clear()
