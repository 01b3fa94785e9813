"""However the supervising process ends, nothing that it started is left."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from compose.native.processes import Identity, kill_all, wait_gone
from tests.compose.native import tiny

_ROOT = Path(__file__).resolve().parents[3]
_PATIENCE_SECONDS = 60.0


def _until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@contextmanager
def _parent(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The program with its parts, all running."""
    words = [sys.executable, "-m", "tests.compose.native.parent", str(folder)]
    process = subprocess.Popen(words, cwd=_ROOT)  # noqa: S603  # our own words
    try:
        _until(lambda: process.poll() is not None or (folder / "pids").exists())
        yield process
    finally:
        process.kill()
        process.wait()
        if (folder / "left").exists():  # of a test that has failed
            left = Identity.of(int((folder / "left").read_text()))
            kill_all([left] if left else [])


def _identities(folder: Path) -> list[Identity]:
    found = [Identity.of(int(pid)) for pid in (folder / "pids").read_text().split()]
    identities = [identity for identity in found if identity is not None]
    assert len(identities) == 4
    return identities


@pytest.mark.parametrize(
    ("number", "status"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 0), (signal.SIGHUP, 0), (signal.SIGKILL, -9)],
)
def test_nothing_is_left(tmp_path: Path, number: signal.Signals, status: int) -> None:
    with _parent(tmp_path) as parent:
        identities = _identities(tmp_path)
        parent.send_signal(number)
        assert parent.wait(_PATIENCE_SECONDS) == status
        assert wait_gone(identities, _PATIENCE_SECONDS)
        # The guard removes the files last, so that no process misses them.
        _until(lambda: not (tmp_path / "passing").exists())
    assert tiny.journal(tmp_path)[-2:] == ["stop second", "stop first"]


def test_a_second_interrupt_cannot_leave_anything_either(tmp_path: Path) -> None:
    with _parent(tmp_path) as parent:
        identities = _identities(tmp_path)
        for _ in range(3):
            parent.send_signal(signal.SIGINT)
        parent.wait(_PATIENCE_SECONDS)
        assert wait_gone(identities, _PATIENCE_SECONDS)
