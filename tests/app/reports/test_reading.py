"""Whose a report is, its CSV by mail and by HTTP, and the list."""

import httpx
import pytest

from app.reports.report import Limits
from tests.app.reports.conftest import AUDIT_KEY, OPS_KEY, Scene
from tests.app.reports.control import post


async def test_only_the_owner_cancels_replays_and_downloads(
    client: httpx.AsyncClient, scene: Scene
) -> None:
    task_id = await scene.schedule()
    for path in (f"/reports/{task_id}", "/reports/1"):
        for action in ("cancel", "replay"):
            foreign = await client.post(f"{path}/{action}", headers=AUDIT_KEY)
            assert (foreign.status_code, foreign.json()["detail"]) == (
                404,
                "There is no such report.",
            )
        assert (await client.get(f"{path}/csv", headers=AUDIT_KEY)).status_code == 404
    assert (await client.get("/reports", headers=AUDIT_KEY)).json()["items"] == []


async def test_the_csv_is_attached_and_can_be_fetched(
    client: httpx.AsyncClient, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    await scene.sql(
        "INSERT INTO grants SELECT '=u' || n, 'r', 'a', 'x' FROM generate_series(1, 9) n"
    )
    monkeypatch.setattr("app.reports.report.DEFAULT_LIMITS", Limits(page=2, part_bytes=10))
    small = await scene.schedule()
    async with scene.working():
        await scene.reached(small, "done")
        monkeypatch.setattr("app.reports.mailer.MAX_ATTACHED", 100)
        large = await scene.schedule()
        await scene.reached(large, "done")
    fetched = await client.get(f"/reports/{small}/csv", headers=OPS_KEY)
    assert fetched.headers["Content-Type"].startswith("text/csv")
    assert int(fetched.headers["Content-Length"]) == len(fetched.content)
    assert fetched.content.count(b"\r\n") == 10
    first, second = scene.mailbox.mails
    (attached,) = first.iter_attachments()
    assert attached.get_content_type() == "text/csv"
    assert attached.get_filename("").startswith("access-report-20")
    payload = attached.get_payload(decode=True)
    assert payload == fetched.content
    assert b'"\'=u1"' in fetched.content
    assert list(second.iter_attachments()) == []
    for kind in ("plain", "html"):
        body = second.get_body((kind,))
        assert body is not None
        assert f"GET /reports/{large}/csv" in body.get_content()


async def test_the_list_goes_from_new_to_old_in_pages(
    client: httpx.AsyncClient, scene: Scene
) -> None:
    made = [str(await scene.schedule()) for _ in range(5)]
    await scene.sql("UPDATE report_jobs SET created_at = now()")  # the ID tells them apart
    seen: list[str] = []
    cursor: str | None = None
    pages = 0
    while pages == 0 or cursor:
        query = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
        page = (await client.get("/reports", params=query, headers=OPS_KEY)).json()
        seen += [item["task_id"] for item in page["items"]]
        cursor, pages = page["next_cursor"], pages + 1
    assert (pages, seen) == (3, sorted(made, reverse=True))
    await post(client, f"/reports/{made[0]}/cancel")
    found = await client.get("/reports", params={"status": "cancelled"}, headers=OPS_KEY)
    assert [item["task_id"] for item in found.json()["items"]] == made[:1]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"limit": "0"}, 422),
        ({"limit": "501"}, 422),
        ({"limit": "x"}, 422),
        ({"status": "gone"}, 422),
        ({"cursor": "x"}, 400),
        ({"cursor": "MjAyNi0xMS0yNA=="}, 400),
        ({"cursor": "\xe9"}, 400),
    ],
)
async def test_an_unfit_query_is_refused(
    client: httpx.AsyncClient, query: dict[str, str], status: int
) -> None:
    assert (await client.get("/reports", params=query, headers=OPS_KEY)).status_code == status
