"""The rules of .dockerignore, as Docker describes them."""

import pytest

from compose.check.ignore import IgnoreRules

RULES = """
# a comment
**
!app
!compose/**/*.py
!compose/*.txt
**/__pycache__
app/secret?.py
"""


@pytest.mark.parametrize(
    ("path", "seen"),
    [
        ("README.md", False),
        ("app/settings.py", True),
        ("app/deep/down/query.sql", True),
        ("app/deep/__pycache__/query.pyc", False),
        ("app/secret1.py", False),
        ("app/secret10.py", True),
        ("application/settings.py", False),
        ("compose/check/ignore.py", True),
        ("compose/ignore.py", True),
        ("compose/compose.yaml", False),
        ("compose/lock.txt", True),
        ("compose/locks/lock.txt", False),
    ],
)
def test_the_last_pattern_that_matches_decides(path: str, *, seen: bool) -> None:
    assert IgnoreRules.of(RULES).sees(path) is seen
