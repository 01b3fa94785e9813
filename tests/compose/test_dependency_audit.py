"""The audit of dependencies: a vulnerability fails, and what could not be asked is said."""

import json

import pytest

from compose.dependency_audit import Findings, read

CLEAN = {"name": "a", "version": "1", "vulns": []}
UNKNOWN = {"name": "b", "skip_reason": "not found"}
WEAK = {"name": "c", "version": "2", "vulns": [{"id": "PYSEC-1", "fix_versions": ["3"]}]}


@pytest.mark.parametrize(
    ("packages", "expected", "code", "strict_code"),
    [
        ([CLEAN], Findings((), 1, 0), 0, 0),
        ([CLEAN, UNKNOWN], Findings((), 1, 1), 0, 1),
        ([CLEAN, WEAK], Findings(("c 2: PYSEC-1, mended in 3",), 2, 0), 1, 1),
        ([], Findings(), 0, 1),
    ],
)
def test_what_pip_audit_says_is_read(
    packages: list[dict[str, object]], expected: Findings, code: int, strict_code: int
) -> None:
    findings = read(json.dumps({"dependencies": packages, "fixes": []}))
    assert findings == expected
    assert findings.exit_code(is_strict=False) == code
    assert findings.exit_code(is_strict=True) == strict_code


@pytest.mark.parametrize("answer", ["", "no network", "[]", "{}", "null"])
def test_no_answer_is_no_finding(answer: str) -> None:
    assert read(answer) == Findings()
