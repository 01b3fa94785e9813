"""The Alertmanager that takes our AlertmanagerConfig whole, and the template of its mails."""

from collections.abc import Mapping
from typing import Any, Final

from alerts.alertmanager import MAIL_TEMPLATE
from alerts.kubernetes.objects import APPLICATION, described, operated

TEMPLATE: Final = f"{APPLICATION}-mail-template"

_REPLICAS: Final = 2
"""One may be restarted; they tell each other what has been sent."""


def alertmanager(configuration: Mapping[str, Any]) -> dict[str, Any]:
    """Return the object.

    The configuration is named as the global one: one that is only selected by its labels gets
    `namespace="…"` on each route, and sums over the service carry no such label.
    """
    specification = {
        "replicas": _REPLICAS,
        "alertmanagerConfiguration": {
            "name": APPLICATION,
            "global": {"resolveTimeout": configuration["global"]["resolve_timeout"]},
            "templates": [{"configMap": {"name": TEMPLATE, "key": MAIL_TEMPLATE}}],
        },
    }
    return operated("Alertmanager", APPLICATION, specification)


def mail_template(text: str) -> dict[str, Any]:
    """Return the ConfigMap that holds the mails' template."""
    return described("v1", "ConfigMap", TEMPLATE, {"data": {MAIL_TEMPLATE: text}})
