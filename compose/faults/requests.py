"""Faults in the web process and of those who call it."""

import asyncio
import itertools
from functools import partial
from typing import Final

from alerts import naming
from compose.faults.keys import QUESTION, expired_key
from compose.faults.model import Evidence, Fault, Layer, Told
from compose.faults.stage import Stage
from compose.faults.stores import (
    AVAILABILITY,
    BLOCKED,
    BREAKER,
    BYPASSED,
    DOWN,
    LATENCY,
    SATURATED,
    UNAVAILABLE,
)
from compose.faults.switch import Order
from telemetry.catalog import http

INPUT_REFUSED: Final = Told(naming.INPUT_REFUSED)
CAPPED: Final = Told(naming.SERIES_CAPPED)
MEMORY: Final = Told(naming.MEMORY_GROWING, "sightline-web")
SKEWED: Final = Told(naming.CLOCK_SKEWED, "sightline-web")
REFUSED: Final = Told(naming.CREDENTIALS_REFUSED)
STOPPED: Final = Told(naming.TRAFFIC_STOPPED)

_FLOOD_PAUSE: Final = 0.25
_AT_ONCE: Final = 8
_STRANGE_METHODS: Final = ("PROPFIND", "PURGE", "SUBSCRIBE", "MKCOL", "LINK")
"""A server's parser takes them; the service knows none of them."""

_TOO_LONG: Final = "x" * 400
_SLOW_SECONDS: Final = 0.3
_METHOD: Final = "http.request.method"
_STATUS: Final = "http.response.status_code"


class _Ordered:
    """Injects by the switch."""

    def __init__(self, **order: float | str) -> None:
        self._order = Order(**order)  # type: ignore[arg-type]  # each by the type of its field

    async def __call__(self, stage: Stage) -> None:
        """Have the web process misbehave."""
        await asyncio.to_thread(stage.switch.set, self._order)


async def _behave(stage: Stage) -> None:
    await asyncio.to_thread(stage.switch.reset)


async def _let_go(stage: Stage) -> None:
    await stage.let_go()


async def _attack_cardinality(stage: Stage) -> None:
    """Send what no label may take: paths, methods, hosts and IDs without end."""
    numbers = itertools.count()

    async def attack() -> None:
        async with stage.client() as client:
            await asyncio.gather(
                *(
                    client.request(
                        _STRANGE_METHODS[number % len(_STRANGE_METHODS)],
                        f"/nowhere/{number}?user={number}",
                        headers={
                            "X-Correlation-ID": f"{_TOO_LONG}{number}",
                            "User-Agent": f"attack-{number}",
                        },
                    )
                    for number in itertools.islice(numbers, _AT_ONCE)
                ),
                return_exceptions=True,
            )

    await stage.keep_doing(attack, pause=_FLOOD_PAUSE)


async def _flood_with_expired_key(stage: Stage) -> None:
    key = stage.prepared.pop()

    async def flood() -> None:
        async with stage.client(Authorization=f"Bearer {key}") as client:
            await asyncio.gather(
                *(client.post("/permissions/check", json=QUESTION) for _ in range(_AT_ONCE)),
                return_exceptions=True,
            )

    await stage.keep_doing(flood, pause=_FLOOD_PAUSE)


async def _let_a_key_expire(stage: Stage) -> None:
    stage.prepared.append(await expired_key(stage))


async def _stop_traffic(stage: Stage) -> None:
    stage.traffic.pause()


async def _resume_traffic(stage: Stage) -> None:
    stage.traffic.resume()


_Request = partial(Fault, layer=Layer.REQUESTS)
_Process = partial(Fault, layer=Layer.PROCESS)
_Client = partial(Fault, layer=Layer.CLIENTS)

