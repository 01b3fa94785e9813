"""A demo that is left in the middle leaves nothing behind."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from compose.native.folder import RunFolder, named
from compose.native.processes import Identity, descendants, wait_gone

pytestmark = pytest.mark.platform

_ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_of_an_interrupted_demo(number: signal.Signals) -> None:
    name = f"interrupted-{os.getpid()}"
    process = subprocess.Popen(  # noqa: S603  # our own words
        [sys.executable, "-m", "compose", "demo", "--free-ports", f"--name={name}"],
        cwd=_ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    try:
        for line in process.stdout:
            if "Something breaks" in line:
                break
        ourselves = Identity.of(process.pid)
        assert ourselves is not None
        parts = descendants(ourselves)
        assert len(parts) > 8
        process.send_signal(number)
        rest, _ = process.communicate()
        assert "Traceback" not in rest
        assert process.returncode != 0
        assert RunFolder(named(name)).wait_free(60)
        assert wait_gone(parts, 10)
        assert {path.name for path in named(name).iterdir()} == {"lock", "logs"}
    finally:
        process.kill()
        process.wait()
        shutil.rmtree(named(name), ignore_errors=True)
