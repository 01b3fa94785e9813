"""What the tests of the dashboards share: every board as JSON, and promtool."""

import copy
from pathlib import Path
from typing import Any

import pytest

from compose.native.tools import Tools
from dashboards import files
from dashboards.boards import BOARDS

_GENERATED = files.generated(BOARDS)


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
