import shutil
import subprocess
import sys
from pathlib import Path
from socket import create_server

import pytest

from compose.native.folder import named

_ROOT = Path(__file__).resolve().parents[3]
_NAME = "test-commands"


def _compose(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "compose", *words]
    return subprocess.run(  # noqa: S603  # our own words
        command, cwd=_ROOT, capture_output=True, text=True, check=False
    )


def test_a_taken_port_stops_the_start_before_it_begins() -> None:
    with create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        result = _compose("up", f"--name={_NAME}", "--free-ports", f"--port=web={port}")
    try:
        assert result.returncode == 1
        assert result.stdout == ""
        assert result.stderr.startswith(f"port {port} (web) is taken: choose with --port web=N")
        assert result.stderr.count("\n") == 1
        assert not (named(_NAME) / "logs").exists()
    finally:
        shutil.rmtree(named(_NAME))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--port=nonsense"], "no part has a port named 'nonsense'"),
        (["--port=web=high"], "the port of web must be 1 to 65535"),
        (["--scale=0"], "--scale must be a whole number from 1 up"),
        (["--name=../x"], "a run's name is letters"),
    ],
)
def test_a_wrong_setting_is_one_line(words: list[str], message: str) -> None:
    result = _compose("up", *words)
    assert result.returncode == 1
    assert result.stderr.startswith(message)
    assert result.stderr.count("\n") == 1


def test_down_with_nothing_to_stop_is_well() -> None:
    result = _compose("down", "--name=test-never-started")
    assert (result.returncode, result.stdout) == (0, "nothing is running\n")


def test_an_unknown_command_shows_what_there_is() -> None:
    result = _compose("upp")
    assert result.returncode == 2
    for command in ("up", "down", "demo", "provision", "inbox", "mail"):
        assert f"  {command} " in result.stderr
    assert _compose("--help").returncode == 0
