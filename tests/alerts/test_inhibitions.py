"""What a real Alertmanager holds back while something explains it, and what it tells all the same.

Alerts are posted to it as Prometheus does; no rule is evaluated here.
"""

import asyncio
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from alerts import naming
from alerts.__main__ import main
from app.objectives import (
    API_AVAILABILITY,
    AUDIT_SEALING,
    CHECK_LATENCY,
    REPORT_DELIVERY,
)
from compose.native.tools import find
from telemetry.catalog import Objective
from tests.alerts.live import SCALE, Daemon, Mailbox
from tests.servers import free_port

WEB = {"job": "sightline-web", "instance": "web:9464"}
SECOND = {"job": "sightline-web", "instance": "web2:9464"}
WORKER = {"job": "sightline-worker", "instance": "worker:9465"}
PATIENCE_SECONDS, GROUP_WAIT_SECONDS = 20.0, 1.0
ANNOTATIONS = dict.fromkeys(("summary", "description", "runbook_url", "graph_url"), "As it is.")

Alert = frozenset[tuple[str, str]]
"""Its labels."""


def page(name: str, **labels: str) -> Alert:
    return frozenset({"alertname": name, "severity": "critical", **labels}.items())


def ticket(name: str, **labels: str) -> Alert:
    return frozenset({"alertname": name, "severity": "warning", **labels}.items())


def burns(objective: Objective, window: str, severity: str = "warning") -> Alert:
    labels = {"slo": objective.slug, "window": window}
    return (page if severity == "critical" else ticket)(naming.burn_alert(objective), **labels)


DOWN, UNSEALED = naming.TARGET_DOWN, ticket(naming.AUDIT_SEALING_STOPPED)
NO_DATABASE = page(naming.DATABASE_UNAVAILABLE, **WEB)
BYPASSED = ticket(naming.CACHE_BYPASSED, **WEB)


@dataclass(frozen=True)
class Alertmanager:
    """One that runs, and the mailbox of those whom it tells."""

    url: str
    mailbox: Mailbox

    def fire(self, *alerts: Alert, ends_in_minutes: float = 10) -> None:
        ends = datetime.now(UTC) + timedelta(minutes=ends_in_minutes)
        posted = [
            {"labels": dict(one), "annotations": ANNOTATIONS, "endsAt": ends.isoformat()}
            for one in alerts
        ]
        httpx.post(f"{self.url}/api/v2/alerts", json=posted).raise_for_status()

    def held_back(self) -> set[Alert]:
        """Return the alerts that fire and are inhibited."""
        found = httpx.get(f"{self.url}/api/v2/alerts").raise_for_status().json()
        return {
            frozenset(alert["labels"].items()) for alert in found if alert["status"]["inhibitedBy"]
        }


@pytest.fixture(scope="module")
def alertmanager(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Alertmanager]:
    folder, mailbox = tmp_path_factory.mktemp("alertmanager"), Mailbox()
    smarthost = f"--smarthost=127.0.0.1:{mailbox.port}"
    assert main(["build", f"--scale={SCALE}", f"--out={folder}", smarthost]) == 0
    url = f"http://127.0.0.1:{free_port()}"
    daemon = Daemon(
        folder / "alertmanager.log",
        f"{url}/-/ready",
        str(find("alertmanager")),
        f"--config.file={folder / 'alertmanager.yaml'}",
        f"--storage.path={folder / 'data'}",
        f"--web.listen-address={url.partition('//')[2]}",
        "--cluster.listen-address=",
    )
    with ExitStack() as stack:
        stack.enter_context(mailbox.open())
        stack.callback(lambda: asyncio.run(daemon.stop()))
        asyncio.run(daemon.start())
        yield Alertmanager(url, mailbox)


@pytest.mark.parametrize(
    ("causes", "held_back", "told"),
    [
        pytest.param(
            [NO_DATABASE],
            [BYPASSED, ticket(naming.IMPORT_STUCK, **WEB)],
            [
                ticket(naming.CACHE_BYPASSED, **SECOND),
                ticket(naming.POOL_SATURATED, **WEB),
                ticket(naming.USER_BATCH_STUCK),
                burns(API_AVAILABILITY, "1h", "critical"),
            ],
            id="a process without its database",
        ),
        pytest.param(
            [burns(API_AVAILABILITY, "1h", "critical")],
            [burns(API_AVAILABILITY, "6h", "critical"), burns(API_AVAILABILITY, "3d")],
            [burns(CHECK_LATENCY, "6h", "critical")],
            id="a faster window",
        ),
        pytest.param(
            [page(naming.LOOP_BLOCKED, **WEB)],
            [ticket(naming.LOOP_BLOCKED, **WEB), BYPASSED],
            [ticket(naming.LOOP_BLOCKED, **SECOND), UNSEALED],
            id="a loop that hangs",
        ),
        pytest.param(
            [ticket(DOWN, job="jaeger", instance="jaeger:8888")],
            [ticket(naming.SPANS_DROPPED, **WEB), ticket(naming.EXEMPLARS_LOST, **SECOND)],
            [ticket(naming.LOG_LINES_DROPPED, **WEB)],
            id="no collector",
        ),
        pytest.param(
            [ticket(DOWN, job="prometheus", instance="other:9090"), ticket(naming.MAIL_FAILING)],
            [burns(REPORT_DELIVERY, "1h")],
            [ticket(naming.SPANS_DROPPED, **WEB), burns(AUDIT_SEALING, "1h")],
            id="mails fail, and another target is down",
        ),
        pytest.param(
            [ticket(DOWN, job="sightline-worker")],
            [UNSEALED, burns(AUDIT_SEALING, "1h")],
            [ticket(naming.QUEUE_DELAYED, report_queue="mail")],
            id="no worker at all",
        ),
        pytest.param(
            [ticket(DOWN, **WORKER), ticket(naming.QUEUE_DELAYED, report_queue="reports")],
            [burns(REPORT_DELIVERY, "1h")],
            [UNSEALED],
            id="one worker of several",
        ),
    ],
)
def test_what_is_explained_is_held_back_and_the_rest_is_told(
    alertmanager: Alertmanager, causes: list[Alert], held_back: list[Alert], told: list[Alert]
) -> None:
    every = (*causes, *held_back, *told)
    until = time.monotonic() + PATIENCE_SECONDS
    alertmanager.fire(*every)
    try:
        while (found := alertmanager.held_back()) != set(held_back) and time.monotonic() < until:
            time.sleep(0.1)
    finally:
        alertmanager.fire(*every, ends_in_minutes=-1)

    assert found == set(held_back)


def test_of_what_is_held_back_no_mail_comes(alertmanager: Alertmanager) -> None:
    lonely = {"job": "lonely", "instance": "lonely:9464"}

    def subjects() -> set[str]:
        mails = (str(mail["Subject"]) for mail in alertmanager.mailbox.mails)
        return {one for one in mails if lonely["job"] in one}

    alertmanager.fire(
        page(naming.DATABASE_UNAVAILABLE, **lonely),
        ticket(naming.CACHE_BYPASSED, **lonely),
        ticket(naming.POOL_SATURATED, **lonely),
    )
    expected = {
        f"[FIRING] {name}: As it is. (lonely)"
        for name in (naming.DATABASE_UNAVAILABLE, naming.POOL_SATURATED)
    }
    until = time.monotonic() + PATIENCE_SECONDS
    while not expected <= subjects() and time.monotonic() < until:
        time.sleep(0.1)
    time.sleep(2 * GROUP_WAIT_SECONDS)  # what is told too much comes no later than that

    assert subjects() == expected
