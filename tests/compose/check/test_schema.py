"""The specification's schema speaks, in one line a fault."""

import pytest

from compose.check.schema import check_schema
from tests.compose.check.repository import RepositoryCopy


def test_the_real_file_is_valid(repository: RepositoryCopy) -> None:
    assert repository.says(check_schema) == []


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("mem_limit: 160m", "memory_limit: 160m", "services.valkey: "),
        ("condition: service_completed_successfully", "condition: done", "services.web"),
        ("internal: true", "internal: [true]", "networks.data.internal: "),
        ("pids_limit: 32", "pids_limit: [32]", "services.valkey.pids_limit: "),
    ],
)
def test_what_is_not_in_the_specification_is_found(
    repository: RepositoryCopy, old: str, new: str, place: str
) -> None:
    repository.change(old, new)
    found = repository.says(check_schema)
    assert any(line.startswith(f"compose/compose.yaml: {place}") for line in found), found
    assert not any("\n" in line for line in found)
