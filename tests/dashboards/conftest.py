"""What the tests of the dashboards share: every board as JSON, promtool, and the panels' matrix."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from compose.native.tools import Tools
from dashboards import files
from dashboards.boards import BOARDS

_GENERATED = files.generated(BOARDS)
_MATRIX = pytest.StashKey[str]()


@pytest.fixture
def generated() -> dict[str, dict[str, Any]]:
    """Each board's dashboard by file name, free to be changed."""
    return copy.deepcopy(_GENERATED)


@pytest.fixture(scope="session")
def promtool() -> Path:
    found = Tools().look("promtool")
    if found is None:
        pytest.skip("promtool is not on this machine: python -m compose provision")
    return found


@pytest.fixture(scope="session")
def tell_matrix(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """`tell_matrix(text)`: the run ends with the text, after its failures."""

    def tell(text: str) -> None:
        request.config.stash[_MATRIX] = text

    return tell


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    matrix = config.stash.get(_MATRIX, None)
    if matrix is not None:
        terminalreporter.section("dashboards: what is proven of each panel")
        terminalreporter.write_line(matrix)
