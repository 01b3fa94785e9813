"""What a grant reaches, how far a check goes to find it, and what a token holds it to."""

from uuid import uuid4

import pytest

from app import signals
from app.authorization.evaluator import GrantEvaluator
from app.authorization.explanation import Via
from app.authorization.limits import GraphLimits, GraphTooLarge, Limit
from app.authorization.model import FULL, AccessQuery, Consistency, EpochId, GroupGrant
from app.authorization.register import GrantRegister, Relation, RelationKind
from app.authorization.tokens import InvalidToken, UnknownState, epoch_of, token_of
from app.database.pool import DatabasePool
from telemetry.testing import Captured
from tests.app.authorization.graph_model import Graph

EDIT_PAGE = AccessQuery("alice", "page", "read")


def member(user: str, group: str) -> Relation:
    return Relation(RelationKind.MEMBERSHIP, user, group)


def nested(group: str, above: str) -> Relation:
    return Relation(RelationKind.MEMBERSHIP, group, above, below_is_group=True)


def under(resource: str, parent: str) -> Relation:
    return Relation(RelationKind.PARENT, resource, parent)


def implied(action: str, by: str) -> Relation:
    return Relation(RelationKind.IMPLICATION, action, by)


LINKS = [
    member("alice", "team"),
    nested("team", "company"),
    under("page", "folder"),
    under("folder", "site"),
    implied("read", "write"),
    implied("write", "own"),
]


async def test_a_grant_is_inherited_in_all_three_ways_at_once(
    register: GrantRegister, evaluator: GrantEvaluator
) -> None:
    await register.grant(GroupGrant("company", "site", "own"), "tests")
    for link in LINKS:
        assert not (await evaluator.decide(EDIT_PAGE)).allowed
        assert await register.relate(link, "tests")
        assert not await register.relate(link, "tests")
    explanation = await evaluator.explain(EDIT_PAGE)
    assert explanation.complete
    [path] = explanation.paths
    assert path.via == (Via.USERSET, Via.COMPUTED_USERSET, Via.TUPLE_TO_USERSET)
    assert path.groups == ("team", "company")
    assert path.resources == ("page", "folder", "site")
    assert path.actions == ("read", "write", "own")
    assert path.granted_by == "tests"
    for link in LINKS:
        assert await register.unrelate(link, "tests")
        assert not await register.unrelate(link, "tests")
        assert not (await evaluator.decide(EDIT_PAGE)).allowed
        await register.relate(link, "tests")
    assert (await evaluator.decide(EDIT_PAGE)).allowed
    assert await register.revoke(GroupGrant("company", "site", "own"), "tests")
    assert not (await evaluator.explain(EDIT_PAGE)).allowed


async def test_the_nearest_paths_come_first_and_are_bounded(
    pool: DatabasePool, evaluator: GrantEvaluator
) -> None:
    groups = [f"group-{number:02}" for number in range(12)]
    await Graph(
        user_grants=frozenset([("alice", "folder", "read")]),
        group_grants=frozenset((group, "folder", "read") for group in groups),
        memberships=frozenset(("alice", group) for group in groups),
        parents=frozenset([("page", "folder")]),
    ).store(pool)
    explanation = await evaluator.explain(EDIT_PAGE)
    assert not explanation.complete
    assert [path.groups for path in explanation.paths] == [(), *((name,) for name in groups[:9])]


async def test_nothing_flows_the_other_way(pool: DatabasePool, evaluator: GrantEvaluator) -> None:
    await Graph(
        user_grants=frozenset([("team", "page", "read"), ("alice", "page", "read")]),
        group_grants=frozenset([("alice", "page", "write"), ("subteam", "page", "write")]),
        memberships=frozenset([("alice", "team")]),
        nested=frozenset([("subteam", "team")]),
        parents=frozenset([("page", "folder")]),
        implied=frozenset([("read", "write")]),
    ).store(pool)
    asked = [
        AccessQuery("alice", "folder", "read"),  # what holds the page
        AccessQuery("alice", "page", "write"),  # what implies reading; a group's by her name
        AccessQuery("subteam", "page", "read"),  # a user by a group's name
    ]
    assert [(await evaluator.decide(one)).allowed for one in asked] == [False] * 3


def ladder(rungs: int) -> Graph:
    """Two groups on every rung, each in both of the next: 2 ** rungs ways up."""
    return Graph(
        group_grants=frozenset([(f"left-{rungs - 1}", "page", "read")]),
        memberships=frozenset([("alice", "left-0"), ("alice", "right-0")]),
        nested=frozenset(
            (f"{one}-{rung}", f"{other}-{rung + 1}")
            for rung in range(rungs - 1)
            for one in ("left", "right")
            for other in ("left", "right")
        ),
    )


