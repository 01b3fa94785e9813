"""Ready forms for Slack and PagerDuty: off until the file with their secret is named.

Alertmanager reads the files itself and anew for each message, so no secret is in a configuration.
"""

from typing import Any, Final

from alerts.receivers import Receivers

_SUBJECT: Final = '{{ template "sightline.subject" . }}'
_FIRST: Final = "{{ (index .Alerts 0).Annotations.%s }}"


def slack(receivers: Receivers) -> dict[str, Any]:
    """Return what a receiver says in Slack, or nothing."""
    if not receivers.slack_url_file:
        return {}
    links = (("Runbook", "runbook_url"), ("Dashboard", "dashboard_url"), ("Graph", "graph_url"))
    return {
        "slack_configs": [
            {
                "api_url_file": receivers.slack_url_file,
                "channel": receivers.slack_channel,
                "send_resolved": True,
                "color": '{{ if eq .Status "firing" }}danger{{ else }}good{{ end }}',
                "title": _SUBJECT,
                "title_link": _FIRST % "runbook_url",
                "text": '{{ template "sightline.chat" . }}',
                "actions": [
                    {"type": "button", "text": text, "url": _FIRST % name} for text, name in links
                ],
            }
        ]
    }


def pagerduty(receivers: Receivers) -> dict[str, Any]:
    """Return what a receiver raises in PagerDuty, or nothing."""
    if not receivers.pagerduty_key_file:
        return {}
    return {
        "pagerduty_configs": [
            {
                "routing_key_file": receivers.pagerduty_key_file,
                "send_resolved": True,
                "severity": "{{ .CommonLabels.severity }}",
                "class": "{{ .GroupLabels.alertname }}",
                "component": "{{ .CommonLabels.job }}",
                "description": _SUBJECT,
                "details": {"what": '{{ template "sightline.chat" . }}'},
                "links": [
                    {"href": _FIRST % "runbook_url", "text": "Runbook"},
                    {"href": _FIRST % "graph_url", "text": "Graph"},
                ],
            }
        ]
    }
