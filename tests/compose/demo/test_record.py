import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from compose.demo.record import _since, fault, write
from compose.demo.scenario import ALERT
from compose.drill.record import Record
from compose.faults.catalogue import FAULTS
from tests.compose.incident.records import sample


def test_the_demo_waits_for_one_alert_and_the_others_are_no_surprise() -> None:
    [original] = [one for one in FAULTS if one.name == fault().name]
    assert {one.name for one in fault().expects} == {ALERT}
    every = {*original.expects, *original.may_follow}
    assert {*fault().expects, *fault().may_follow} == every


def test_only_what_was_written_since_the_fault_is_of_it() -> None:
    def lines() -> Iterator[dict[str, Any]]:
        for second in ("09", "10", "11"):
            yield {"timestamp": f"2026-01-01T00:00:{second}.500000Z", "event": second}

    moment = 1_767_225_610.25  # 2026-01-01T00:00:10.25Z
    assert [line["event"] for line in _since(lines(), moment)] == ["10", "11"]


def test_a_record_becomes_a_page(tmp_path: Path) -> None:
    shipped = sample()
    names = ("moments", "alerts", "notices", "links", "traces", "lines", "panels", "budgets")
    record = Record(fault=fault(), scale=60, **{name: shipped[name] for name in names})
    place = write(record, tmp_path)
    assert place == tmp_path / "postgresql-down.html"
    assert json.loads(place.with_suffix(".json").read_text())["fault"]["name"] == "postgresql-down"
    text = place.read_text(encoding="utf-8")
    assert "PostgreSQL dies as in a crash" in text
    assert "requests failed" not in text
