"""A headless Chromium, spoken to over two pipes (Chrome DevTools Protocol, no port, no package).

    with Browser(find("chromium"), folder) as browser:
        seen = browser.open("file:///…", dark=True)

It ends when its pipes close, so it cannot outlive us.
"""

import base64
import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self

_PATIENCE_SECONDS: Final = 30.0
_STOP_SECONDS: Final = 5.0
_WINDOW: Final = 900
_FLAGS: Final = (
    "--headless",
    "--remote-debugging-pipe",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--hide-scrollbars",
)
# Chromium reads commands from descriptor 3 and answers on 4.
_ON_3_AND_4: Final = (
    "import os, sys; a, b = os.dup(int(sys.argv[1])), os.dup(int(sys.argv[2]));"
    "os.dup2(a, 3); os.dup2(b, 4); os.set_inheritable(3, True); os.set_inheritable(4, True);"
    "os.execv(sys.argv[3], sys.argv[3:])"
)
_ASKED: Final = "performance.getEntriesByType('resource').map(one => one.name)"
_ERRORS: Final = frozenset({"error", "warning", "assert"})


class BrowserError(RuntimeError):
    """The browser said no, or nothing in time."""


@dataclass(slots=True)
class Seen:
    """What a page did while it was opened."""

    requests: list[str] = field(default_factory=list)
    """Addresses that it asked for, its own aside."""
    complaints: list[str] = field(default_factory=list)
    """Errors and warnings of the console."""


