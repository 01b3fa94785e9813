"""pint takes the rules as they are committed, and none of these others."""

import os
from pathlib import Path

import pytest

from alerts import build, check, tools
from compose.native.tools import TOOLS

RULES = (build.GENERATED / build.RULES).read_text(encoding="utf-8")
FAULTS = {
    "alerts/comparison": (" == 0", ""),
    "alerts/annotation": ("annotations: {summary: Away, runbook_url: x}", "annotations: {}"),
    "alerts/template": ("summary: Away", "summary: '{{ $labels.gone }}'"),
    "promql/syntax": (" == 0", " =="),
}
RULE = """
groups:
- name: one
  rules:
  - alert: Away
    expr: sum by (job) (up) == 0
    annotations: {summary: Away, runbook_url: x}
"""


@pytest.fixture(autouse=True)
def tool() -> None:
    if not tools.is_here("pint"):
        absent = f"pint is not on this machine: {TOOLS['pint'].install}"
        if os.environ.get("CI"):
            pytest.fail(absent)
        pytest.skip(absent)


def test_the_committed_rules_are_taken() -> None:
    assert list(check.pint(build.GENERATED / build.RULES)) == []


def test_a_rule_without_a_fault_is_taken(tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text(RULE)

    assert list(check.pint(tmp_path / "rules.yaml")) == []


@pytest.mark.parametrize("fault", FAULTS)
def test_a_rule_with_a_fault_is_refused(tmp_path: Path, fault: str) -> None:
    assert RULE.count(FAULTS[fault][0]) == 1
    (tmp_path / "rules.yaml").write_text(RULE.replace(*FAULTS[fault]))

    (said,) = check.pint(tmp_path / "rules.yaml")

    assert f"({fault})" in said


@pytest.mark.parametrize("ci", ["", "true"])
def test_without_it_a_check_fails_in_ci_alone(ci: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", ci)
    monkeypatch.setattr(tools, "is_here", lambda tool: tool != "pint")

    assert any("pint is not on this machine" in line for line in check.problems()) is bool(ci)
