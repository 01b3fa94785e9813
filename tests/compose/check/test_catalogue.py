"""The repository's own files pass every check, and the command says what does not."""

import pytest

from compose.check.__main__ import main
from compose.check.catalogue import checks_of_meaning, findings
from compose.check.findings import Check
from compose.check.project import COMPOSE_FILE
from compose.native.tools import Tools
from tests.compose.check.repository import TOP, RepositoryCopy


def test_the_repository_passes() -> None:
    assert [str(finding) for finding in findings(TOP, Tools().look)] == []


@pytest.mark.parametrize("check", checks_of_meaning(Tools().look), ids=lambda check: check.__name__)
def test_a_copy_passes_each_check(repository: RepositoryCopy, check: Check) -> None:
    assert repository.says(check) == []


def test_the_command_prints_a_line_a_fault_and_fails(
    repository: RepositoryCopy, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(repository.root) == 0
    capsys.readouterr()
    repository.change("mem_limit: 160m", "")
    repository.change("grafana:13.1.4", "grafana:latest")
    assert main(repository.root) == 1
    assert capsys.readouterr().err.splitlines() == [
        "grafana: image grafana/grafana:latest moves: pin a full version",
        "valkey: has no memory limit",
    ]


def test_what_the_schema_refuses_is_not_looked_at_further(repository: RepositoryCopy) -> None:
    repository.change("ports: [", "porst: [")
    repository.change("mem_limit: 160m", "")
    found = [str(finding) for finding in findings(repository.root, Tools().look)]
    assert [line for line in found if "porst" in line] == found != []


@pytest.mark.parametrize("text", ["services: [", "services:\n", "- a list\n", "a: 1\n"])
def test_a_file_that_is_no_compose_file_is_one_line(repository: RepositoryCopy, text: str) -> None:
    (repository.root / COMPOSE_FILE).write_text(text, encoding="utf-8")
    (found,) = findings(repository.root, Tools().look)
    assert str(found).startswith(f"{COMPOSE_FILE}: cannot be read: ")
    assert "\n" not in str(found)
