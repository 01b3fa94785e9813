"""The alerts on those who call: keys that are refused, and nobody who calls any more."""

from typing import Final

from alerts import cause, naming, promql, watching
from alerts.cause import Cause, Traces
from alerts.clock import Clock
from alerts.links import ACCESS_BOARD, SERVICE_BOARD, Links
from alerts.naming import Severity
from alerts.rules import Group
from alerts.targets import SERVICE_JOBS, WEB
from app.signals import REFUSAL_REASON, REFUSALS
from telemetry.catalog import http

_NO_KEY: Final = promql.where(REFUSAL_REASON, "=~", "unauthenticated|address_limited")
_NO_PROBE: Final = promql.where(http.ROUTE, "!~", "/livez|/readyz")
_REFUSED_SHARE: Final = "0.2"
_FEWEST_REFUSED: Final = 50
_FEWEST_BEFORE: Final = "0.1"
"""Requests a second: a service that nobody called before has not been left."""


def group(clock: Clock, links: Links) -> Group:
    """Return the alerts on clients."""
    return cause.group(
        "clients", (_credentials_refused(clock), _traffic_stopped(clock)), clock, links
    )


def _credentials_refused(clock: Clock) -> Cause:
    window = clock.window("5m")
    refused, every = (
        f"sum by ({naming.JOB}) ({promql.increase(metric, window, jobs, condition)})"
        for metric, jobs, condition in (
            (REFUSALS, SERVICE_JOBS, _NO_KEY),
            (http.REQUEST_DURATION, WEB.jobs, _NO_PROBE),
        )
    )
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
    asked, then = (
        f"sum by ({naming.JOB}) ({promql.rate(http.REQUEST_DURATION, over, WEB.jobs, _NO_PROBE)})"
        for over in (window, lately)
    )
    live = promql.level(watching.UP, WEB.jobs)
    # After a rollout no process may have been asked anything yet: there is no such series then.
    now = f"{asked}\nor on ({naming.JOB})\n0 * sum by ({naming.JOB}) ({live} == 1)"
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
