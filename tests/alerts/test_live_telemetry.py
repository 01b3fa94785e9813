"""The alerts on telemetry in compressed time: faults of the real telemetry, told and untold."""

import re
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from alerts import build, naming
from alerts.runbooks_frame import sections
from tests.alerts.instrumented import InstrumentedService
from tests.alerts.live import Platform, wait_for

pytestmark = pytest.mark.platform

NAMES = (
    naming.INPUT_REFUSED,
    naming.LOG_LINES_DROPPED,
    naming.SCRAPES_REFUSED,
    naming.SERIES_CAPPED,
    naming.SIGNALS_CUT,
    naming.SPANS_DROPPED,
)
_QUERY = re.compile(r"^```promql\n(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A platform whose telemetry is broken, and whose mails say so."""
    live = Platform(tmp_path_factory.mktemp("live"), InstrumentedService())
    with live.running(), ExitStack() as stack:
        stack.enter_context(live.worker.scraped())
        wait_for("a first scrape", lambda: live.value('up{job="sightline-web"} == 1'))
        assert not [mail for mail in live.mailbox.mails if "Telemetry" in str(mail["Subject"])]
        live.web.break_down()
        for name in NAMES:
            _await_mail(live, "FIRING", name)
        yield live


@pytest.mark.parametrize("name", NAMES)
def test_the_queries_of_the_runbook_have_data_while_the_fault_is_on(
    platform: Platform, name: str
) -> None:
    text = (build.RUNBOOKS / f"{name}.md").read_text()
    queries = _QUERY.findall(sections(text)["Diagnosis"])
    assert {
        query: platform.value(query) for query in queries if platform.value(query) is None
    } == {}


@pytest.mark.parametrize("name", NAMES)
def test_the_mail_says_which_process_and_how_much(platform: Platform, name: str) -> None:
    body = _await_mail(platform, "FIRING", name)
    assert "<no value>" not in body
    (what,) = re.findall(r"^What: +(.*)", body, flags=re.MULTILINE)[:1]
    before, process, after = what.partition(f"127.0.0.1:{platform.web.port} of sightline-web")
    assert process
    assert re.search(r"\d", before + after)
    assert f"http://localhost:8026/runbooks/{name}" in body.splitlines()
    assert "/d/sightline-telemetry-health?" in body


def test_what_is_mended_is_told(platform: Platform) -> None:
    platform.web.repair()
    for name in NAMES:
        assert "RESOLVED" in _await_mail(platform, "RESOLVED", name)


def _await_mail(platform: Platform, status: str, name: str) -> str:
    start = f"[{status}] {name}: "
    mail = wait_for(f"a mail {start}", lambda: platform.mailbox.with_subject(start))
    part = mail.get_body(("plain",))
    assert part is not None
    content: str = part.get_content()
    return content
