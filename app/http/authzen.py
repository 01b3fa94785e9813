"""OpenID AuthZEN Authorization API 1.0: evaluation, evaluations, and where to find them.

A wrong request is 400 here and not 422, and `X-Request-ID` comes back as it was sent, on problems
too: both are the standard's. It is no correlation ID unless it has the form of one (see
`telemetry.edge`). How new a decision must be is said by the `Consistency-Token` header, since
AuthZEN has no word for it.
"""

import functools
import re
from collections.abc import Iterable, Iterator
from http import HTTPStatus
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.audit.decisions import Decisions, DecisionsOfRecord
from app.authorization.limits import GraphTooLarge
from app.authorization.model import FULL, AccessQuery, Consistency, Decision
from app.authorization.questions import GraphQuestions
from app.authorization.service import AuthorizationService
from app.errors import BadRequest, InvalidFields, ProblemError, UnsupportedMediaType
from app.http.authentication import Handler, actor_of
from app.http.authzen_bodies import (
    Evaluation,
    Evaluations,
    InvalidItem,
    Semantic,
    evaluation_of,
    query_of,
)
from app.http.bodies import read_body
from app.http.consistency import consistency_of_header
from app.http.problems import ECHO
from app.http.responses import JsonResponse

EVALUATION: Final = "/access/v1/evaluation"
EVALUATIONS: Final = "/access/v1/evaluations"
CONFIGURATION: Final = "/.well-known/authzen-configuration"

_REQUEST_ID: Final = "X-Request-ID"
_FIT_REQUEST_ID = re.compile(r"[!-~]{1,256}")
_STOPS_AT: Final = {Semantic.DENY_ON_FIRST_DENY: False, Semantic.PERMIT_ON_FIRST_PERMIT: True}


class InvalidEvaluation(InvalidFields):
    """The same as its base, with the status that AuthZEN has for it."""

    status = HTTPStatus.BAD_REQUEST


def routes(
    authorization: AuthorizationService, questions: GraphQuestions, on_record: DecisionsOfRecord
) -> list[Route]:
    """Return the two paths that want a key."""
    return [
        Route(EVALUATION, _evaluate(authorization, on_record), methods=["POST"]),
        Route(EVALUATIONS, _evaluate_many(authorization, questions, on_record), methods=["POST"]),
    ]


def configuration(public_url: str) -> Route:
    """Return `GET /.well-known/authzen-configuration`, which wants no key."""
    base = public_url.rstrip("/")
    body = {
        "policy_decision_point": base,
        "access_evaluation_endpoint": f"{base}{EVALUATION}",
        "access_evaluations_endpoint": f"{base}{EVALUATIONS}",
    }

    async def handle(_: Request) -> Response:
        return JsonResponse(body)

    return Route(CONFIGURATION, _with_request_id(handle), methods=["GET"])


def with_request_ids(routes: Iterable[Route]) -> list[Route]:
    """Return the routes so that each echoes the request's ID; wrap it round authentication."""
    return [
        Route(
            route.path,
            _with_request_id(route.endpoint),
            methods=sorted(route.methods or ()),
            name=route.name,
        )
        for route in routes
    ]


def _evaluate(authorization: AuthorizationService, on_record: DecisionsOfRecord) -> Handler:
    async def handle(request: Request) -> Response:
        asked = await read_body(request, Evaluation)
        return await _answer_one(authorization, on_record, asked, request)

    return handle


def _evaluate_many(
    authorization: AuthorizationService, questions: GraphQuestions, on_record: DecisionsOfRecord
) -> Handler:
    async def handle(request: Request) -> Response:
        asked = await read_body(request, Evaluations)
        if not asked.evaluations:
            only = evaluation_of(asked, {})
            return await _answer_one(authorization, on_record, only, request)
        listed = _Listed(asked, consistency_of_header(request.headers))
        queries = list(listed.queries.values())
        if listed.for_record:
            decisions = await on_record.check_many(actor_of(request), queries, listed.of_record)
        else:
            decisions = await questions.check_many(queries)
        return JsonResponse({"evaluations": listed.shown(decisions)})

    return handle


