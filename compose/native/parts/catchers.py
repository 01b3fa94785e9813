"""Where messages arrive: the mail catcher and the inbox of Alertmanager's webhook."""

import sys

from compose.native.part import Part
from compose.native.plan import Plan
from compose.native.readiness import both, http_ok, smtp_greets


def mail(plan: Plan) -> Part:
    """Return the mail catcher: SMTP in, a file for each mail, a page to read them on."""
    ports = plan.ports
    return Part(
        name="mail",
        command=(
            *(sys.executable, "-m", "compose", "mail"),
            f"--smtp-port={ports.smtp}",
            f"--port={ports.mail}",
            f"--folder={plan.folder.mails}",
        ),
        ready=both(smtp_greets(ports.smtp), http_ok(plan.url(ports.mail, "/api/messages"))),
    )


def inbox(plan: Plan) -> Part:
    """Return the inbox."""
    return Part(
        name="inbox",
        command=(sys.executable, "-m", "compose", "inbox", f"--port={plan.ports.inbox}"),
        ready=http_ok(plan.url(plan.ports.inbox, "/alerts")),
    )
