"""The script writes an environment that compose.yaml and the service take, once."""

import hashlib
import json
import subprocess
from pathlib import Path

from tests.compose.check.repository import TOP

SCRIPT = TOP / "compose/new-environment.sh"


def run(target: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603  # the script that is tested
        ["/bin/sh", SCRIPT, target], capture_output=True, text=True, check=False
    )


def values(target: Path) -> dict[str, str]:
    lines = target.read_text(encoding="utf-8").splitlines()
    return {name: value.strip("'") for name, _, value in (line.partition("=") for line in lines)}


def test_the_key_that_is_printed_is_the_one_that_opens(tmp_path: Path) -> None:
    printed = run(tmp_path / "env").stdout.splitlines()[-1].removeprefix("API key: ")
    keys = json.loads(values(tmp_path / "env")["SIGHTLINE_API_KEYS"])
    assert keys == {"local": hashlib.sha256(printed.encode()).hexdigest()}
    assert len(printed) == 48


def test_two_runs_share_no_secret(tmp_path: Path) -> None:
    run(tmp_path / "one")
    run(tmp_path / "two")
    secrets = [*values(tmp_path / "one").values(), *values(tmp_path / "two").values()]
    assert len(set(secrets)) == len(secrets) == 10


def test_a_file_that_is_there_is_left_alone(tmp_path: Path) -> None:
    target = tmp_path / "env"
    target.write_text("kept\n", encoding="utf-8")
    done = run(target)
    assert done.returncode == 1
    assert str(target) in done.stderr
    assert target.read_text(encoding="utf-8") == "kept\n"
