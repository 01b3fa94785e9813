import os
import signal
import subprocess
import sys

from compose.native.processes import TOKEN_VARIABLE, Identity, end_tree, with_token


def _sleeper(**environment: str) -> "subprocess.Popen[bytes]":
    code = "import signal; print(flush=True); signal.pause()"
    process = subprocess.Popen(  # noqa: S603  # our own words
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        env={**os.environ, **environment},
    )
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    return process


def test_another_process_with_the_same_pid_is_not_ended() -> None:
    process = _sleeper()
    try:
        identity = Identity.of(process.pid)
        assert identity is not None
        former = Identity(identity.pid, identity.started - 1)
        assert not former.alive()
        end_tree(former, signal.SIGTERM, 0.1)
        assert identity.alive()
    finally:
        process.kill()
        process.wait()


def test_a_process_that_waits_to_be_reaped_is_gone() -> None:
    process = _sleeper()
    identity = Identity.of(process.pid)
    assert identity is not None
    end_tree(identity, signal.SIGTERM, 5)
    assert not identity.alive()  # though nobody has asked for its status
    assert process.wait() == -signal.SIGTERM


def test_a_process_is_found_by_the_run_s_token() -> None:
    process = _sleeper(**{TOKEN_VARIABLE: "of-this-test"})
    try:
        assert [found.pid for found in with_token("of-this-test")] == [process.pid]
        assert with_token("of-this") == []
    finally:
        process.kill()
        process.wait()


def test_there_is_no_identity_without_a_process() -> None:
    process = _sleeper()
    process.kill()
    process.wait()
    assert Identity.of(process.pid) is None
