"""Compose's variables are replaced as Compose replaces them, without an environment."""

import pytest

from compose.check.interpolation import (
    STAND_IN,
    interpolated,
    is_required_variable,
    required_variables,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("${NAME:-8000}:8000", "8000:8000"),
        ("${NAME-}", ""),
        ("a ${NAME:?say it} b", f"a {STAND_IN} b"),
        ("${NAME}", STAND_IN),
        ("$${NAME}", "${NAME}"),
    ],
)
def test_a_variable_is_replaced(text: str, expected: str) -> None:
    assert interpolated({"in": [text, 1]}) == {"in": [expected, 1]}


def test_what_must_be_given_is_told_from_what_may() -> None:
    assert list(required_variables("${A:?x} ${B:-y} ${C?} ${D} $${E:?z}")) == ["A", "C"]
    assert is_required_variable("${A:?x}")
    assert not is_required_variable("a${A:?x}")
    assert not is_required_variable("${A:-x}")
