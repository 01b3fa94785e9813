"""Every post is seen once however few the inbox keeps; an alert fires when Prometheus says."""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, cast

import httpx

from compose.chain.prometheus import Prometheus
from compose.drill.quiet import awaited
from compose.drill.watch import Standing, Watch
from compose.inbox.webhooks import Inbox
from compose.native.run import Platform
from tests.compose.drill.notices import notice

PLATFORM = cast("Platform", SimpleNamespace(urls={"inbox": "http://inbox"}))


def post_of(name: str) -> dict[str, Any]:
    alert = {"status": "firing", "labels": {"alertname": name}, "annotations": {}}
    return {"groupLabels": {"alertname": name}, "alerts": [alert]}


async def test_posts_past_what_the_inbox_keeps_are_seen_once_each() -> None:
    watch = Watch(PLATFORM)
    transport = httpx.ASGITransport(Inbox(limit=3).app())
    async with httpx.AsyncClient(transport=transport) as client:
        for number in range(8):
            await client.post("http://inbox/alerts", json=post_of(f"Alert{number}"))
            await watch._look_at_webhooks(client)  # one look, no clock
            await watch._look_at_webhooks(client)  # nothing new
        await client.post("http://inbox/alerts", json=post_of("Watchdog"))
        await watch._look_at_webhooks(client)  # the dead man's is no notice

    told = [one.name for seen in watch.notices for one in seen.said]
    assert told == [f"Alert{number}" for number in range(8)]


class Recorded(Prometheus):
    """A Prometheus that has recorded one alert's firing."""

    def __init__(self) -> None:
        super().__init__("")

    def samples(
        self, selector: str, seconds: float
    ) -> list[tuple[Mapping[str, str], list[tuple[float, float]]]]:
        assert selector == 'ALERTS{alertstate="firing"}'
        assert seconds > 0
        series = {"__name__": "ALERTS", "alertstate": "firing", "alertname": "A", "job": "web"}
        return [(series, [(90.0, 1.0), (106.0, 1.0), (107.0, 1.0)])]


def test_an_alert_fires_at_its_evaluation_and_not_when_it_was_seen() -> None:
    watch = Watch(PLATFORM)
    seen = Standing({"alertname": "A", "job": "web"}, {}, pending_at=104.0, fired_at=106.6)
    other = Standing({"alertname": "A", "job": "worker"}, {}, pending_at=104.0, fired_at=106.6)
    pending = Standing({"alertname": "A", "job": "web"}, {}, pending_at=104.0)
    watch.standings = [seen, other, pending]

    watch.correct(Recorded(), since=100.0)

    assert [one.fired_at for one in watch.standings] == [106.0, 106.6, None]


def test_what_a_mail_said_to_fire_is_awaited_until_a_mail_says_it_is_over() -> None:
    watch = Watch(PLATFORM)
    watch.notices = [notice(104, "firing 1h"), notice(110, "firing 6h", "resolved 1h")]
    assert {key[3] for key in awaited(watch, 100.0)} == {"6h"}

    watch.notices.append(notice(120, "resolved 6h", via="webhook"))
    assert awaited(watch, 100.0)

    watch.notices.append(notice(121, "resolved 6h"))
    assert awaited(watch, 100.0) == set()
    assert awaited(watch, 200.0) == set()
