"""What the tests of control over reports share: their requests, and a report that is dead."""

from typing import Any
from uuid import UUID

import httpx

from tests.app.reports.conftest import OPS_KEY, Scene


async def post(client: httpx.AsyncClient, path: str, **more: Any) -> httpx.Response:  # noqa: ANN401  # httpx's
    return await client.post(path, headers=OPS_KEY, **more)


async def shown(client: httpx.AsyncClient, task_id: UUID) -> dict[str, Any]:
    answer: dict[str, Any] = (await client.get(f"/reports/{task_id}", headers=OPS_KEY)).json()
    return answer


async def bury(scene: Scene) -> UUID:
    """Return a report that is dead of its mail, with a mail server that takes the next one."""
    scene.mailbox.rcpt_answer = "550 5.1.1 unknown"
    task_id = await scene.schedule()
    async with scene.working():
        await scene.reached(task_id, "dead")
    scene.mailbox.rcpt_answer = "250 OK"
    return task_id
