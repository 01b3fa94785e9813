"""What another alert makes moot: the slower window by the faster, effects by their causes.

A cause never silences a page: what users feel is told, whatever may explain it. Nor does it silence
what may be its own cause, such as a pool that is used up beside a database that does not answer, or
what one process of many does not explain, such as a queue that waits beside a worker that is down.
"""

from dataclasses import dataclass
from typing import Any, Final

from alerts import naming
from alerts.naming import Severity
from alerts.targets import WORKER
from alerts.windows import BURN_WINDOWS
from app.objectives import AUDIT_SEALING, REPORT_DELIVERY

_SAME_PROCESS: Final = (naming.JOB, naming.INSTANCE)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Explains:
    """While `cause` fires, the tickets of `effects` are told by it; `equal` labels must agree."""

    cause: str
    effects: tuple[str, ...]
    equal: tuple[str, ...] = ()
    where: tuple[str, ...] = ()


_EXPLAINED: Final = (
    _Explains(
        cause=naming.DATABASE_UNAVAILABLE,
        effects=(naming.CACHE_BYPASSED, naming.IMPORT_STUCK),
        equal=_SAME_PROCESS,
    ),
    _Explains(
        cause=naming.LOOP_BLOCKED,
        effects=(naming.CACHE_BYPASSED, naming.CACHE_BREAKER_OPEN, naming.POOL_SATURATED),
        equal=_SAME_PROCESS,
    ),
    _Explains(cause=naming.SPANS_DROPPED, effects=(naming.EXEMPLARS_LOST,), equal=_SAME_PROCESS),
    _Explains(
        cause=naming.TARGET_DOWN,
        where=(f'{naming.JOB}="jaeger"',),
        effects=(naming.SPANS_DROPPED, naming.EXEMPLARS_LOST),
    ),
    # No worker is known at all, which alone names no instance: then nobody seals.
    _Explains(
        cause=naming.TARGET_DOWN,
        where=(f'{naming.JOB}="{WORKER.jobs[0]}"', f'{naming.INSTANCE}=""'),
        effects=(naming.AUDIT_SEALING_STOPPED, naming.burn_alert(AUDIT_SEALING)),
    ),
    _Explains(cause=naming.MAIL_FAILING, effects=(naming.burn_alert(REPORT_DELIVERY),)),
    _Explains(cause=naming.QUEUE_DELAYED, effects=(naming.burn_alert(REPORT_DELIVERY),)),
    _Explains(cause=naming.AUDIT_SEALING_STOPPED, effects=(naming.burn_alert(AUDIT_SEALING),)),
)


def inhibitions() -> list[dict[str, Any]]:
    """Return Alertmanager's rules."""
    return [*_slower_windows(), _slow_by_hung(), *(_explained(one) for one in _EXPLAINED)]


def _slower_windows() -> list[dict[str, Any]]:
    """Let a faster window silence the slower ones of its objective: one fault, one message."""
    longs = [pair.long for pair in BURN_WINDOWS]
    return [
        {
            "source_matchers": [f'{naming.WINDOW}="{faster}"'],
            "target_matchers": [f'{naming.WINDOW}=~"{"|".join(longs[position:])}"'],
            "equal": [naming.ALERTNAME, naming.SLO],
        }
        for position, faster in enumerate(longs[:-1], start=1)
    ]


def _slow_by_hung() -> dict[str, Any]:
    name = f'{naming.ALERTNAME}="{naming.LOOP_BLOCKED}"'
    return {
        "source_matchers": [name, f'{naming.SEVERITY}="{Severity.CRITICAL.value}"'],
        "target_matchers": [name, f'{naming.SEVERITY}="{Severity.WARNING.value}"'],
        "equal": list(_SAME_PROCESS),
    }


def _explained(one: _Explains) -> dict[str, Any]:
    return {
        "source_matchers": [f'{naming.ALERTNAME}="{one.cause}"', *one.where],
        "target_matchers": [
            f'{naming.ALERTNAME}=~"{"|".join(one.effects)}"',
            f'{naming.SEVERITY}="{Severity.WARNING.value}"',
        ],
        "equal": list(one.equal),
    }