class Browser:
    """A context manager; `folder` takes the profile. `BrowserError` where it does not answer."""

    def __init__(self, program: Path, folder: Path) -> None:
        self._program, self._folder = program, folder
        self._environment = {**os.environ, **_libraries(program), "HOME": str(folder)}
        self._buffer = b""
        self._number = 0
        self._answered: dict[int, dict[str, Any]] = {}
        self._session = ""
        self._seen = Seen()
        self._loaded = False
        self._frames: list[str] = []

    def __enter__(self) -> Self:
        read_commands, self._commands = os.pipe()
        self._answers, write_answers = os.pipe()
        # Chromium's own sandbox does not work for root.
        flags = [*_FLAGS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
        self._process = subprocess.Popen(  # noqa: S603  # the browser that was found
            [
                *(sys.executable, "-c", _ON_3_AND_4, str(read_commands), str(write_answers)),
                *(str(self._program), *flags, f"--user-data-dir={self._folder / 'profile'}"),
            ],
            pass_fds=(read_commands, write_answers),
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        os.close(read_commands)
        os.close(write_answers)
        try:
            target = self._ask("Target.createTarget", {"url": "about:blank"})["targetId"]
            attached = self._ask("Target.attachToTarget", {"targetId": target, "flatten": True})
            self._session = attached["sessionId"]
            self._listen(self._session)
            self._ask("Page.enable")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._commands)
        os.close(self._answers)
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def open(self, address: str, *, dark: bool = False, width: int = 1200) -> Seen:
        """Open a page, wait until it is loaded, and return what it did."""
        self._seen, self._loaded = Seen(), False
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self._ask("Emulation.setEmulatedMedia", {"features": [scheme]})
        self._size(width, _WINDOW)
        self._frames.clear()
        self._ask("Page.navigate", {"url": address})
        until = time.monotonic() + _PATIENCE_SECONDS
        while not self._loaded:
            self._note(self._read(until))
        self.evaluate("new Promise(done => setTimeout(done, 200))")
        # What a frame asked for before we listened to it, it remembers.
        for asked in self._of_frames(_ASKED):
            self._seen.requests += asked
        self._seen.requests = [one for one in self._seen.requests if one != address]
        return self._seen

    def evaluate(self, expression: str) -> Any:  # noqa: ANN401  # whatever the page has
        """Return the value of a JavaScript expression on the page."""
        asked = {"expression": expression, "returnByValue": True, "awaitPromise": True}
        answer = self._ask("Runtime.evaluate", asked)
        if "exceptionDetails" in answer:
            raise BrowserError(json.dumps(answer["exceptionDetails"]))
        return answer["result"].get("value")

    def picture(self, height: int | None = None, width: int = 1200) -> bytes:
        """Return the page from its top as PNG; without `height` to its end."""
        whole = height or int(self.evaluate("document.documentElement.scrollHeight"))
        # A frame that is out of sight is not drawn.
        self._size(width, whole)
        self.evaluate("new Promise(done => setTimeout(done, 200))")
        clip = {"x": 0, "y": 0, "width": width, "height": whole, "scale": 1}
        asked = {"format": "png", "clip": clip, "captureBeyondViewport": True}
        return base64.b64decode(self._ask("Page.captureScreenshot", asked)["data"])

    def frames(self) -> list[str]:
        """Return the text of each frame of the page."""
        return [str(text) for text in self._of_frames("document.body.innerText")]

    def _of_frames(self, expression: str) -> list[Any]:
        asked = {"expression": expression, "returnByValue": True}
        answers = [self._ask("Runtime.evaluate", asked, session=one) for one in self._frames]
        tree = self._ask("Page.getFrameTree")["frameTree"]
        for frame in tree.get("childFrames", ()):
            world = self._ask("Page.createIsolatedWorld", {"frameId": frame["frame"]["id"]})
            context = {"contextId": world["executionContextId"]}
            answers.append(self._ask("Runtime.evaluate", asked | context))
        return [answer["result"].get("value", "") for answer in answers]

    def _size(self, width: int, height: int) -> None:
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self._ask("Emulation.setDeviceMetricsOverride", size)

    def _listen(self, session: str) -> None:
        for domain in ("Network", "Log", "Runtime"):
            self._ask(f"{domain}.enable", session=session)
        every = {"autoAttach": True, "waitForDebuggerOnStart": True, "flatten": True}
        self._ask("Target.setAutoAttach", every, session=session)

    def _ask(
        self, method: str, parameters: Mapping[str, Any] | None = None, *, session: str = ""
    ) -> dict[str, Any]:
        self._number += 1
        number = self._number
        asked = {"id": number, "method": method, "params": dict(parameters or {})}
        if session or self._session:
            asked["sessionId"] = session or self._session
        os.write(self._commands, json.dumps(asked).encode() + b"\0")
        until = time.monotonic() + _PATIENCE_SECONDS
        # What is noted may ask, too, and then reads our answer for us.
        while number not in self._answered:
            self._note(self._read(until))
        answer = self._answered.pop(number)
        if "error" in answer:
            message = f"{method}: {answer['error']['message']}"
            raise BrowserError(message)
        return dict(answer["result"])

    def _read(self, until: float) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._answers], [], [], max(0.0, until - time.monotonic()))
            more = os.read(self._answers, 1 << 16) if ready else b""
            if not more:
                message = "the browser ended" if ready else "the browser does not answer"
                raise BrowserError(message)
            self._buffer += more
        text, _, self._buffer = self._buffer.partition(b"\0")
        return dict(json.loads(text))

    def _note(self, event: Mapping[str, Any]) -> None:
        if "id" in event:
            self._answered[event["id"]] = dict(event)
            return
        method, about = event.get("method"), event.get("params", {})
        if method == "Page.loadEventFired":
            self._loaded = True
        elif method == "Network.requestWillBeSent":
            self._seen.requests.append(about["request"]["url"])
        elif method == "Log.entryAdded" and about["entry"]["level"] in _ERRORS:
            self._seen.complaints.append(about["entry"]["text"])
        elif method == "Runtime.consoleAPICalled" and about["type"] in _ERRORS:
            self._seen.complaints.append(json.dumps(about["args"]))
        elif method == "Runtime.exceptionThrown":
            self._seen.complaints.append(about["exceptionDetails"]["text"])
        elif method == "Target.attachedToTarget" and about["targetInfo"]["type"] == "iframe":
            self._frames.append(about["sessionId"])
            self._listen(about["sessionId"])
            self._ask("Runtime.runIfWaitingForDebugger", session=about["sessionId"])


def _libraries(program: Path) -> dict[str, str]:
    """Return where the libraries are that were unpacked beside a program of the cache folder."""
    # Two of them keep what they open themselves in a folder of their own.
    found = [
        folder / within
        for folder in program.parents[1].glob("*-linux-gnu*")
        for within in (".", "nss", "pulseaudio")
    ]
    return {"LD_LIBRARY_PATH": ":".join(map(str, found))} if found else {}
