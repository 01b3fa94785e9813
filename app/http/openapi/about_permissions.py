"""The checks, in our own words and in AuthZEN's."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, Final, Literal

from pydantic import AnyHttpUrl, Field

from app.authorization.explanation import Via
from app.authorization.model import Source
from app.database.relations_check import MOST_PATHS
from app.http import authzen
from app.http.authzen_bodies import Evaluation, Evaluations
from app.http.openapi.headers import CONSISTENCY_TOKEN, REQUEST_ID
from app.http.openapi.operation import Answer, Operation, Operations, Shown
from app.http.openapi.refusals import (
    INVALID,
    INVALID_EVALUATION,
    TOO_DEEP,
    UNKNOWN_STATE,
    GraphProblem,
)
from app.http.permissions import Check, CheckForRecord, Checks

_TAG: Final = "Permissions"
_AUTHZEN: Final = "AuthZEN"
_NEW: Final = (
    "`consistency` says how new the state behind the answer must be: `minimize_latency`, at least"
    " the one of a write's token, or `full`."
)
_SUBJECT: Final = {"type": "user", "id": "alice"}
_RESOURCE: Final = {"type": "account", "id": "7"}


class CheckAnswer(Shown):
    """The decision, and the layer that knew it."""

    allowed: bool
    source: Source


class Decided(Shown):
    """The decision of one question of many."""

    allowed: bool


class Undecided(Shown):
    """A question that could not be decided; it is not allowed."""

    allowed: Literal[False]
    error: GraphProblem


class ChecksAnswer(Shown):
    """An answer for each question, in their order."""

    results: list[Decided | Undecided]


class ShownPath(Shown):
    """One grant, and each chain from what was asked (first) to what was granted (last)."""

    via: Annotated[list[Via], Field(min_length=1)]
    groups: list[str]
    resources: Annotated[list[str], Field(min_length=1)]
    actions: Annotated[list[str], Field(min_length=1)]
    granted_by: str
    granted_at: datetime


class ExplainAnswer(Shown):
    """The nearest paths first; without any the answer is no."""

    allowed: bool
    paths: Annotated[list[ShownPath], Field(max_length=MOST_PATHS)]
    complete: bool


class EvaluationAnswer(Shown):
    """AuthZEN's decision."""

    decision: bool


class EvaluationError(Shown):
    """Why an evaluation could not be decided."""

    status: int
    message: str


class EvaluationContext(Shown):
    """What goes with a decision that could not be made."""

    error: EvaluationError


class FailedEvaluation(Shown):
    """An evaluation that could not be decided."""

    decision: Literal[False]
    context: EvaluationContext


class EvaluationsAnswer(Shown):
    """An answer for each evaluation, as far as `evaluations_semantic` goes."""

    evaluations: list[EvaluationAnswer | FailedEvaluation]


class Configuration(Shown):
    """Where the endpoints of AuthZEN are."""

    policy_decision_point: AnyHttpUrl
    access_evaluation_endpoint: AnyHttpUrl
    access_evaluations_endpoint: AnyHttpUrl


_QUESTION: Final[dict[str, Any]] = {"user": "alice", "resource": "account:7", "action": "view"}

OPERATIONS: Final[Operations] = {
    ("POST", "/permissions/check"): Operation(
        id="check",
        tag=_TAG,
        summary="May this user do this?",
        text=f"{_NEW} With `record` the decision is made from the newest state and put on record.",
        body=CheckForRecord,
        example=_QUESTION,
        answers=(Answer(says="The decision.", body=CheckAnswer),),
        refusals=(INVALID, TOO_DEEP, UNKNOWN_STATE),
    ),
    ("POST", "/permissions/checks"): Operation(
        id="check_many",
        tag=_TAG,
        summary="Many questions, answered from one state",
        text=(
            f"{_NEW} They are always answered from the newest. With `record` every decision is put"
            " on record, all of them or none; what could not be decided is none."
        ),
        body=Checks,
        example={"checks": [_QUESTION, {**_QUESTION, "action": "close"}]},
        answers=(Answer(says="The decisions.", body=ChecksAnswer),),
        refusals=(INVALID, UNKNOWN_STATE),
    ),
    ("POST", "/permissions/explain"): Operation(
        id="explain",
        tag=_TAG,
        summary="Which grants allow this, and by which way",
        text=f"At most {MOST_PATHS} paths, from the newest state.",
        body=Check,
        example=_QUESTION,
        answers=(Answer(says="The paths, or none.", body=ExplainAnswer),),
        refusals=(INVALID, TOO_DEEP, UNKNOWN_STATE),
    ),
    ("POST", authzen.EVALUATION): Operation(
        id="evaluation",
        tag=_AUTHZEN,
        summary="One access evaluation",
        text=(
            "OpenID AuthZEN Authorization API 1.0. Type and ID of the resource, with a colon"
            " between them, are the resource that grants name: at most 256 characters."
            ' With `"context": {"record": true}` the decision is put on record.'
        ),
        headers=(CONSISTENCY_TOKEN, REQUEST_ID),
        body=Evaluation,
        example={"subject": _SUBJECT, "action": {"name": "view"}, "resource": _RESOURCE},
        answers=(Answer(says="The decision.", body=EvaluationAnswer),),
        refusals=(INVALID_EVALUATION, TOO_DEEP, UNKNOWN_STATE),
        echoes_request_id=True,
    ),
    ("POST", authzen.EVALUATIONS): Operation(
        id="evaluations",
        tag=_AUTHZEN,
        summary="Many access evaluations",
        text=(
            "Without `evaluations` it is one evaluation, and answers as that does. Those whose"
            ' `context` has `"record": true` are put on record.'
        ),
        headers=(CONSISTENCY_TOKEN, REQUEST_ID),
        body=Evaluations,
        example={
            "subject": _SUBJECT,
            "action": {"name": "view"},
            "evaluations": [{"resource": _RESOURCE}, {"resource": {**_RESOURCE, "id": "8"}}],
            "options": {"evaluations_semantic": "execute_all"},
        },
        answers=(Answer(says="The decisions.", body=EvaluationsAnswer | EvaluationAnswer),),
        refusals=(INVALID_EVALUATION, TOO_DEEP, UNKNOWN_STATE),
        echoes_request_id=True,
    ),
    ("GET", authzen.CONFIGURATION): Operation(
        id="authzen_configuration",
        tag=_AUTHZEN,
        summary="Where the endpoints of AuthZEN are",
        headers=(REQUEST_ID,),
        answers=(Answer(status=HTTPStatus.OK, says="The metadata.", body=Configuration),),
        echoes_request_id=True,
    ),
}
