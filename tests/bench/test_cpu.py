import os
import subprocess
import sys
import threading
import time

import pytest

from bench.cpu import EVENT_LOOP, LAYERS, OTHER_THREADS, PROCESSES, LayeredCpu, layer_of

WORK_SECONDS = 0.05


def work() -> None:
    while time.thread_time() < WORK_SECONDS:
        pass


@pytest.mark.parametrize(
    ("name", "layer"),
    [
        ("MainThread", EVENT_LOOP),
        ("telemetry-spans", "span thread"),
        ("OtelBatchSpanRecordProcessor", "span thread"),
        ("telemetry-log", "log thread"),
        ("telemetry-metrics", "metrics thread"),
        ("Thread-1 (serve_forever)", "metrics thread"),
        ("asyncio_0", OTHER_THREADS),
    ],
)
def test_a_thread_has_its_layer_by_its_name(name: str, layer: str) -> None:
    assert layer_of(name) == layer
    assert layer in LAYERS


def test_the_work_of_a_thread_counts_in_its_layer_and_in_no_other() -> None:
    ready, done = threading.Event(), threading.Event()

    def thread() -> None:
        work()
        ready.set()
        done.wait()

    running = threading.Thread(target=thread)
    running.start()
    ready.wait()
    try:
        cpu = LayeredCpu(os.getpid(), {running.native_id or 0: "telemetry-log"})
        found = cpu.seconds()
    finally:
        done.set()
        running.join()
    assert found["log thread"] >= WORK_SECONDS
    assert found[EVENT_LOOP] == 0
    assert found[OTHER_THREADS] > 0  # this one, which is not named here
    ended = cpu.seconds()
    assert ended["log thread"] == 0
    assert ended[OTHER_THREADS] >= found[OTHER_THREADS] + WORK_SECONDS


def test_a_helper_process_counts() -> None:
    program = f"import time\nwhile time.process_time() < {WORK_SECONDS}: pass\nprint(flush=True)\n"
    helper = subprocess.Popen(  # noqa: S603  # this Python
        [sys.executable, "-c", program + "input()"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with helper:
        assert helper.stdout is not None
        helper.stdout.readline()
        assert LayeredCpu(os.getpid(), {}).seconds()[PROCESSES] >= WORK_SECONDS
        helper.communicate(b"\n")