REQUEST_FAULTS: Final = (
    _Request(
        name="error-burst",
        breaks="Every POST /access/v1/evaluation ends in an exception that nobody expected.",
        expects=(AVAILABILITY,),
        must_not=(UNAVAILABLE, LATENCY, DOWN, BLOCKED),
        evidence=Evidence(
            ("service-overview", "Server errors by route and kind"),
            "POST /access/v1/evaluation",
            http.REQUEST_FAILED,
            failed=True,
        ),
        inject=_Ordered(failing_path="/access/v1/evaluation"),
        repair=_behave,
        later_seconds=5.0,
        why_later="Ten bad events must come: the route is called three times a second.",
    ),
    _Request(
        name="route-latency",
        breaks="POST /permissions/check takes 300 ms longer, in the process itself.",
        expects=(LATENCY,),
        must_not=(AVAILABILITY, UNAVAILABLE, SATURATED, DOWN, BLOCKED),
        evidence=Evidence(
            ("service-overview", "Slowest 1 % by route"),
            "POST /permissions/check",
            http.REQUEST_FINISHED,
            slow_seconds=_SLOW_SECONDS,
        ),
        inject=_Ordered(slow_path="/permissions/check", slow_seconds=_SLOW_SECONDS),
        repair=_behave,
    ),
    _Process(
        name="event-loop-blocked",
        breaks="Something computes on the event loop for half a second, again and again.",
        expects=(BLOCKED,),
        # A request that waits in its socket meanwhile is not timed yet: few are seen to be slow.
        may_follow=(LATENCY, BYPASSED, BREAKER, SATURATED, AVAILABILITY, UNAVAILABLE),
        must_not=(DOWN,),
        evidence=Evidence(
            ("runtime", "Event loop lag"),
            why_no_trace="What holds the loop is no request, and who waits for it has no span yet.",
            why_no_log="A request's line tells its time from when the loop took it, not the wait.",
        ),
        inject=_Ordered(block_seconds=0.5),
        repair=_behave,
    ),
    _Process(
        name="memory-leak",
        breaks="The web process keeps 20 MiB more every second.",
        expects=(MEMORY,),
        must_not=(AVAILABILITY, UNAVAILABLE, DOWN),
        evidence=Evidence(
            ("runtime", "Resident memory"),
            why_no_trace="Memory is kept between requests: no span is longer or fails for it.",
            why_no_log="Nothing fails until the machine has no memory, and then nobody writes.",
        ),
        inject=_Ordered(leak_bytes=20 * 2**20),
        repair=_behave,
        later_seconds=7.0,
        why_later="128 MiB must be kept first, at 20 a second.",
    ),
    _Process(
        name="clock-skew",
        breaks="The clock of the web process is a minute ahead of everybody else's.",
        expects=(SKEWED,),
        may_follow=(LATENCY,),
        must_not=(AVAILABILITY, UNAVAILABLE, DOWN),
        evidence=Evidence(
            ("runtime", "Clock behind Prometheus"),
            why_no_trace="Its traces stand at the wrong time, and none of them tells by itself.",
            why_no_log="Its lines have the wrong time, and none of them tells by itself.",
        ),
        inject=_Ordered(clock_seconds=60.0),
        repair=_behave,
    ),
    _Process(
        name="labels-without-end",
        breaks="A new version labels a metric by user.",
        expects=(CAPPED,),
        must_not=(AVAILABILITY, UNAVAILABLE, DOWN),
        evidence=Evidence(
            ("telemetry-health", "Measurements over a metric's bound"),
            why_no_trace="A metric's labels are in no span.",
            why_no_log="What is over a metric's bound is counted: a line each would be a flood.",
        ),
        inject=_Ordered(labels_a_second=200),
        repair=_behave,
    ),
    _Client(
        name="cardinality-attack",
        breaks="A client sends paths, methods and correlation IDs without end.",
        expects=(INPUT_REFUSED,),
        must_not=(AVAILABILITY, UNAVAILABLE, DOWN, CAPPED),
        evidence=Evidence(
            ("telemetry-health", "Input not taken"),
            "HTTP",
            http.REQUEST_FINISHED,
            attribute=(_METHOD, http.OTHER_METHOD),
        ),
        inject=_attack_cardinality,
        repair=_let_go,
    ),
    _Client(
        name="expired-key-flood",
        breaks="A client goes on with a key that has expired, thirty times a second.",
        expects=(REFUSED,),
        must_not=(AVAILABILITY, UNAVAILABLE, DOWN, INPUT_REFUSED),
        evidence=Evidence(
            ("access", "Refusals by reason"),
            "POST /permissions/check",
            http.REQUEST_FINISHED,
            attribute=(_STATUS, "401"),
        ),
        prepare=_let_a_key_expire,
        inject=_flood_with_expired_key,
        repair=_let_go,
    ),
    _Client(
        name="traffic-to-zero",
        breaks="Nobody calls any more: something before the service has broken.",
        expects=(STOPPED,),
        must_not=(AVAILABILITY, UNAVAILABLE, DOWN, LATENCY),
        evidence=Evidence(
            ("service-overview", "Requests"),
            why_no_trace="A request that does not come makes no span.",
            why_no_log="A request that does not come writes no line.",
        ),
        inject=_stop_traffic,
        repair=_resume_traffic,
    ),
)
