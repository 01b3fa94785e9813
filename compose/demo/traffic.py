"""Real traffic: checks, grants and reports at a steady rate, whatever the service answers.

Open loop: the next request goes out on time even where the last one hangs, as clients in the world
do. Each carries a correlation ID, remembered so that a log line can be told to be ours.
"""

import asyncio
import random
import threading
import time
import uuid
from collections import Counter, deque
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Final, Self

import httpx

_USERS: Final = tuple(f"user-{number}" for number in range(40))
_RESOURCES: Final = tuple(f"account:{number}" for number in range(25))
_ACTIONS: Final = ("view", "transfer", "close")
_TIMEOUT_SECONDS: Final = 5.0


class Traffic:
    """A client in a thread of its own, for as long as the block lasts."""

    def __init__(self, url: str, api_key: str, *, rate: float = 40.0, seed: int = 7) -> None:
        self._url = url
        self._headers = {"Authorization": f"Bearer {api_key}"}
        self._interval = 1.0 / rate
        self._random = random.Random(seed)  # noqa: S311  # repeatable traffic, no secret
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._main, name="traffic", daemon=True)
        self.statuses: Counter[int] = Counter()
        self.sent: deque[str] = deque(maxlen=50_000)

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
        self._thread.join(_TIMEOUT_SECONDS + 1)

    def summary(self) -> str:
        """Return the answers so far, such as `200: 512, 503: 40`; 0 is no answer at all."""
        return ", ".join(f"{status}: {count}" for status, count in sorted(self.statuses.items()))

    def _main(self) -> None:
        asyncio.run(self._run())

    async def _run(self) -> None:
        limits = httpx.Limits(max_connections=200)
        async with (
            httpx.AsyncClient(
                base_url=self._url, headers=self._headers, timeout=_TIMEOUT_SECONDS, limits=limits
            ) as client,
            asyncio.TaskGroup() as group,
        ):
            due = time.monotonic()
            while not self._stopping.is_set():
                method, path, body = self._next_request()
                group.create_task(self._send(client, method, path, body))
                due += self._interval
                await asyncio.sleep(max(0.0, due - time.monotonic()))

    async def _send(
        self, client: httpx.AsyncClient, method: str, path: str, body: Mapping[str, Any]
    ) -> None:
        correlation_id = f"traffic-{uuid.uuid4().hex[:12]}"
        self.sent.append(correlation_id)
        try:
            response = await client.request(
                method, path, json=body, headers={"X-Correlation-ID": correlation_id}
            )
            self.statuses[response.status_code] += 1
        except httpx.HTTPError:
            self.statuses[0] += 1

    def _next_request(self) -> tuple[str, str, dict[str, Any]]:
        triple = {
            "user": self._random.choice(_USERS),
            "resource": self._random.choice(_RESOURCES),
            "action": self._random.choice(_ACTIONS),
        }
        kind = self._random.random()
        if kind < 0.6:  # noqa: PLR2004  # shares of the mix: mostly repeated checks
            return "POST", "/permissions/check", triple
        if kind < 0.8:  # noqa: PLR2004  # checks that no cache can know
            resource = f"account:{self._random.randrange(10**9)}"
            return "POST", "/permissions/check", triple | {"resource": resource}
        if kind < 0.97:  # noqa: PLR2004  # the standard's form of the same question
            return "POST", "/access/v1/evaluation", _evaluation(triple)
        return "POST", "/grants", triple


def _evaluation(triple: Mapping[str, str]) -> dict[str, Any]:
    kind, _, identifier = triple["resource"].partition(":")
    return {
        "subject": {"type": "user", "id": triple["user"]},
        "action": {"name": triple["action"]},
        "resource": {"type": kind, "id": identifier},
    }
