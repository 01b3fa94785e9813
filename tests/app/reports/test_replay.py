"""Replay: over HTTP, by the operator's commands, and on record."""

import httpx
import pytest

from app import signals
from app.errors import StartupError
from app.reports.commands import dead_letters, replay_dead
from tests.app.reports.conftest import Scene
from tests.app.reports.control import bury, post, shown


async def test_a_dead_mail_is_replayed_with_all_its_tries_and_one_message_id(
    client: httpx.AsyncClient, scene: Scene
) -> None:
    scene.mailbox.rcpt_answer = "550 5.1.1 unknown"
    task_id = await scene.schedule()
    async with scene.working():
        await scene.reached(task_id, "dead")
        await scene.until(
            lambda: scene.captured.sample(signals.DEAD_LETTERS, {"report.queue": "mail"}) == 1
        )
        dead = await shown(client, task_id)
        assert dead["error_type"] == "app.reports.mail.MailRejectedError"
        scene.mailbox.rcpt_answer = "250 OK"
        replayed = await post(client, f"/reports/{task_id}/replay")
        assert (replayed.status_code, replayed.json()["error_type"]) == (202, None)
        await scene.reached(task_id, "done")
        assert (await post(client, f"/reports/{task_id}/replay")).status_code == 409
        assert (await post(client, f"/reports/{task_id}/cancel")).status_code == 409
    assert await scene.sql("SELECT (attempt, handed_back) FROM mail_outbox") == (2, 1)
    assert [mail["Message-ID"] for mail in scene.mailbox.mails] == [
        f"<{task_id}@sightline.example>"
    ]
    assert scene.captured.sample(signals.REPORTS_REPLAYED) == 1


async def test_an_operator_lists_and_replays_dead_reports(scene: Scene, database_url: str) -> None:
    first, second = await bury(scene), await bury(scene)
    lines = await dead_letters(database_url)
    assert [line.split()[0] for line in lines] == [str(first), str(second)]
    assert all(line.endswith("MailRejectedError") for line in lines)
    assert await replay_dead(database_url, str(first)) == [str(first)]
    assert await replay_dead(database_url, None) == [str(second)]
    async with scene.working():
        await scene.reached(first, "done")
        await scene.reached(second, "done")
    assert await dead_letters(database_url) == []
    for wrong in (str(first), "x", "00000000-0000-4000-8000-000000000001"):
        with pytest.raises(StartupError):
            await replay_dead(database_url, wrong)
    with pytest.raises(StartupError, match="cannot be asked"):
        await dead_letters("postgresql://postgres@127.0.0.1:1/x")


async def test_each_act_is_on_record(client: httpx.AsyncClient, scene: Scene) -> None:
    task_id = await bury(scene)
    await post(client, f"/reports/{task_id}/replay")
    await post(client, f"/reports/{task_id}/cancel")
    actions = await scene.sql(
        "SELECT array_agg(actor || ' ' || action ORDER BY id) FROM audit_entries WHERE object = $1",
        f"report:{task_id}",
    )
    assert actions == [
        "ops report.schedule",
        "worker report.made",
        "ops report.replay",
        "ops report.cancel",
    ]
