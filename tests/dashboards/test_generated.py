"""The committed files: what the boards give, byte for byte, on every run."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from dashboards import __main__ as command
from dashboards import files
from dashboards.boards import BOARDS
from dashboards.lint.findings import panels

_ROOT = Path(__file__).parents[2]
_PRINT_DIGESTS = """
import hashlib
from dashboards import files
from dashboards.boards import BOARDS
for name, dashboard in files.generated(BOARDS).items():
    print(name, hashlib.sha256(files.encoded(dashboard)).hexdigest())
"""


def test_the_committed_files_are_current(generated: dict[str, dict[str, Any]]) -> None:
    assert list(files.stale(generated)) == []


def test_bytes_do_not_depend_on_the_hash_seed() -> None:
    outputs = {
        subprocess.run(  # noqa: S603 - this interpreter, and a program of this test
            [sys.executable, "-c", _PRINT_DIGESTS],
            cwd=_ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2718")
    }

    (digests,) = outputs
    assert len(digests.splitlines()) == len(list(files.FOLDER.glob("*.json")))


def test_each_kind_of_stale_file_is_named(
    generated: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    files.write(generated, tmp_path)
    assert list(files.stale(generated, tmp_path)) == []

    (tmp_path / "runtime.json").write_bytes(b"{}\n")
    (tmp_path / "reports.json").unlink()
    (tmp_path / "old.json").write_bytes(b"{}\n")

    assert list(files.stale(generated, tmp_path)) == [
        "old.json comes from no board: run `make generate`",
        "reports.json is missing: run `make generate`",
        "runtime.json is not what its board gives: run `make generate`",
    ]


def test_writing_leaves_only_what_the_boards_give(
    generated: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    (tmp_path / "old.json").write_bytes(b"{}\n")

    files.write(generated, tmp_path)

    assert {file.name for file in tmp_path.iterdir()} == generated.keys()


def test_check_is_content_with_what_is_committed(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["check"]) == 0
    assert "11 boards" in capsys.readouterr().out


def test_the_agreed_uids(generated: dict[str, dict[str, Any]]) -> None:
    assert {dashboard["uid"] for dashboard in generated.values()} == {
        "sightline-home",
        "sightline-service-overview",
        "sightline-slos",
        "sightline-database",
        "sightline-access",
        "sightline-authorization",
        "sightline-reports",
        "sightline-batches",
        "sightline-audit",
        "sightline-runtime",
        "sightline-telemetry-health",
    }


def test_traces_are_shown_where_requests_decisions_and_jobs_are_drawn(
    generated: dict[str, dict[str, Any]],
) -> None:
    services = {
        name: {
            target["service"]
            for panel in panels(board)
            for target in panel["targets"]
            if target["datasource"] == {"type": "jaeger", "uid": "jaeger"}
        }
        for name, board in generated.items()
    }

    assert {name: found for name, found in services.items() if found} == {
        "service-overview.json": {"sightline-web"},
        "authorization.json": {"sightline-web"},
        "reports.json": {"sightline-worker"},
    }


def test_exemplars_are_asked_once_a_histogram_and_of_raw_buckets(
    generated: dict[str, dict[str, Any]],
) -> None:
    asked = {
        (dashboard["uid"], panel["title"]): [
            target["expr"] for target in panel["targets"] if target.get("exemplar")
        ]
        for dashboard in generated.values()
        for panel in panels(dashboard)
    }

    assert len(asked["sightline-service-overview", "Duration"]) == 1
    assert len(asked["sightline-authorization", "Duration of checks"]) == 1
    for expressions in asked.values():
        assert all("_bucket{" in expression for expression in expressions)


@pytest.mark.parametrize(("ci", "code"), [("", 0), ("true", 1)])
def test_a_judge_that_is_not_there_fails_in_ci_alone(
    ci: str,
    code: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("CI", ci)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    assert command.main(["check"]) == code

    said = capsys.readouterr().out
    assert "dashboard-linter has judged nothing" in said
    assert ("dashboard-linter is not on this machine" in said) is bool(ci)


def test_check_names_each_fault_and_ends_with_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("dashboards.__main__.BOARDS", BOARDS[1:2])

    assert command.main(["check"]) == 1

    lines = capsys.readouterr().out
    assert "dashboards: runtime.json comes from no board: run `make generate`" in lines
    assert "authorization.epoch.age is on no panel" in lines
