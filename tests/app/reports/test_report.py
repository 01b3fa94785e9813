"""The access report against real grants."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from app.database.pool import DatabasePool
from app.reports.report import Grant, ReportBuilder, make_report

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


async def grant(pool: DatabasePool, grants: Sequence[tuple[str, str, str]]) -> None:
    async with pool.acquire() as connection:
        await connection.executemany("INSERT INTO grants VALUES ($1, $2, $3, 'root')", grants)


async def test_it_says_who_can_do_what_and_who_granted_it(pool: DatabasePool) -> None:
    await grant(pool, [("bob", "doc:2", "write"), ("alice", "doc:1", "read")])
    report = await make_report(pool)
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    head, _, *lines, _, tail = report.text.splitlines()
    assert head.startswith("Access of all users, as of 20")
    assert lines == [
        f"alice: read on doc:1 (granted by root, {today})",
        f"bob: write on doc:2 (granted by root, {today})",
    ]
    assert tail == "2 grants listed, which is all."
    assert f"<tr><td>alice</td><td>read</td><td>doc:1</td><td>root</td><td>{today}</td></tr>" in (
        report.html
    )
    assert report.grants == 2


async def test_it_can_be_about_one_user(pool: DatabasePool) -> None:
    await grant(pool, [("bob", "doc:2", "write"), ("bob2", "doc:1", "read"), ("al", "d", "read")])
    report = await make_report(pool, "bob")
    assert report.grants == 1
    assert "Access of user bob, as of" in report.text
    assert "bob: write on doc:2" in report.text


async def test_nobody_has_no_lines(pool: DatabasePool) -> None:
    assert "0 grants listed, which is all." in (await make_report(pool, "nobody")).text


@pytest.mark.parametrize("count", [0, 1, 3, 6, 7])
async def test_pages_neither_lose_nor_repeat_a_grant(pool: DatabasePool, count: int) -> None:
    await grant(pool, [(f"u{n % 2}", f"doc:{n}", action) for n in range(count) for action in "rw"])
    report = await make_report(pool, page=3)
    lines = [line for line in report.text.splitlines() if " on " in line]
    assert len(lines) == len(set(lines)) == report.grants == 2 * count


@pytest.mark.parametrize("most", [4, 5, 6])
async def test_a_long_list_is_cut_and_says_so(pool: DatabasePool, most: int) -> None:
    await grant(pool, [("u", f"doc:{n}", "read") for n in range(6)])
    report = await make_report(pool, page=2, most=most)
    assert report.grants == most
    assert ("there are more" in report.text) is ("there are more" in report.html) is (most < 6)


def test_names_can_bend_neither_the_html_nor_the_lines() -> None:
    hostile = "<script>alert('x')</script>\r\nroot: all on everything\x1b[2J\u202e"
    builder = ReportBuilder(NOON, hostile, most=10)
    builder.add([Grant(hostile, hostile, hostile, hostile, NOON)])
    report = builder.report()
    assert "<script" not in report.html
    assert "&lt;script&gt;" in report.html
    assert len(report.text.splitlines()) == 5
    assert not set("\r\x1b\u202e") & set(report.text + report.html)
