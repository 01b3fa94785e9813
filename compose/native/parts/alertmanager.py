"""Alertmanager, and the task that makes rules and routing for the run's time scale and ports."""

import sys
from typing import Final

from compose.native.part import Part
from compose.native.plan import Plan
from compose.native.ports import HOST
from compose.native.readiness import http_ok
from compose.native.tools import Tools

RULES: Final = "rules"


def alerting_files(plan: Plan) -> Part:
    """Return the task that writes rules, routing and mail template: the shipped generator.

    Links lead to what runs here; the native run has no Grafana, so those are left out.
    """
    ports = plan.ports
    bases = {
        "grafana": "",
        "jaeger": plan.url(ports.jaeger) if plan.jaeger else "",
        "prometheus": plan.url(ports.prometheus),
        "runbooks": plan.url(ports.inbox, "/runbooks"),
    }
    return Part(
        name=RULES,
        command=(
            *(sys.executable, "-m", "alerts", "build"),
            f"--scale={plan.scale}",
            f"--out={plan.alert_files}",
            f"--smarthost={HOST}:{ports.smtp}",
            f"--webhook={plan.url(ports.inbox, '/alerts')}",
            *(f"--base-url={name}={base}" for name, base in bases.items()),
        ),
        ready=None,
    )


def alertmanager(plan: Plan, tools: Tools) -> Part:
    """Return Alertmanager; its templates are beside its configuration."""
    own = plan.url(plan.ports.alertmanager)
    return Part(
        name="alertmanager",
        command=(
            str(tools.find("alertmanager")),
            f"--config.file={plan.alert_files / 'alertmanager.yaml'}",
            f"--storage.path={plan.folder.data / 'alertmanager'}",
            f"--web.listen-address={HOST}:{plan.ports.alertmanager}",
            f"--web.external-url={own}",
            "--cluster.listen-address=",  # one instance: no gossip, no second port
        ),
        ready=http_ok(f"{own}/-/ready"),
        needs=(RULES, "mail", "inbox"),
    )
