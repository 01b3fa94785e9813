"""The complete URL table: every path that the service answers, and which of them want a key."""

from collections.abc import Sequence

from starlette.routing import Route

from app.authorization.register import GrantRegister
from app.authorization.service import AuthorizationService
from app.http import grants, health, permissions
from app.http.authentication import KeyRing
from app.reports.http import routes as report_routes
from app.reports.scheduler import ReportScheduler
from app.reports.status import ReportStatuses
from telemetry.pseudonyms import Pseudonyms


def url_table(  # noqa: PLR0913  # all that the handlers need
    *,
    keys: KeyRing,
    dependencies: Sequence[health.Dependency],
    authorization: AuthorizationService,
    register: GrantRegister,
    scheduler: ReportScheduler,
    statuses: ReportStatuses,
    pseudonyms: Pseudonyms,
) -> list[Route]:
    """Return the routes; all but the two of health are behind a key."""
    return [
        Route("/livez", health.live, methods=["GET"]),
        Route("/readyz", health.ready(dependencies), methods=["GET"]),
        *keys.protect(
            [
                Route("/permissions/check", permissions.check(authorization), methods=["POST"]),
                Route(
                    "/access/v1/evaluation", permissions.evaluate(authorization), methods=["POST"]
                ),
                Route("/grants", grants.change(register, pseudonyms), methods=["POST", "DELETE"]),
                *report_routes(scheduler, statuses, pseudonyms),
            ]
        ),
    ]
