"""The complete URL table: every path that the service answers, and which of them want a key."""

from collections.abc import Sequence

from starlette.routing import Route

from app.audit.decisions import DecisionsOfRecord
from app.audit.http import routes as audit_routes
from app.authorization.listing import GraphListing
from app.authorization.questions import GraphQuestions
from app.authorization.register import GrantRegister
from app.authorization.service import AuthorizationService
from app.database.pool import DatabasePool
from app.http import authzen, grants, health, permissions, relations
from app.http.authentication import Gate
from app.http.docs.routes import documented
from app.reports.control import ReportControl
from app.reports.http import routes as report_routes
from app.reports.scheduler import ReportScheduler
from app.reports.schedules import ReportSchedules
from app.reports.schedules_http import routes as schedule_routes
from app.reports.status import ReportStatuses
from app.security.roles import Role
from telemetry.pseudonyms import Pseudonyms


def url_table(  # noqa: PLR0913  # all that the handlers need
    *,
    keys: Gate,
    dependencies: Sequence[health.Dependency],
    authorization: AuthorizationService,
    questions: GraphQuestions,
    register: GrantRegister,
    listing: GraphListing,
    scheduler: ReportScheduler,
    statuses: ReportStatuses,
    control: ReportControl,
    schedules: ReportSchedules,
    pseudonyms: Pseudonyms,
    public_url: str,
    pool: DatabasePool,
    imports: Sequence[Route],
    user_batches: Sequence[Route],
) -> list[Route]:
    """Return the routes; all but health, metadata and the API's own description want a key."""
    on_record = DecisionsOfRecord(authorization, questions, pool)
    routes = [
        Route("/livez", health.live, methods=["GET"]),
        Route("/readyz", health.ready(dependencies), methods=["GET"]),
        authzen.configuration(public_url),
        *keys.protect(
            [
                Route(
                    "/permissions/check",
                    permissions.check(authorization, on_record),
                    methods=["POST"],
                ),
                Route(
                    "/permissions/checks",
                    permissions.check_many(questions, on_record),
                    methods=["POST"],
                ),
            ],
            Role.CHECK,
        ),
        *keys.protect(
            [Route("/permissions/explain", permissions.explain(questions), methods=["POST"])],
            Role.MANAGE,
            Role.AUDIT,
        ),
        *authzen.with_request_ids(
            keys.protect(authzen.routes(authorization, questions, on_record), Role.CHECK)
        ),
        *keys.protect(
            [
                Route(
                    "/grants",
                    grants.change(register, listing, pseudonyms),
                    methods=["GET", "POST", "DELETE"],
                ),
                *relations.routes(register, listing, pseudonyms),
                *report_routes(scheduler, statuses, control, pseudonyms),
                *schedule_routes(schedules, pseudonyms),
                *imports,
                *user_batches,
            ],
            Role.MANAGE,
        ),
        *keys.protect(audit_routes(pool), Role.AUDIT),
    ]
    return documented(routes, public_url)
