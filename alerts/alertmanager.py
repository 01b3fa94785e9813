"""Alertmanager's configuration: who hears of what, how often, and what another alert makes moot.

Pages go by mail and webhook, tickets by mail, the Watchdog to the dead man's webhook alone.
"""

from typing import Any, Final

from alerts import naming
from alerts.clock import Clock
from alerts.naming import Severity
from alerts.receivers import Receivers
from alerts.windows import BURN_WINDOWS

MAIL_TEMPLATE: Final = "mail.tmpl"

_PAGE: Final = "page"
_TICKET: Final = "ticket"
_DEAD_MAN: Final = "dead-man"


def configuration(clock: Clock, receivers: Receivers) -> dict[str, Any]:
    """Return the configuration; every time in it is scaled."""
    return {
        "global": {
            "resolve_timeout": clock.pause("5m"),
            "smtp_smarthost": receivers.smarthost,
            "smtp_from": receivers.sender,
            "smtp_require_tls": False,
        },
        "templates": [MAIL_TEMPLATE],
        "route": _routes(clock),
        "inhibit_rules": _inhibitions(),
        "receivers": [
            {
                "name": _PAGE,
                "email_configs": [_mail(receivers)],
                "webhook_configs": [_webhook(receivers)],
            },
            {"name": _TICKET, "email_configs": [_mail(receivers)]},
            {"name": _DEAD_MAN, "webhook_configs": [_webhook(receivers)]},
        ],
    }


def _routes(clock: Clock) -> dict[str, Any]:
    return {
        # What no route below knows is still a ticket.
        "receiver": _TICKET,
        "group_by": [naming.ALERTNAME, naming.SLO, naming.JOB],
        "group_wait": clock.pause("30s"),
        "group_interval": clock.pause("5m"),
        "repeat_interval": clock.pause("1d"),
        "routes": [
            {
                "receiver": _DEAD_MAN,
                "matchers": [f'{naming.ALERTNAME}="{naming.WATCHDOG}"'],
                "group_wait": "0s",
                "group_interval": clock.pause("1m"),
                "repeat_interval": clock.pause("5m"),
            },
            {
                "receiver": _PAGE,
                "matchers": [f'{naming.SEVERITY}="{Severity.CRITICAL.value}"'],
                "repeat_interval": clock.pause("4h"),
            },
            {
                "receiver": _TICKET,
                "matchers": [f'{naming.SEVERITY}="{Severity.WARNING.value}"'],
            },
        ],
    }


def _inhibitions() -> list[dict[str, Any]]:
    """Let a faster window silence the slower ones of its objective: one fault, one message.

    TargetDown silences nothing. A burning budget is what users feel; the loss of one process may
    explain it, or may not, and must never hide it.
    """
    longs = [pair.long for pair in BURN_WINDOWS]
    return [
        {
            "source_matchers": [f'{naming.WINDOW}="{faster}"'],
            "target_matchers": [f'{naming.WINDOW}=~"{"|".join(longs[position:])}"'],
            "equal": [naming.ALERTNAME, naming.SLO],
        }
        for position, faster in enumerate(longs[:-1], start=1)
    ]


def _mail(receivers: Receivers) -> dict[str, Any]:
    return {
        "to": receivers.on_call,
        "send_resolved": True,
        "headers": {"Subject": '{{ template "sightline.subject" . }}'},
        "text": '{{ template "sightline.text" . }}',
        "html": '{{ template "sightline.html" . }}',
    }


def _webhook(receivers: Receivers) -> dict[str, Any]:
    return {"url": receivers.webhook, "send_resolved": True}
