"""A container without bounds, or with more rights than it needs, is found."""

import pytest

from compose.check.hardening import check_hardening
from tests.compose.check.repository import RepositoryCopy


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        (
            "test: [CMD, valkey-cli",
            "test: [NONE]\n      x-was: [CMD, valkey-cli",
            "valkey: has no health check",
        ),
        ("mem_limit: 160m", "", "valkey: has no memory limit"),
        ("pids_limit: 32", "", "valkey: has no limit of processes"),
        ("restart: unless-stopped", "", "valkey: has no restart policy"),
        (
            'user: "999:1000"',
            "",
            "valkey: runs as root, or as nobody says whom: give a numeric user",
        ),
        (
            'user: "999:1000"',
            "user: valkey",
            "valkey: runs as root, or as nobody says whom: give a numeric user",
        ),
        (
            'user: "999:1000"',
            'user: "0:1000"',
            "valkey: runs as root, or as nobody says whom: give a numeric user",
        ),
        ("read_only: true", "", "valkey: may write to its image: set read_only"),
        (
            "no-new-privileges:true",
            "label:disable",
            "valkey: may gain privileges: set no-new-privileges:true",
        ),
        (
            "cap_drop: [ALL]",
            "cap_drop: [NET_RAW]",
            "valkey: keeps capabilities: set cap_drop: [ALL]",
        ),
        ("mem_limit: 160m", "mem_limit: 160m\n    privileged: true", "valkey: is privileged"),
        (
            "mem_limit: 160m",
            "mem_limit: 160m\n    volumes: [/var/run/docker.sock:/var/run/docker.sock:ro]",
            "valkey: mounts Docker's socket, which is root on the machine",
        ),
    ],
)
def test_a_broken_rule_is_found(repository: RepositoryCopy, old: str, new: str, fault: str) -> None:
    repository.change(old, new)
    assert fault in repository.says(check_hardening)


def test_our_image_without_a_user_of_its_own_is_found(repository: RepositoryCopy) -> None:
    repository.change("USER 10001:10001", "USER root", "compose/Dockerfile")
    root = "runs as root, or as nobody says whom: give a numeric user"
    ours = ["web", "worker", "migrate", "inbox"]
    assert repository.says(check_hardening) == [f"{name}: {root}" for name in ours]


def test_a_reason_excuses_its_rule_and_no_other(repository: RepositoryCopy) -> None:
    repository.change('user: "999:1000"', "x-reasons: {user: it says why}")
    repository.change("mem_limit: 160m", "")
    assert repository.says(check_hardening) == ["valkey: has no memory limit"]


def test_a_reason_for_no_rule_is_found(repository: RepositoryCopy) -> None:
    repository.change("mem_limit: 160m", "mem_limit: 160m\n    x-reasons: {usr: a slip}")
    assert repository.says(check_hardening) == ["valkey: gives a reason for usr, which is no rule"]
