"""What the tests of the check share."""

from pathlib import Path

import pytest

from tests.compose.check.repository import RepositoryCopy


@pytest.fixture
def repository(tmp_path: Path) -> RepositoryCopy:
    """A copy of the repository's own files: it passes every check until the test spoils it."""
    return RepositoryCopy.at(tmp_path / "repository")
