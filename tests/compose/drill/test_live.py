"""Two fast faults on the real platform: broken, told, followed, mended, told again, on record."""

import json
from pathlib import Path

import pytest
from rich.console import Console

from compose.drill.command import Healthy, drilled
from compose.faults.catalogue import named
from compose.native.ports import Ports
from compose.native.run import PlatformOptions

pytestmark = pytest.mark.platform

SECONDS = {"injected", "detected", "repaired", "resolved", "ended"}


async def test_two_faults_are_told_and_leave_a_record(tmp_path: Path) -> None:
    options = PlatformOptions(run_dir=tmp_path / "run", ports=Ports.free(), scale=60)

    score = await drilled(
        options,
        named(["redis-down", "error-burst"]),
        Console(quiet=True),
        Healthy(rate=30, seconds=3),
        folder=tmp_path / "records",
    )

    assert score.recall == 1.0
    for verdict in score.verdicts:
        assert verdict.seen == verdict.expected, verdict
        record = json.loads((tmp_path / "records" / f"{verdict.fault}.json").read_text())
        assert record["format"] == 1
        assert all(record["moments"][name] for name in SECONDS)
        kinds = [entry["kind"] for entry in record["timeline"]]
        assert {"injected", "firing", "told", "repaired", "told_over"} <= set(kinds)
        (shown,) = [panel for panel in record["panels"] if panel["shows_the_fault"]]
        assert any(series["points"] for query in shown["queries"] for series in query["series"])
        assert any(notice["content"].get("text") for notice in record["notices"])  # a mail
        assert record["lines"]
        trace, *_ = record["traces"]  # then, where there is one, that of an exemplar
        assert trace["by_link"], verdict.broken
