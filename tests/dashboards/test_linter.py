"""grafana/dashboard-linter takes every board as it is committed, and none of these others."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dashboards import files, linter
from dashboards.lint.findings import asks_jaeger, panels
from tests.dashboards.conftest import judge

Json = dict[str, Any]
FAULTS: dict[str, Callable[[Json], Any]] = {
    "has missing title or description": lambda board: _asking(board).update(description=""),
    "does not use a templated datasource": lambda board: _asking(board).update(datasource="mine"),
    "invalid PromQL query": lambda board: _asking(board)["targets"][0].update(expr="sum("),
    "does not have a templated data source": lambda board: board["templating"].update(list=[]),
    "is editable": lambda board: board.update(editable=True),
}


def _asking(board: Json) -> Json:
    return next(panel for panel in panels(board) if panel.get("targets"))


@pytest.fixture(scope="module")
def tool() -> Path:
    return judge("dashboard-linter")


def test_every_board_is_taken(tool: Path, generated: dict[str, Json]) -> None:
    assert list(linter.refused(tool, (files.FOLDER / name for name in generated))) == []


@pytest.mark.parametrize("fault", FAULTS)
def test_a_board_with_a_fault_is_refused(
    tool: Path, generated: dict[str, Json], tmp_path: Path, fault: str
) -> None:
    board = generated["runtime.json"]
    FAULTS[fault](board)
    (tmp_path / "runtime.json").write_text(json.dumps(board))

    said = list(linter.refused(tool, [tmp_path / "runtime.json"]))

    assert any(fault in line for line in said), said
    assert all(line.startswith("runtime.json: dashboard-linter: [") for line in said)


def test_a_board_is_judged_byte_for_byte_as_it_is_committed(tmp_path: Path) -> None:
    """Nothing is kept from the linter: this one says what it was given, and takes nothing."""
    tool = tmp_path / "dashboard-linter"
    tool.write_text('#!/bin/sh\necho "$1 $2"\ncat "$3"\nexit 1\n')
    tool.chmod(0o700)

    for file in files.FOLDER.glob("*.json"):
        given = f"lint --strict\n{file.read_text('utf-8')}".strip()
        assert list(linter.refused(tool, [file])) == [f"{file.name}: dashboard-linter: {given}"]


def test_traces_in_a_table_are_refused(
    tool: Path, generated: dict[str, Json], tmp_path: Path
) -> None:
    """The linter takes the query of every table for PromQL: hence traces are points of a chart."""
    board = generated["reports.json"]
    shown = [panel for panel in panels(board) if asks_jaeger(panel)]
    for panel in shown:
        panel.update(type="table")
    (tmp_path / "reports.json").write_text(json.dumps(board))

    said = "\n".join(linter.refused(tool, [tmp_path / "reports.json"]))

    assert len(shown) == 2
    assert all(panel["title"] in said for panel in shown)
    assert "invalid PromQL query" in said
