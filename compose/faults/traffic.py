"""Realistic traffic of every domain, open loop: requests arrive by a schedule, answered or not.

Arrivals are a Poisson process, as those of many callers who know nothing of each other. None waits
for another's answer: what hangs piles up, as it does in the world. A client thread of its own.
"""

import asyncio
import itertools
import random
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from types import TracebackType
from typing import Any, Final, Self

import httpx

_TIMEOUT_SECONDS: Final = 6.0
_USERS: Final = tuple(f"user-{number}" for number in range(60))
_RESOURCES: Final = tuple(f"account:{number}" for number in range(40))
_ACTIONS: Final = ("view", "transfer", "close")
_CSV: Final = {"Content-Type": "text/csv"}

Request = tuple[str, str, dict[str, Any]]
"""Method, path, and what httpx takes for the rest."""


class Mix:
    """Draws requests: mostly checks, then changes, lists, reports, imports and audit reads."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311  # repeatable traffic, no secret
        self._numbers = itertools.count()
        shares: tuple[tuple[float, Callable[[], Request]], ...] = (
            (0.500, self._known_check),
            (0.150, self._new_check),
            (0.110, self._evaluation),
            (0.030, self._many_checks),
            (0.045, self._grant),
            (0.030, self._revoke),
            (0.030, lambda: ("GET", f"/grants?user={self._user()}", {})),
            (0.030, lambda: ("GET", "/reports?limit=10", {})),
            (0.030, lambda: ("GET", "/report-schedules", {})),
            (0.030, lambda: ("GET", "/audit?limit=10", {})),
            (0.010, self._report),
            (0.004, self._import),
            (0.001, self._batch),
        )
        self._weights = [share for share, _ in shares]
        self._kinds = [kind for _, kind in shares]

    def arrival(self, rate: float) -> float:
        """Return the seconds until the next request."""
        return self._random.expovariate(rate)

    def draw(self) -> Request:
        """Return the next request."""
        (kind,) = self._random.choices(self._kinds, self._weights)
        return kind()

    def _user(self) -> str:
        return self._random.choice(_USERS)

    def _triple(self) -> dict[str, str]:
        return {
            "user": self._user(),
            "resource": self._random.choice(_RESOURCES),
            "action": self._random.choice(_ACTIONS),
        }

    def _known_check(self) -> Request:
        return "POST", "/permissions/check", {"json": self._triple()}

    def _new_check(self) -> Request:
        resource = f"account:{self._random.randrange(10**9)}"
        return "POST", "/permissions/check", {"json": self._triple() | {"resource": resource}}

    def _evaluation(self) -> Request:
        triple = self._triple()
        kind, _, identifier = triple["resource"].partition(":")
        question = {
            "subject": {"type": "user", "id": triple["user"]},
            "action": {"name": triple["action"]},
            "resource": {"type": kind, "id": identifier},
        }
        return "POST", "/access/v1/evaluation", {"json": question}

    def _many_checks(self) -> Request:
        return "POST", "/permissions/checks", {"json": {"checks": [self._triple()] * 5}}

    def _grant(self) -> Request:
        return "POST", "/grants", {"json": self._triple()}

    def _revoke(self) -> Request:
        return "DELETE", "/grants", {"json": self._triple()}

    def _report(self) -> Request:
        body = {"recipient": "auditor@sightline.example", "user": self._user()}
        return "POST", "/reports", {"json": body}

    def _import(self) -> Request:
        number = next(self._numbers)
        content = f"user,resource,action\nimported-{number},account:{number % 40},view\n"
        return "POST", "/imports?kind=grants", {"content": content.encode(), "headers": _CSV}

    def _batch(self) -> Request:
        users = [f"imported-{next(self._numbers)}"]
        return "POST", "/user-batches", {"json": {"operation": "offboard", "users": users}}


class Traffic:
    """The clients, for as long as the block lasts. `rate` is in requests a second."""

    def __init__(self, url: str, api_key: str, *, rate: float, seed: int = 7) -> None:
        self._url = url
        self._headers = {"Authorization": f"Bearer {api_key}"}
        self.rate = rate
        self._mix = Mix(seed)
        self._stopping = threading.Event()
        self._flowing = threading.Event()
        self._flowing.set()
        self._thread = threading.Thread(target=self._main, name="traffic", daemon=True)
        self.answers: Counter[str] = Counter()
        """By status; `none` where no answer came in time."""
        self.latest = 0.0
        """Seconds by which the schedule itself was late at worst: ours to answer for."""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stopping.set()
        self._thread.join(2 * _TIMEOUT_SECONDS)

    def pause(self) -> None:
        """Send nothing any more."""
        self._flowing.clear()

    def resume(self) -> None:
        """Send again."""
        self._flowing.set()

    def _main(self) -> None:
        asyncio.run(self._run())

    async def _run(self) -> None:
        limits = httpx.Limits(max_connections=500)
        async with (
            httpx.AsyncClient(
                base_url=self._url,
                headers=self._headers,
                timeout=_TIMEOUT_SECONDS,
                limits=limits,
                trust_env=False,
            ) as client,
            asyncio.TaskGroup() as group,
        ):
            due = time.monotonic()
            while not self._stopping.is_set():
                due += self._mix.arrival(self.rate)
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                self.latest = max(self.latest, time.monotonic() - due)
                if self._flowing.is_set():
                    group.create_task(self._send(client, *self._mix.draw()))

    async def _send(
        self, client: httpx.AsyncClient, method: str, path: str, rest: dict[str, Any]
    ) -> None:
        headers = {"X-Correlation-ID": f"drill-{uuid.uuid4().hex[:12]}", **rest.pop("headers", {})}
        try:
            response = await client.request(method, path, headers=headers, **rest)
            self.answers[str(response.status_code)] += 1
        except httpx.HTTPError:
            self.answers["none"] += 1
