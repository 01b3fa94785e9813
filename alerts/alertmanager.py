"""Alertmanager's configuration: who hears of what, how often, and what another alert makes moot.

Pages go by mail and webhook, tickets by mail, the Watchdog to the dead man's webhook alone. Slack
takes both and PagerDuty the pages, where they are on.
"""

from typing import Any, Final

from alerts import chat, naming
from alerts.clock import Clock
from alerts.inhibitions import inhibitions
from alerts.naming import Severity
from alerts.receivers import QuietHours, Receivers

MAIL_TEMPLATE: Final = "mail.tmpl"

_PAGE: Final = "page"
_TICKET: Final = "ticket"
_DEAD_MAN: Final = "dead-man"
_QUIET: Final = "quiet-hours"


def configuration(clock: Clock, receivers: Receivers) -> dict[str, Any]:
    """Return the configuration; every time in it is scaled."""
    return {
        "global": {
            "resolve_timeout": clock.pause("5m"),
            "smtp_smarthost": receivers.smarthost,
            "smtp_from": receivers.sender,
            **_login(receivers),
        },
        "templates": [MAIL_TEMPLATE],
        "route": _routes(clock, receivers),
        **_time_intervals(receivers.quiet),
        "inhibit_rules": inhibitions(),
        "receivers": [
            {
                "name": _PAGE,
                "email_configs": [_mail(receivers)],
                "webhook_configs": [_webhook(receivers.webhook)],
                **chat.slack(receivers),
                **chat.pagerduty(receivers),
            },
            {"name": _TICKET, "email_configs": [_mail(receivers)], **chat.slack(receivers)},
            {
                "name": _DEAD_MAN,
                "webhook_configs": [_webhook(receivers.dead_man or receivers.webhook)],
            },
        ],
    }


def _routes(clock: Clock, receivers: Receivers) -> dict[str, Any]:
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
                **({"mute_time_intervals": [_QUIET]} if receivers.quiet else {}),
            },
        ],
    }


def _mail(receivers: Receivers) -> dict[str, Any]:
    return {
        "to": receivers.on_call,
        "send_resolved": True,
        "headers": {"Subject": '{{ template "sightline.subject" . }}'},
        "text": '{{ template "sightline.text" . }}',
        "html": '{{ template "sightline.html" . }}',
    }


def _webhook(url: str) -> dict[str, Any]:
    return {"url": url, "send_resolved": True}


def _login(receivers: Receivers) -> dict[str, Any]:
    if not receivers.smtp_password_file:
        return {"smtp_require_tls": False}
    return {
        "smtp_require_tls": True,
        "smtp_auth_username": receivers.smtp_user,
        "smtp_auth_password_file": receivers.smtp_password_file,
    }


def _time_intervals(quiet: QuietHours | None) -> dict[str, Any]:
    """Return when tickets wait; a range may not run over midnight, so it is cut there."""
    if quiet is None:
        return {}
    if quiet.start < quiet.end:
        ranges = [(quiet.start, quiet.end)]
    else:
        ranges = [(quiet.start, "24:00"), ("00:00", quiet.end)]
    times = [{"start_time": start, "end_time": end} for start, end in ranges if start != end]
    intervals: list[dict[str, Any]] = [{"times": times, "location": quiet.zone}]
    if quiet.weekends:
        intervals.append({"weekdays": ["saturday", "sunday"], "location": quiet.zone})
    return {"time_intervals": [{"name": _QUIET, "time_intervals": intervals}]}
