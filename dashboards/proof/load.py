"""Traffic for every domain of the service, at a human rate: one round about every second.

The demo's own traffic (checks and grants) runs beside it; this adds what the demo does not ask:
batches, relations, reports to their end, imports of every kind, the audit trail, and callers who
do it wrongly.
"""

import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any, Final

import httpx

_KINDS: Final = {
    "users": "user\nimported-{n}\nimported-{n}\n\x07\n",
    "groups": "group\nteam-{n}\n",
    "memberships": "group,user\nteam-{n},imported-{n}\n",
    "parents": "resource,parent\naccount:{n},region:{n}\n",
    "grants": "group,resource,action\nteam-{n},region:{n},view\nteam-{n},,view\n",
}
_DEEP: Final = 40
"""Groups nested deeper than a check follows."""
_EVERY: Final = 4
_ROUND_SECONDS: Final = 0.8
_MINUTE: Final = 60.0
_AFTER: Final = 5.0


class Load:
    """One caller of a running service, blocking; failures of the service are no errors here."""

    def __init__(self, url: str, api_key: str) -> None:
        self._client = httpx.Client(
            base_url=url,
            headers={"Authorization": f"Bearer {api_key}"},
            timeout=10.0,
            trust_env=False,
        )
        self._number = 0

    def close(self) -> None:
        """Hang up."""
        self._client.close()

    def prepare(self) -> None:
        """Put on record what later rounds lean on."""
        for depth in range(_DEEP):
            self._send(
                "POST", "/groups/members", group=f"deep-{depth + 1}", member_group=f"deep-{depth}"
            )
        self._send("POST", "/groups/members", group="deep-0", user="digger")
        self._send("POST", "/grants", group=f"deep-{_DEEP}", resource="mine:1", action="view")
        self._send(
            "POST", "/report-schedules", recipient="weekly@sightline.example", cron="* * * * *"
        )

    def rounds(self, seconds: float) -> None:
        """Go through every domain again and again for so long, at least once."""
        until = time.monotonic() + seconds
        while True:
            began = time.monotonic()
            for act in self._acts():
                act()
            if time.monotonic() >= until:
                return
            time.sleep(max(0.0, _ROUND_SECONDS - (time.monotonic() - began)))

    def until_the_minute_turns(self) -> None:
        """Go on until the schedule of `prepare` has fallen due, and a moment longer."""
        self.rounds(_MINUTE - time.time() % _MINUTE + _AFTER)

    def report(self) -> str:
        """Ask for a report; return its path, or "" where it was not taken."""
        answer = self._send("POST", "/reports", recipient="auditor@sightline.example")
        return "" if answer is None else str(answer.headers.get("Location", ""))

    def _acts(self) -> Iterator[Callable[[], object]]:
        self._number += 1
        yield self._permissions
        yield self._relations
        yield self._reports
        yield self._imports
        yield self._user_batches
        yield self._audit
        yield self._mistakes

    def _permissions(self) -> None:
        question = {"user": "imported-1", "resource": "account:1", "action": "view"}
        self._send("POST", "/permissions/checks", checks=[question] * (1 + self._number % 7))
        self._send("POST", "/permissions/check", **question, record=True)
        self._send("POST", "/permissions/check", user="digger", resource="mine:1", action="view")
        self._send("POST", "/permissions/explain", **question)
        grant = {"user": f"guest-{self._number}", "resource": "account:1", "action": "view"}
        self._send("POST", "/grants", **grant)
        self._send("DELETE", "/grants", **grant)

    def _relations(self) -> None:
        for path, relation in (
            ("/groups/members", {"group": "guests", "user": f"guest-{self._number}"}),
            ("/resources/parents", {"resource": f"page:{self._number}", "parent": "book:1"}),
            ("/actions/implications", {"action": "view", "implied_by": f"edit-{self._number}"}),
        ):
            self._send("POST", path, **relation)
            self._send("DELETE", path, **relation)

    def _reports(self) -> None:
        path = self.report()
        if self._number % _EVERY == 0 and path:
            self._send("POST", f"{path}/cancel")
            self._send("POST", f"{path}/replay")
        self._send("GET", "/reports")
        self._send("GET", "/report-schedules")

    def _imports(self) -> None:
        for kind, text in _KINDS.items():
            self._ask(
                "POST",
                "/imports",
                params={"kind": kind},
                content=text.replace("{n}", str(self._number)).encode(),
                headers={"Content-Type": "text/csv"},
            )

    def _user_batches(self) -> None:
        users = [f"imported-{self._number - 1}", f"guest-{self._number - 1}"]
        self._send("POST", "/user-batches", operation="offboard", users=users)

    def _audit(self) -> None:
        self._send("GET", "/audit?limit=10")
        if self._number % _EVERY == 0:
            self._send("GET", "/audit/verify")

    def _mistakes(self) -> None:
        wrong = {"Authorization": "Bearer wrong", "traceparent": "00-nonsense"}
        self._ask("POST", "/permissions/check", headers=wrong)
        self._ask("POST", "/permissions/check", content=b"{", headers={"tracestate": "=="})
        self._ask("GET", f"/nowhere/{uuid.uuid4().hex}")
        self._ask("BREW", "/grants")

    def _send(self, method: str, path: str, **body: Any) -> httpx.Response | None:  # noqa: ANN401  # JSON
        return self._ask(method, path, json=body) if body else self._ask(method, path)

    def _ask(self, method: str, path: str, **rest: Any) -> httpx.Response | None:  # noqa: ANN401  # httpx's
        try:
            return self._client.request(method, path, **rest)
        except httpx.HTTPError:
            return None
