"""What people are told in a live run, message by message: whole, true, and by their own way."""

import re
from email.message import EmailMessage

import httpx
import pytest

from alerts import naming
from app.objectives import OBJECTIVES, REPORT_DELIVERY
from tests.alerts.acts import Run
from tests.alerts.faults_watching import TELEMETRY
from tests.alerts.heard import RULES, body

pytestmark = pytest.mark.platform

BURNS = tuple(naming.burn_alert(objective) for objective in OBJECTIVES)
PAGES = tuple(naming.burn_alert(objective) for objective in OBJECTIVES if objective.wakes)
TRACED = (*PAGES, naming.burn_alert(REPORT_DELIVERY))


def test_every_mail_is_whole_in_both_forms(lived: Run) -> None:
    mails = lived.watchers.mailbox.mails
    names = {rule.name for rule in RULES} - {naming.WATCHDOG}

    assert {name_of(mail) for mail in mails} == names
    for mail in mails:
        text, html = (body(mail, kind) for kind in ("plain", "html"))
        for form in (text, html):
            assert "<no value>" not in form
            assert "{{" not in form
            assert "%!" not in form
            assert re.search(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", form)
        links = set(re.findall(r"https?://\S+", text))
        assert f"http://localhost:8026/runbooks/{name_of(mail)}" in links
        assert any(link.endswith("&to=now") for link in links)
        assert links <= set(re.findall(r'href="([^"]+)"', html.replace("&amp;", "&")))


@pytest.mark.parametrize("name", BURNS)
def test_a_burn_says_how_bad_it_is_and_that_time_is_compressed(lived: Run, name: str) -> None:
    text = body(_first(lived, name, "1h window"))

    assert re.search(r"Burn rate: \d+\.\dx over 15s, \d+\.\dx over 4s", text)
    assert re.search(r"Errors: +[\d.]+% over 15s, [\d.]+% over 4s", text)
    assert re.search(r"Budget: +(all|[\d.]+%) of the 3h budget is (spent|left, gone in)", text)
    assert "Compressed time" in text
    assert ("/search?service=sightline-" in text) == (name in TRACED)


@pytest.mark.parametrize("name", [*TELEMETRY, naming.EXEMPLARS_LOST, naming.CACHE_BREAKER_OPEN])
def test_a_mail_says_which_process_and_how_much(lived: Run, name: str) -> None:
    what = re.findall(r"^What: +(.*)", body(_first(lived, name)), flags=re.MULTILINE)[0]

    process = re.search(r"127\.0\.0\.1:(\d+) of sightline-web", what)

    assert process
    assert name == naming.CACHE_BREAKER_OPEN or re.search(r"\d", what.replace(process.group(), ""))


def test_the_traces_are_those_that_broke_the_promise(lived: Run) -> None:
    available, latency = (_annotations(lived, name)["traces_url"] for name in PAGES)

    assert httpx.QueryParams(available.partition("?")[2])["tags"] == (
        '{"http.response.status_code":"503"}'
    )
    assert httpx.QueryParams(latency.partition("?")[2])["minDuration"] == "100ms"


def test_the_silence_link_means_this_alert_and_no_other(lived: Run) -> None:
    lines = body(_first(lived, BURNS[0])).splitlines()

    link = next(line for line in lines if "/#/silences/new" in line)

    # The Alertmanager without a peer tells of it too, by its own address, but never by mail.
    assert link == (
        f"{lived.watchers.urls['alertmanager']}/#/silences/new?filter=%7B"
        f"alertname%3D%22{BURNS[0]}%22%2Cslo%3D%22{OBJECTIVES[0].slug}%22%7D"
    )


def test_pages_go_to_the_webhook_and_tickets_do_not(lived: Run) -> None:
    posted = lived.watchers.inbox.alerts

    assert {alert["labels"]["severity"] for alert in posted} == {"critical", "info"}
    assert {rule.name for rule in RULES if rule.severity.value == "critical"} <= {
        alert["labels"]["alertname"] for alert in posted
    }


def test_the_watchdog_keeps_coming_and_never_by_mail(lived: Run) -> None:
    names = [alert["labels"]["alertname"] for alert in lived.watchers.inbox.alerts]

    assert names.count(naming.WATCHDOG) > 2
    assert not [mail for mail in lived.watchers.mailbox.mails if name_of(mail) == naming.WATCHDOG]


def test_the_graph_of_every_message_has_data(lived: Run) -> None:
    assert {name for name, has_data in lived.graphs.items() if not has_data} == set()
    assert lived.graphs.keys() == {rule.name for rule in RULES}


def name_of(mail: EmailMessage) -> str:
    return str(mail["Subject"]).partition("] ")[2].partition(":")[0]


def _first(run: Run, name: str, content: str = "") -> EmailMessage:
    start = f"[FIRING] {name}: "
    return next(
        mail
        for mail in run.watchers.mailbox.mails
        if str(mail["Subject"]).startswith(start) and content in body(mail)
    )


def _annotations(run: Run, name: str) -> dict[str, str]:
    found: dict[str, str] = next(
        alert["annotations"]
        for alert in run.watchers.inbox.alerts
        if alert["labels"]["alertname"] == name and alert["status"] == "firing"
    )
    return found
