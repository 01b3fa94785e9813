"""The flag of the long form is on only where somebody set it to something."""

import pytest

from tests.faults.form import is_long


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, False),
        ({"SIGHTLINE_FAULTS_LONG": ""}, False),
        ({"SIGHTLINE_FAULTS_LONG": "0"}, False),
        ({"SIGHTLINE_FAULTS_LONG": "1"}, True),
    ],
)
def test_only_a_flag_that_is_set_makes_it_long(
    environment: dict[str, str],
    expected: bool,  # noqa: FBT001  # a case's answer
) -> None:
    assert is_long(environment) is expected
