"""A thread of telemetry is courteous while it keeps up, and an ordinary one while it does not."""

import os
import threading
from collections.abc import Callable

import pytest

from telemetry.giving_way import begin, give_way

linux = pytest.mark.skipif(not hasattr(os, "SCHED_BATCH"), reason="Linux's")


def in_a_thread(work: Callable[[], None]) -> None:
    failed: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001  # raised again by the test's thread
            failed.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]


@linux
def test_a_thread_that_keeps_up_interrupts_nobody_and_one_that_is_behind_hurries() -> None:
    waiting: list[bytes] = []

    def work() -> None:
        begin(lambda: bool(waiting))
        assert give_way() == 1
        assert os.sched_getscheduler(0) == os.SCHED_BATCH
        waiting.append(b"")
        assert give_way() > 1
        assert os.sched_getscheduler(0) == os.SCHED_OTHER
        waiting.clear()
        assert give_way() == 1
        assert os.sched_getscheduler(0) == os.SCHED_BATCH

    in_a_thread(work)
    assert os.sched_getscheduler(0) == os.SCHED_OTHER


def test_a_sandbox_that_forbids_it_fails_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_: object) -> None:
        raise PermissionError

    waiting: list[bytes] = []

    def work() -> None:
        begin(lambda: bool(waiting))
        assert give_way() == 1
        waiting.append(b"")
        assert give_way() > 1

    monkeypatch.setattr(os, "sched_setscheduler", forbidden, raising=False)
    in_a_thread(work)


def test_where_linux_does_not_schedule_a_rush_is_a_rush(monkeypatch: pytest.MonkeyPatch) -> None:
    def work() -> None:
        begin(lambda: True)
        assert give_way() > 1

    monkeypatch.delattr(os, "SCHED_BATCH", raising=False)
    in_a_thread(work)


@linux
def test_who_did_not_begin_rests_as_it_is() -> None:
    def work() -> None:
        before = os.sched_getscheduler(0)
        assert give_way() == 1
        assert os.sched_getscheduler(0) == before

    in_a_thread(work)
