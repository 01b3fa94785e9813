"""grafana/dashboard-linter takes every board as it is committed, and none of these others."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dashboards import files, linter
from dashboards.lint.findings import panels
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


def test_what_asks_jaeger_is_left_to_our_own_lint(
    tool: Path, generated: dict[str, Json], tmp_path: Path
) -> None:
    """The linter takes the query of every table for PromQL; nothing else is kept from it."""
    board = generated["reports.json"]
    listed = [panel for panel in panels(board) if panel["datasource"]["type"] == "jaeger"]
    for panel in listed:
        panel["datasource"] = {"type": "prometheus", "uid": "$datasource"}
    (tmp_path / "reports.json").write_text(json.dumps(board))

    said = "\n".join(linter.refused(tool, [tmp_path / "reports.json"]))

    assert len(listed) == 2
    assert all(panel["title"] in said for panel in listed)
