"""The checks: `POST /permissions/check`, `/permissions/checks` for many, `/permissions/explain`."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from functools import partial
from typing import Annotated, Any

from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from app.audit.decisions import Decisions, DecisionsOfRecord
from app.authorization.explanation import Explanation
from app.authorization.model import AccessQuery, Decision
from app.authorization.questions import MOST_CHECKS, GraphQuestions
from app.authorization.service import AuthorizationService
from app.http.authentication import Handler, actor_of
from app.http.bodies import Body, Identifier, read_body
from app.http.consistency import Demand, consistency_of
from app.http.responses import JsonResponse


class Question(Body):
    """May the user do the action to the resource."""

    user: Identifier
    resource: Identifier
    action: Identifier


class Check(Question):
    """One question, and how new the answer must be."""

    consistency: Demand = "minimize_latency"


class CheckForRecord(Check):
    """A check whose decision may be put on record; it is then made from the newest state."""

    record: bool = False


class Checks(Body):
    """Many questions that are answered from one state, whose decisions may be put on record."""

    checks: Annotated[list[Question], Field(min_length=1, max_length=MOST_CHECKS)]
    consistency: Demand = "minimize_latency"
    record: bool = False


def check(authorization: AuthorizationService, on_record: DecisionsOfRecord) -> Handler:
    """Return the handler of `POST /permissions/check`."""

    async def handle(request: Request) -> Response:
        asked = await read_body(request, CheckForRecord)
        consistency = consistency_of(asked.consistency)
        question = (asked.user, asked.resource, asked.action)
        if asked.record:
            decision = await on_record.check_permission(actor_of(request), *question)
        else:
            decision = await authorization.check_permission(*question, consistency)
        return JsonResponse({"allowed": decision.allowed, "source": decision.source})

    return handle


def check_many(questions: GraphQuestions, on_record: DecisionsOfRecord) -> Handler:
    """Return the handler of `POST /permissions/checks`.

    A question that cannot be decided is not allowed, and has its problem as `error`; there is no
    decision to put on record then.
    """

    async def handle(request: Request) -> Response:
        asked = await read_body(request, Checks)
        consistency = consistency_of(asked.consistency)
        queries = [
            AccessQuery(one.user, one.resource, one.action, consistency) for one in asked.checks
        ]
        if asked.record:
            decisions = await on_record.check_many(
                actor_of(request), queries, partial(_decided, queries)
            )
        else:
            decisions = await questions.check_many(queries)
        return JsonResponse({"results": _results(decisions)})

    return handle


def explain(questions: GraphQuestions) -> Handler:
    """Return the handler of `POST /permissions/explain`."""

    async def handle(request: Request) -> Response:
        asked = await read_body(request, Check)
        consistency = consistency_of(asked.consistency)
        explanation = await questions.explain(
            AccessQuery(asked.user, asked.resource, asked.action, consistency)
        )
        return JsonResponse(_shown(explanation))

    return handle


def _decided(
    queries: Sequence[AccessQuery], decisions: Decisions
) -> Iterator[tuple[AccessQuery, Decision]]:
    for query, decision in zip(queries, decisions, strict=True):
        if isinstance(decision, Decision):
            yield query, decision


def _results(decisions: Decisions) -> list[dict[str, Any]]:
    return [
        {"allowed": one.allowed}
        if isinstance(one, Decision)
        else {
            "allowed": False,
            "error": {
                "type": one.type,
                "title": one.title,
                "status": one.status,
                "detail": one.detail,
                **one.extensions,
            },
        }
        for one in decisions
    ]


def _shown(explanation: Explanation) -> dict[str, Any]:
    return {
        "allowed": explanation.allowed,
        "paths": [asdict(path) for path in explanation.paths],
        "complete": explanation.complete,
    }
