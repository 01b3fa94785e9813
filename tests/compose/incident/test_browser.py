"""The pages in a real browser: nothing is asked for, nothing is complained of, all can be seen."""

import asyncio
import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from compose.incident.browser import Browser, BrowserError
from compose.incident.command import picture, write_sample
from compose.incident.index import index
from compose.incident.page import SECTIONS, page
from compose.incident.reading import incident
from compose.native.errors import MissingPartError
from compose.native.guard import Guard
from compose.native.provision.debian import CHROMIUM, obtain_package
from compose.native.tools import Tools, find
from tests.compose.incident.records import hostile, sample

pytestmark = pytest.mark.platform

_VISIBLE = """
Array.from(document.querySelectorAll("section[id], header, footer, svg")).map(one => {
  const box = one.getBoundingClientRect();
  return [one.id || one.tagName, box.width, box.height,
          one.checkVisibility({opacityProperty: true, visibilityProperty: true}),
          one.closest("details:not([open])") !== null];
})
"""


@pytest.fixture(scope="module")
def chromium() -> Path:
    tools = Tools()
    if tools.look("chromium") is None:
        try:
            with Guard() as guard:
                asyncio.run(obtain_package(CHROMIUM, tools, guard, lambda _: None))
        except MissingPartError as error:
            if os.environ.get("CI"):
                raise
            pytest.skip(str(error))
    return tools.find("chromium")


@pytest.fixture(scope="module")
def browser(chromium: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with Browser(chromium, tmp_path_factory.mktemp("browser")) as opened:
        yield opened


@contextmanager
def _listening() -> Iterator[tuple[str, list[str]]]:
    """A server on this machine; yields its address, and what it was asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", asked
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("width", [1200, 390])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_a_page_asks_for_nothing_and_shows_everything(
    browser: Browser, tmp_path: Path, width: int, *, dark: bool
) -> None:
    seen = browser.open(write_sample(tmp_path).as_uri(), dark=dark, width=width)
    assert seen.requests == []
    assert seen.complaints == []
    parts = browser.evaluate(_VISIBLE)
    assert [name for name, *_ in parts if name in {at for at, *_ in SECTIONS}] == [
        at for at, *_ in SECTIONS
    ]
    for name, wide, high, visible, folded in parts:
        assert folded or (visible and wide > 200 and high > 40), name
    assert browser.evaluate("document.documentElement.scrollWidth") <= width
    [mail] = browser.frames()
    assert "ApiAvailabilityBudgetBurn" in mail
    ground = browser.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == ("rgb(16, 18, 22)" if dark else "rgb(246, 245, 241)")


def test_what_is_folded_opens(browser: Browser, tmp_path: Path) -> None:
    seen = browser.open(write_sample(tmp_path).as_uri())
    browser.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    assert all(visible and high > 40 for _, _, high, visible, _ in browser.evaluate(_VISIBLE))
    attributes = browser.evaluate("document.querySelector('.waterfall dl').innerText")
    assert "http.response.status_code" in attributes
    assert seen.complaints == []


def test_a_hostile_record_runs_and_fetches_nothing(browser: Browser, tmp_path: Path) -> None:
    with _listening() as (address, asked):
        text = json.dumps(hostile()).replace("http://127.0.0.1:9", address)
        file = tmp_path / "hostile.html"
        file.write_text(page(incident(json.loads(text))), encoding="utf-8")
        browser.open(file.as_uri())
        assert "owned" in browser.evaluate("document.title")  # as text of the title, whole
        assert browser.evaluate("document.title") != "owned"
        assert browser.evaluate("document.scripts.length") == 0
        browser.picture()
        # The browser lists what it did not let through, too: who was asked knows.
        assert asked == []


def test_the_list_is_a_page_too(browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "index.html"
    file.write_text(index({"sample": incident(sample())}), encoding="utf-8")
    write_sample(tmp_path)
    seen = browser.open(file.as_uri())
    assert (seen.requests, seen.complaints) == ([], [])
    browser.open(browser.evaluate("document.querySelector('tbody a').href"))
    assert browser.evaluate("document.querySelector('h1').innerText") == "Pool exhausted"


def test_the_browser_would_tell_of_requests_and_errors(browser: Browser, tmp_path: Path) -> None:
    with _listening() as (address, asked):
        file = tmp_path / "talking.html"
        frame = f"<img src={address}/inner>"
        file.write_text(
            f'<img src="{address}/outer"><iframe sandbox srcdoc="{frame}"></iframe>'
            "<script>console.error('spoken'); throw new Error('thrown')</script>"
        )
        seen = browser.open(file.as_uri())
        assert sorted(asked) == ["/inner", "/outer"]
        assert {one.rpartition("/")[2] for one in seen.requests} >= {"inner", "outer"}
        assert any("spoken" in one for one in seen.complaints)
        assert any("Uncaught" in one for one in seen.complaints)


def test_a_picture_is_taken(chromium: Path, tmp_path: Path) -> None:
    assert chromium == find("chromium")
    picture(write_sample(tmp_path), tmp_path / "report.png", dark=True)
    content = (tmp_path / "report.png").read_bytes()
    assert content.startswith(b"\x89PNG")
    assert 50_000 < len(content) < 300_000


def test_a_program_that_is_no_browser_is_told(tmp_path: Path) -> None:
    with pytest.raises(BrowserError, match="ended"), Browser(Path("/bin/true"), tmp_path):
        pass
