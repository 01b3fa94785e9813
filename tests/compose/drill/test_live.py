"""Fast faults on the real platform: broken, told, followed, mended, told again, on record."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from rich.console import Console

from compose.drill.command import Healthy, Keeping, drilled
from compose.drill.scorecard import Scorecard
from compose.faults.catalogue import named
from compose.faults.stage import Stage
from compose.native.ports import Ports
from compose.native.run import PlatformOptions

pytestmark = pytest.mark.platform

SECONDS = {"injected", "detected", "repaired", "resolved", "returned", "ended"}


async def test_two_faults_are_told_and_leave_a_record_though_a_third_cannot_be_made(
    tmp_path: Path,
) -> None:
    options = PlatformOptions(run_dir=tmp_path / "run", ports=Ports.free(), scale=60)
    mended = []

    async def fail(_: Stage) -> None:
        message = "it does not break"
        raise httpx.ReadTimeout(message)

    async def mend(_: Stage) -> None:
        mended.append(True)

    redis, flood = named(["redis-down", "expired-key-flood"])
    impossible = replace(redis, name="impossible", inject=fail, repair=mend)
    kept: list[Scorecard] = []

    score = await drilled(
        options,
        (impossible, redis, flood),
        Console(quiet=True),
        Healthy(rate=30, seconds=3),
        Keeping(kept.append, tmp_path / "records"),
    )

    failed, *others = score.verdicts
    assert mended == [True]
    assert any("could not break it: ReadTimeout: it does not break" in one for one in failed.broken)
    assert not failed.seen
    assert [len(one.verdicts) for one in kept] == [1, 2, 3, 3]
    for verdict in others:
        assert verdict.seen == verdict.expected, verdict
        assert (verdict.log_ok, verdict.panel_ok) == (True, True), verdict
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
        assert _fired_first(record), "an alert is told after it fires, not before"


def _fired_first(record: dict[str, Any]) -> bool:
    """Tell whether what was told of first fired before, by Prometheus' own series."""
    told = record["moments"]["detected"]
    return any(one["role"] == "expected" and one["fired_at"] < told for one in record["alerts"])