async def test_many_ways_to_the_same_group_cost_no_more_than_one(
    pool: DatabasePool, captured: Captured
) -> None:
    telemetry = captured.telemetry
    limits = GraphLimits(groups=32)
    evaluator = GrantEvaluator(pool, telemetry.tracing, telemetry.meter, limits)
    await ladder(limits.depth).store(pool)
    assert (await evaluator.decide(EDIT_PAGE)).allowed
    assert not (await evaluator.decide(AccessQuery("alice", "page", "write"))).allowed
    assert (await evaluator.explain(EDIT_PAGE)).allowed


async def test_past_the_depth_is_a_problem_and_no_denial(
    pool: DatabasePool, evaluator: GrantEvaluator, captured: Captured
) -> None:
    await ladder(GraphLimits().depth + 1).store(pool)
    with pytest.raises(GraphTooLarge) as problem:
        await evaluator.decide(EDIT_PAGE)
    assert (problem.value.status, problem.value.limit) == (422, Limit.DEPTH)
    with pytest.raises(GraphTooLarge):
        await evaluator.explain(EDIT_PAGE)
    [batched] = await evaluator.decide_many([EDIT_PAGE])
    assert isinstance(batched, GraphTooLarge)
    labels = {"authorization.graph.limit": "depth"}
    assert captured.sample(signals.GRAPH_LIMITS_EXCEEDED, labels) == 3
    [span] = [span for span in captured.spans() if span.name == "grants.evaluate"]
    assert (span.attributes or {})["authorization.graph.limit"] == "depth"


async def test_past_the_fan_out_is_a_problem_unless_a_grant_is_near(
    pool: DatabasePool, evaluator: GrantEvaluator, captured: Captured
) -> None:
    most = GraphLimits().groups
    for number, is_too_wide in ((most, False), (most + 1, True), (20 * most, True)):
        await Graph(
            user_grants=frozenset([("alice", "page", "own")]),
            memberships=frozenset(("alice", f"group-{name}") for name in range(number)),
        ).store(pool)
        assert (await evaluator.decide(AccessQuery("alice", "page", "own"))).allowed
        if not is_too_wide:
            assert not (await evaluator.decide(EDIT_PAGE)).allowed
            continue
        with pytest.raises(GraphTooLarge) as problem:
            await evaluator.decide(EDIT_PAGE)
        assert problem.value.limit is Limit.FAN_OUT
    labels = {"authorization.graph.limit": "fan_out"}
    assert captured.sample(signals.GRAPH_LIMITS_EXCEEDED, labels) == 2


async def test_every_write_moves_the_epoch_and_only_a_write_does(
    register: GrantRegister,
) -> None:
    first = await register.grant(EDIT_PAGE, "tests")
    again = await register.grant(EDIT_PAGE, "tests")
    related = await register.relate(under("page", "folder"), "tests")
    unrelated = await register.unrelate(under("page", "folder"), "tests")
    revoked = await register.revoke(EDIT_PAGE, "tests")
    nothing = await register.revoke(EDIT_PAGE, "tests")
    numbers = [one.epoch.number for one in (first, again, related, unrelated, revoked, nothing)]
    start = numbers[0]
    assert numbers == [start, start, start + 1, start + 2, start + 3, start + 3]
    assert first.token == again.token
    assert epoch_of(revoked.token) == revoked.epoch


async def test_a_state_that_is_not_on_record_is_refused(
    register: GrantRegister, evaluator: GrantEvaluator
) -> None:
    written = await register.grant(EDIT_PAGE, "tests")
    number, mark = written.epoch

    def held_to(epoch: EpochId) -> AccessQuery:
        return AccessQuery("alice", "page", "read", Consistency.at_least(epoch))

    assert (await evaluator.decide(held_to(written.epoch))).allowed
    assert (await evaluator.decide(held_to(EpochId(number - 1, uuid4())))).allowed
    for lost in (EpochId(number + 1, mark), EpochId(number, uuid4())):  # a backup was restored
        for ask in (evaluator.decide, evaluator.explain):
            with pytest.raises(UnknownState):
                await ask(held_to(lost))
        with pytest.raises(UnknownState):
            await evaluator.decide_many([held_to(lost)])


def test_a_demand_is_no_part_of_the_question() -> None:
    epoch = EpochId(7, uuid4())
    demands = [Consistency(), Consistency.at_least(epoch), FULL]
    assert len({AccessQuery("u", "r", "a", demand) for demand in demands}) == 1
    assert [demand.accepts(epoch) for demand in demands] == [True, True, False]
    assert not Consistency.at_least(epoch).accepts(EpochId(6, uuid4()))
    assert not Consistency.at_least(epoch).accepts(EpochId(7, uuid4()))
    assert Consistency.at_least(epoch).accepts(EpochId(8, uuid4()))


@pytest.mark.parametrize(
    "text", ["", "x", "A" * 34, "_" * 34, "A" * 33, "A" * 35, "!" * 34, "\u0101" * 34]
)
def test_what_is_no_token_is_refused(text: str) -> None:
    with pytest.raises(InvalidToken):
        epoch_of(text)


def test_a_token_comes_back_as_it_was() -> None:
    for number in (0, 1, 2**62):
        epoch = EpochId(number, uuid4())
        assert epoch_of(token_of(epoch)) == epoch
