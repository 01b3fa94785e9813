"""Which file holds which object: one each, in the folder `kubernetes` beside the plain files."""

from collections.abc import Mapping
from typing import Any, Final

from alerts import yaml_file
from alerts.clock import Clock
from alerts.kubernetes.delivery import alertmanager, mail_template
from alerts.kubernetes.monitors import pod_monitors, service_monitors
from alerts.kubernetes.routing import alertmanager_config
from alerts.kubernetes.rules import prometheus_rule
from alerts.rules import Group

FOLDER: Final = "kubernetes"


def files(
    groups: tuple[Group, ...], configuration: Mapping[str, Any], template: str, clock: Clock
) -> dict[str, str]:
    """Return every file by its name, folder included."""
    objects = (
        prometheus_rule(groups),
        *pod_monitors(clock),
        *service_monitors(clock),
        alertmanager_config(configuration),
        alertmanager(configuration),
        mail_template(template),
    )
    return {f"{FOLDER}/{_name(one)}.yaml": yaml_file.render(one) for one in objects}


def _name(found: Mapping[str, Any]) -> str:
    return f"{found['metadata']['name']}.{found['kind'].lower()}"