async def _answer_one(
    authorization: AuthorizationService,
    on_record: DecisionsOfRecord,
    asked: Evaluation,
    request: Request,
) -> Response:
    if _is_for_record(asked):
        return await _answer_on_record(on_record, asked, actor_of(request))
    return await _answer(authorization, asked, consistency_of_header(request.headers))


def _is_for_record(asked: Evaluation) -> bool:
    return asked.context.get("record") is True


async def _answer_on_record(
    on_record: DecisionsOfRecord, asked: Evaluation, actor: str
) -> Response:
    query = query_of(asked, FULL)
    if query is None:
        return JsonResponse({"decision": False})  # of subjects that nothing is granted to
    decision = await on_record.check_permission(actor, query.user, query.resource, query.action)
    return JsonResponse({"decision": decision.allowed})


async def _answer(
    authorization: AuthorizationService, asked: Evaluation, consistency: Consistency
) -> Response:
    query = query_of(asked, consistency)
    if query is None:
        return JsonResponse({"decision": False})
    decision = await authorization.check_permission(
        query.user, query.resource, query.action, consistency
    )
    return JsonResponse({"decision": decision.allowed})


class _Listed:
    """The evaluations of a list: the question of each that has one, and the answers.

    What keeps an item from being decided is in its answer's context. `for_record` are the places
    of those that are to be put on record.
    """

    def __init__(self, asked: Evaluations, consistency: Consistency) -> None:
        self._semantic = asked.options.evaluations_semantic
        self._answers: list[dict[str, object]] = [{"decision": False} for _ in asked.evaluations]
        self.queries: dict[int, AccessQuery] = {}
        self.for_record: set[int] = set()
        for place, item in enumerate(asked.evaluations):
            try:
                evaluation = evaluation_of(asked, item)
                query = query_of(evaluation, consistency)
            except (InvalidItem, InvalidFields) as error:
                self._answers[place] = _failure(HTTPStatus.BAD_REQUEST, error.detail)
            else:
                if query is not None:
                    self.queries[place] = query
                    if _is_for_record(evaluation):
                        self.for_record.add(place)

    def shown(self, decisions: Decisions) -> list[dict[str, object]]:
        """Return the answers as far as the semantic goes; `decisions` are those of `queries`."""
        decided = {place: _shown(one) for place, one in zip(self.queries, decisions, strict=True)}
        answers = [decided.get(place, answer) for place, answer in enumerate(self._answers)]
        return _cut(answers, self._semantic)

    def of_record(self, decisions: Decisions) -> Iterator[tuple[AccessQuery, Decision]]:
        """Yield those that are for the record; what is cut off was told to nobody."""
        told = len(self.shown(decisions))
        for (place, query), decision in zip(self.queries.items(), decisions, strict=True):
            if place in self.for_record and place < told and isinstance(decision, Decision):
                yield query, decision


def _shown(decision: Decision | GraphTooLarge) -> dict[str, object]:
    if isinstance(decision, Decision):
        return {"decision": decision.allowed}
    return _failure(decision.status, decision.detail)


def _failure(status: HTTPStatus, message: str) -> dict[str, object]:
    return {
        "decision": False,
        "context": {"error": {"status": status.value, "message": message}},
    }


def _cut(answers: list[dict[str, object]], semantic: Semantic) -> list[dict[str, object]]:
    """Return the answers as far as the semantic goes: all, or up to the first that settles it."""
    last = _STOPS_AT.get(semantic)
    for place, answer in enumerate(answers):
        if answer["decision"] is last:
            return answers[: place + 1]
    return answers


def _with_request_id(handler: Handler) -> Handler:
    @functools.wraps(handler)
    async def handle(request: Request) -> Response:
        sent = request.headers.get(_REQUEST_ID, "")
        echo = {_REQUEST_ID: sent} if _FIT_REQUEST_ID.fullmatch(sent) else {}
        setattr(request.state, ECHO, echo)
        try:
            response = await handler(request)
        except ProblemError as error:
            raise _in_authzens_words(error) from error
        response.headers.update(echo)
        return response

    return handle


def _in_authzens_words(error: ProblemError) -> ProblemError:
    if isinstance(error, InvalidFields):
        return InvalidEvaluation(error.errors)
    if isinstance(error, UnsupportedMediaType):
        return BadRequest(error.detail, headers=error.headers)
    return error
