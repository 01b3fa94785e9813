"""What is finished is forgotten after its retention, and nothing else."""

from uuid import UUID

import httpx

from app import signals
from app.reports.commands import replay_dead
from app.reports.retention import Retention
from tests.app.reports.conftest import ALICE, BOB, OPS_KEY, Scene
from tests.app.reports.control import bury, post, shown


async def test_what_is_finished_is_forgotten_after_its_retention(
    client: httpx.AsyncClient, scene: Scene
) -> None:
    key = {"Idempotency-Key": "once"}
    asked = {"recipient": ALICE, "user": BOB}
    answer = await client.post("/reports", json=asked, headers=OPS_KEY | key)
    task_id = UUID(answer.json()["task_id"])
    async with scene.working():
        await scene.reached(task_id, "done")
    retention = Retention(scene.pool, scene.captured.telemetry.meter, days=30)
    assert await retention.forget_some() == 0
    await scene.sql("UPDATE report_jobs SET finished_at = now() - interval '31 days'")
    assert await retention.forget_some() == 0  # its mail has not been done for long
    await scene.sql("UPDATE mail_outbox SET finished_at = now() - interval '31 days'")
    assert await retention.forget_some() == 1
    assert await retention.forget_some() == 0
    text = await scene.sql(
        "SELECT string_agg(job::text || report::text, '')"
        " FROM report_jobs AS job, reports AS report"
    )
    assert ALICE not in text
    assert BOB not in text
    assert await scene.sql("SELECT count(*) FROM report_parts") == 0
    assert (await client.get(f"/reports/{task_id}/csv", headers=OPS_KEY)).status_code == 404
    assert (await shown(client, task_id))["status"] == "done"
    assert scene.captured.sample(signals.RECIPIENTS_FORGOTTEN) == 1
    again = await client.post("/reports", json=asked, headers=OPS_KEY | key)
    assert again.json()["task_id"] != str(task_id)


async def test_what_is_not_finished_is_not_forgotten(scene: Scene) -> None:
    task_id = await scene.schedule()
    await scene.sql("UPDATE report_jobs SET created_at = now() - interval '90 days'")
    retention = Retention(scene.pool, scene.captured.telemetry.meter, days=30)
    assert await retention.forget_some() == 0
    async with scene.working():
        await scene.reached(task_id, "done")


async def test_what_is_forgotten_cannot_be_replayed(
    client: httpx.AsyncClient, scene: Scene, database_url: str
) -> None:
    task_id = await bury(scene)
    await scene.sql("UPDATE report_jobs SET finished_at = now() - interval '31 days'")
    await scene.sql("UPDATE mail_outbox SET finished_at = now() - interval '31 days'")
    await Retention(scene.pool, scene.captured.telemetry.meter, days=30).forget_some()
    refused = await post(client, f"/reports/{task_id}/replay")
    assert refused.status_code == 409
    assert "retention" in refused.json()["detail"]
    assert await replay_dead(database_url, None) == []
