"""A Dockerfile that would not build, or would build something else, is found."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from compose.check.ignore import IgnoreRules
from compose.check.image_build import check_commands, check_image_build
from compose.check.project import DOCKERFILE
from tests.compose.check.repository import TOP, RepositoryCopy

BASE = "python:3.12.14-slim-bookworm"


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        (
            f"FROM {BASE}\nLABEL",
            "FROM python:3.12-slim\nLABEL",
            "image python:3.12-slim moves: pin a full version",
        ),
        (f"FROM {BASE} AS build", "FROM python AS build", "image python has no tag"),
        ("USER 10001:10001", "USER sightline", "ends with user sightline"),
        ("USER 10001:10001", "USER 0", "ends with user 0"),
        ("USER 10001:10001", "", "ends with user root"),
        ("COPY app /srv", "COPY apps /srv", "copies apps, which does not exist"),
        ("COPY app /srv", "COPY alerts /srv", "copies alerts, which Dockerfile.dockerignore hides"),
        ("--require-hashes", "", "installs without --require-hashes"),
    ],
)
def test_a_fault_of_the_dockerfile_is_found(
    repository: RepositoryCopy, old: str, new: str, fault: str
) -> None:
    repository.change(old, new, DOCKERFILE)
    assert any(
        line.startswith(f"{DOCKERFILE}: {fault}") for line in repository.says(check_image_build)
    )


def test_a_stage_needs_no_pin_but_what_it_comes_from_does(repository: RepositoryCopy) -> None:
    repository.change(f"FROM {BASE}\nLABEL", "FROM build\nLABEL", DOCKERFILE)
    assert repository.says(check_image_build) == []


def test_a_user_of_an_earlier_stage_does_not_count(repository: RepositoryCopy) -> None:
    repository.change("USER 10001:10001\n", "USER 10001\nFROM scratch\n", DOCKERFILE)
    assert repository.says(check_image_build) == [
        f"{DOCKERFILE}: ends with user root: give a number that is not 0"
    ]


def test_a_source_that_the_ignore_file_hides_is_found(repository: RepositoryCopy) -> None:
    repository.change("!telemetry\n", "", f"{DOCKERFILE}.dockerignore")
    hidden = f"{DOCKERFILE}: copies telemetry, which Dockerfile.dockerignore hides"
    assert repository.says(check_image_build) == [hidden]


def test_an_image_that_can_be_told_to_misbehave_is_found(repository: RepositoryCopy) -> None:
    assert (repository.root / "compose/faults/switched.py").is_file()
    assert repository.says(check_image_build) == []
    repository.change("!compose/inbox\n", "!compose/**/*.py\n", f"{DOCKERFILE}.dockerignore")
    found = repository.says(check_image_build)
    for folder in ("faults", "drill", "incident", "tour"):
        told = (
            f"{DOCKERFILE}: copies compose/{folder}, which breaks a service on purpose or shows how"
        )
        assert told in found


@pytest.mark.parametrize("command", ["app", "compose inbox", "compose mail"])
def test_what_the_image_holds_is_all_that_its_commands_need(tmp_path: Path, command: str) -> None:
    ignored = IgnoreRules.of((TOP / f"{DOCKERFILE}.dockerignore").read_text(encoding="utf-8"))
    for folder in ("app", "telemetry", "compose"):
        for file in (TOP / folder).rglob("*"):
            path = file.relative_to(TOP)
            if file.is_file() and ignored.sees(str(path)):
                (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(file, tmp_path / path)
    assert not (tmp_path / "compose/faults").exists()

    result = subprocess.run(  # noqa: S603  # our own words
        [sys.executable, "-m", *command.split(), "--help"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert result.returncode == 0, result.stderr


def test_a_lock_without_hashes_is_found(repository: RepositoryCopy) -> None:
    lock = "compose/locks/runtime.txt"
    (repository.root / lock).write_text("starlette==1.10.0\n", encoding="utf-8")
    assert repository.says(check_image_build) == [
        f"{DOCKERFILE}: installs {lock}, which has no hashes"
    ]


def test_a_command_that_is_no_package_is_found(repository: RepositoryCopy) -> None:
    repository.change("command: [app, worker]", "command: [worker]")
    assert repository.says(check_commands) == ["worker: runs worker, which is no package to run"]
