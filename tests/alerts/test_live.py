"""The shipped rules in compressed time, on a real Prometheus and Alertmanager: told, and untold."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from email.message import EmailMessage

import httpx
import pytest

from alerts import naming
from app.objectives import OBJECTIVES
from tests.alerts.live import Platform, wait_for

pytestmark = pytest.mark.platform

BURNS = tuple(naming.burn_alert(objective) for objective in OBJECTIVES)


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A platform that was broken, reported it, was repaired, and reported that too."""
    live = Platform(tmp_path_factory.mktemp("live"))
    with live.running():
        with live.worker.scraped():
            wait_for("the Watchdog", lambda: live.inbox.alert(naming.WATCHDOG, "firing"))
            wait_for("traffic", lambda: live.value("slo:errors:ratio") is not None)
        live.web.break_down()
        for name in (*BURNS, naming.TARGET_DOWN):
            _await_mail(live, "FIRING", name)
        for name in BURNS:
            _await_webhook(live, "firing", name)
        live.web.repair()
        with ExitStack() as stack:
            stack.enter_context(live.worker.scraped())
            for name in (*BURNS, naming.TARGET_DOWN):
                _await_mail(live, "RESOLVED", name)
            for name in BURNS:
                _await_webhook(live, "resolved", name)
            yield live


@pytest.mark.parametrize("name", [*BURNS, naming.TARGET_DOWN])
@pytest.mark.parametrize("status", ["FIRING", "RESOLVED"])
def test_the_mail_is_whole_in_both_forms(platform: Platform, name: str, status: str) -> None:
    mail = _await_mail(platform, status, name)

    text, html = (_body(mail, kind) for kind in ("plain", "html"))
    for body in (text, html):
        assert "<no value>" not in body
        assert "{{" not in body
        assert "%!" not in body
        assert str(mail["Subject"]).partition(": ")[2] in body
        assert re.search(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", body)
    links = set(re.findall(r"https?://\S+", text))
    assert f"http://localhost:8026/runbooks/{name}" in links
    assert any("/search?service=sightline-" in link for link in links)
    assert any(link.endswith("&to=now") for link in links)
    assert links <= set(re.findall(r'href="([^"]+)"', html.replace("&amp;", "&")))


@pytest.mark.parametrize("name", BURNS)
def test_the_page_says_how_bad_it_is_and_that_time_is_compressed(
    platform: Platform, name: str
) -> None:
    body = _body(_await_mail(platform, "FIRING", name), "plain")

    assert re.search(r"Burn rate: \d+\.\dx over 1m, \d+\.\dx over 5s", body)
    assert re.search(r"Errors: +[\d.]+% over 1m, [\d.]+% over 5s", body)
    assert re.search(r"Budget: +(all|[\d.]+%) of the 12h budget is (spent|left, gone in)", body)
    assert "Compressed time" in body


def test_the_traces_are_those_that_broke_the_promise(platform: Platform) -> None:
    available, latency = (_annotations(platform, name)["traces_url"] for name in BURNS)

    assert httpx.QueryParams(available.partition("?")[2])["tags"] == (
        '{"http.response.status_code":"503"}'
    )
    assert httpx.QueryParams(latency.partition("?")[2])["minDuration"] == "100ms"


def test_the_silence_link_means_this_alert_and_no_other(platform: Platform) -> None:
    body = _body(_await_mail(platform, "FIRING", BURNS[0]), "plain")

    link = next(line for line in body.splitlines() if "/#/silences/new" in line)

    assert link == (
        f"{platform.alertmanager_url}/#/silences/new?filter=%7B"
        f"alertname%3D%22{BURNS[0]}%22%2Cslo%3D%22{OBJECTIVES[0].slug}%22%7D"
    )


def test_pages_go_to_the_webhook_and_tickets_do_not(platform: Platform) -> None:
    told = {alert["labels"]["alertname"] for alert in platform.inbox.alerts}

    assert told == {*BURNS, naming.WATCHDOG}


def test_the_watchdog_keeps_coming_and_never_by_mail(platform: Platform) -> None:
    pulses = [
        alert for alert in platform.inbox.alerts if alert["labels"]["alertname"] == naming.WATCHDOG
    ]

    assert len(pulses) > 1
    assert not [mail for mail in platform.mailbox.mails if naming.WATCHDOG in str(mail["Subject"])]


def test_the_graph_of_the_mail_has_data(platform: Platform) -> None:
    url = _annotations(platform, BURNS[0])["graph_url"]

    expression = httpx.QueryParams(url.partition("?")[2])["g0.expr"]

    assert url.startswith(platform.prometheus_url)
    assert platform.value(expression) is not None


def _await_mail(platform: Platform, status: str, name: str) -> EmailMessage:
    start = f"[{status}] {name}: "
    return wait_for(f"a mail {start}", lambda: platform.mailbox.with_subject(start))


def _await_webhook(platform: Platform, status: str, name: str) -> None:
    wait_for(f"a webhook: {name} {status}", lambda: platform.inbox.alert(name, status))


def _annotations(platform: Platform, name: str) -> dict[str, str]:
    alert = platform.inbox.alert(name, "firing")
    assert alert
    found: dict[str, str] = alert["annotations"]
    return found


def _body(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    assert part is not None
    content: str = part.get_content()
    return content
