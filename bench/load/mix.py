"""What the load asks: mostly checks, few questions often and many rarely, and some of the rest.

Repeatable by its seed. Each request knows its route, as the service's metric names it, so that both
sides' counts can be compared.
"""

import itertools
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

USERS: Final = tuple(f"user-{number:04}" for number in range(2_000))
RESOURCES: Final = tuple(f"document:{number}" for number in range(40))
ACTION: Final = "read"
_GRANTS_A_USER: Final = 10
_SKEW: Final = 1.1
"""The exponent of Zipf's law, by which some users are asked for far more often than others."""
_IN_A_BATCH: Final = 10
_SAME_MOMENT: Final = 4
"""Verifications that are asked for at once: a replica does one at a time and refuses the others."""

CHECK: Final = "/permissions/check"
BATCH: Final = "/permissions/checks"
VERIFY: Final = "/audit/verify"


@dataclass(frozen=True, slots=True)
class Ask:
    """One request: its bytes, and the method and the route that count it."""

    method: str
    route: str
    data: bytes


def grants() -> Iterator[tuple[str, str, str, str]]:
    """Yield what is granted before the load: user, resource, action, by whom."""
    for number, user in enumerate(USERS):
        for step in range(_GRANTS_A_USER):
            yield user, RESOURCES[(number + step) % len(RESOURCES)], ACTION, "bench"


class Mix:
    """Draws requests. `refused` of the moments verify several times at once: real 503s."""

    def __init__(self, key: str, *, seed: int = 7, refused: float = 0.0) -> None:
        self._key = key
        self._random = random.Random(seed)  # noqa: S311  # a repeatable load, no secret
        self._new = itertools.count()
        self._granted: list[dict[str, str]] = []
        ranks = range(1, len(USERS) + 1)
        self._popular = list(itertools.accumulate(rank**-_SKEW for rank in ranks))
        kinds: dict[Callable[[], Ask], float] = {
            self._check: 0.74,
            self._newest_check: 0.07,
            self._new_check: 0.05,
            self._batch: 0.05,
            self._listing: 0.03,
            self._audit_read: 0.02,
            self._reports: 0.02,
            self._grant: 0.004,
            self._revoke: 0.002,
            self._report: 0.002,
            self._malformed: 0.002,
        }
        self._kinds, self._weights = list(kinds), list(itertools.accumulate(kinds.values()))
        self._refused = refused

    def draw(self) -> Sequence[Ask]:
        """Return what is asked at the next moment: one request, or several at once."""
        if self._refused and self._random.random() < self._refused:
            return (self._ask("GET", VERIFY, query="?limit=1"),) * _SAME_MOMENT
        return (self._random.choices(self._kinds, cum_weights=self._weights)[0](),)

    def schedule(self, rate: float, seconds: float) -> list[tuple[float, Ask]]:
        """Return requests with their moments, seconds from the start: those of a Poisson process.

        So arrive the requests of many callers who know nothing of each other.
        """
        planned = []
        moment = self._random.expovariate(rate)
        while moment < seconds:
            asks = self.draw()
            planned += [(moment, ask) for ask in asks]
            moment += self._random.expovariate(rate / len(asks))
        return planned

    def _question(self) -> dict[str, str]:
        (user,) = self._random.choices(USERS, cum_weights=self._popular)
        return {"user": user, "resource": self._random.choice(RESOURCES), "action": ACTION}

    def _check(self) -> Ask:
        return self._ask("POST", CHECK, self._question())

    def _newest_check(self) -> Ask:
        return self._ask("POST", CHECK, self._question() | {"consistency": "full"})

    def _new_check(self) -> Ask:
        resource = f"document:new-{next(self._new)}"
        return self._ask("POST", CHECK, self._question() | {"resource": resource})

    def _batch(self) -> Ask:
        checks = [self._question() for _ in range(_IN_A_BATCH)]
        return self._ask("POST", BATCH, {"checks": checks})

    def _listing(self) -> Ask:
        user = self._question()["user"]
        return self._ask("GET", "/grants", query=f"?user={user}&limit=20")

    def _audit_read(self) -> Ask:
        return self._ask("GET", "/audit", query="?limit=20")

    def _reports(self) -> Ask:
        return self._ask("GET", "/reports", query="?limit=20")

    def _grant(self) -> Ask:
        grant = self._question() | {"resource": f"document:granted-{next(self._new)}"}
        self._granted.append(grant)
        return self._ask("POST", "/grants", grant)

    def _revoke(self) -> Ask:
        known = self._granted or [self._question()]
        return self._ask("DELETE", "/grants", known.pop())

    def _report(self) -> Ask:
        user = self._question()["user"]
        body = {"recipient": "auditor@sightline.example", "user": user}
        return self._ask("POST", "/reports", body)

    def _malformed(self) -> Ask:
        return self._ask("POST", CHECK, {"user": "nobody asks what"})

    def _ask(
        self, method: str, route: str, body: dict[str, Any] | None = None, query: str = ""
    ) -> Ask:
        content = b"" if body is None else orjson.dumps(body)
        head = (
            f"{method} {route}{query} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            f"Authorization: Bearer {self._key}\r\n"
        )
        if content:
            head += f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n"
        return Ask(method, route, head.encode() + b"\r\n" + content)
