"""What the machine did for others is what all threads ran but those that are measured."""

import os
import subprocess
import sys
import time

from bench.others import others, taken

BUSY = """
import time
print(flush=True)
while time.process_time() < 0.3: pass
print(flush=True)
input()
"""


def test_a_process_of_others_is_counted_and_one_of_our_own_is_not() -> None:
    with subprocess.Popen(  # noqa: S603  # ours
        [sys.executable, "-c", BUSY], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as busy:
        said = busy.stdout
        assert said is not None
        said.readline()
        with_it, without = {os.getpid()}, {os.getpid(), busy.pid}
        before, before_without = others(with_it), others(without)
        said.readline()
        after, after_without = others(with_it), others(without)
        busy.communicate()
    assert busy.pid in after
    assert busy.pid not in after_without
    assert taken(before, after) - taken(before_without, after_without) > 0.1


def test_our_own_work_is_not_counted() -> None:
    own = {os.getpid()}
    before = others(own)
    until = time.process_time() + 0.2
    while time.process_time() < until:
        pass
    assert os.getpid() not in before.keys() | others(own).keys()
