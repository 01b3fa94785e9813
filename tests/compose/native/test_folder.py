import os
import subprocess
import sys
from pathlib import Path

import pytest

from compose.native.errors import AlreadyRunningError, RunError
from compose.native.folder import RunFolder, named
from compose.native.guard import Guard


def test_two_platforms_cannot_run_in_one_folder(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    handle = folder.lock()
    folder.write_state({})
    try:
        with pytest.raises(AlreadyRunningError) as caught:
            folder.lock()
    finally:
        os.close(handle)
    assert str(caught.value) == (
        f"a platform runs in {tmp_path / 'run'} (process {os.getpid()}): python -m compose down"
    )
    os.close(folder.lock())


def test_a_start_waits_for_the_guard_of_the_run_before(tmp_path: Path) -> None:
    """The guard holds the lock until it has finished, and then the folder is free."""
    folder = RunFolder(tmp_path / "run")
    handle = folder.lock()
    folder.prepare()
    guard = Guard(remove=folder.passing, keep_open=(handle,))
    guard.__enter__()
    os.close(handle)
    assert not folder.wait_free(0)
    guard.__exit__(None, None, None)
    assert folder.wait_free(0)
    assert not folder.config.exists()
    assert folder.logs.exists()


def test_the_state_of_a_process_that_is_gone_names_nobody(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    assert folder.owner() is None
    folder.write_state({"ports": {}})
    owner = folder.owner()
    assert owner is not None
    assert owner.pid == os.getpid()
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    text = folder.state.read_text().replace(str(os.getpid()), str(gone.pid))
    folder.state.write_text(text)
    assert folder.owner() is None


def test_only_the_owner_may_look_into_a_run(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    os.close(folder.lock())
    folder.prepare()
    for path in (folder.root, folder.config, folder.data, folder.logs):
        assert path.stat().st_mode & 0o077 == 0


def test_a_runs_name_is_no_path() -> None:
    with pytest.raises(RunError, match="a run's name is"):
        named("../elsewhere")
