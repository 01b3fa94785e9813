"""The alerts on those who call: keys that are refused, and nobody who calls any more."""

from typing import Final

from alerts import cause, naming, promql
from alerts.cause import SERVICE_JOBS, Cause, Traces
from alerts.clock import Clock
from alerts.links import ACCESS_BOARD, SERVICE_BOARD, Links
from alerts.naming import Severity
from alerts.rules import Group
from alerts.targets import WEB
from app.signals import REFUSAL_REASON, REFUSALS
from telemetry.catalog import http

_WEB_JOB: Final = promql.equal(naming.JOB, WEB.jobs[0])
_NO_KEY: Final = "unauthenticated|address_limited"
_REFUSED_SHARE: Final = "0.2"
_FEWEST_REFUSED: Final = 50
_FEWEST_BEFORE: Final = "0.1"
"""Requests a second: a service that nobody called before has not been left."""


def group(clock: Clock, links: Links) -> Group:
    """Return the alerts on clients."""
    return cause.group(
        "clients", (_credentials_refused(clock), _traffic_stopped(clock)), clock, links
    )


def _requests() -> str:
    ours = promql.condition(http.ROUTE, "!~", "/livez|/readyz")
    return promql.selector(f"{http.REQUEST_DURATION.prometheus_name}_count", _WEB_JOB, ours)


def _credentials_refused(clock: Clock) -> Cause:
    window = clock.window("5m")
    refusals = promql.selector(
        REFUSALS.prometheus_name, SERVICE_JOBS, promql.condition(REFUSAL_REASON, "=~", _NO_KEY)
    )
    refused = f"sum by ({naming.JOB}) (increase({refusals}[{window}]))"
    every = f"sum by ({naming.JOB}) (increase({_requests()}[{window}]))"
    return Cause(
        name=naming.CREDENTIALS_REFUSED,
        summary="Many requests come without a valid key.",
        description=(
            "{{ $value | humanizePercentage }} of the requests of {{ $labels.job }} in the last "
            f"{window} had no key that is valid: one has expired or was revoked under a client, or "
            "somebody tries keys."
        ),
        expression=f"({refused} > {_FEWEST_REFUSED})\n/\n({every} > 0)\n> {_REFUSED_SHARE}",
        shown=refused,
        hold="5m",
        board=ACCESS_BOARD,
        traces=Traces(WEB.jobs[0], tag=(http.STATUS_CODE.attribute, "401")),
    )


def _traffic_stopped(clock: Clock) -> Cause:
    window, lately, before = (clock.window(nominal) for nominal in ("5m", "15m", "6h"))
    asked = f"sum by ({naming.JOB}) (rate({_requests()}[{window}]))"
    live = promql.selector(naming.UP, _WEB_JOB)
    # After a rollout no process may have been asked anything yet: there is no such series then.
    now = f"{asked}\nor on ({naming.JOB})\n0 * sum by ({naming.JOB}) ({live} == 1)"
    then = f"sum by ({naming.JOB}) (rate({_requests()}[{lately}]))"
    return Cause(
        name=naming.TRAFFIC_STOPPED,
        summary="Nobody calls the service any more.",
        description=(
            f"No request reached {{{{ $labels.job }}}} in the last {window}, and within the last "
            f"{before} there were. What stands before it may be broken: no objective sees what "
            "does not arrive."
        ),
        # It stays until somebody calls again, and is forgotten only after hours.
        expression=(
            f"({now}) == 0\nand on ({naming.JOB})\n"
            f"max_over_time({then}[{before}:{window}]) > {_FEWEST_BEFORE}"
        ),
        shown=now,
        hold="5m",
        severity=Severity.CRITICAL,
        board=SERVICE_BOARD,
    )
