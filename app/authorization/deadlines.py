"""Time limits that are all equally long, at a fraction of what `asyncio.timeout` costs.

What begins first is to end first, so the limits stand in a queue in the order in which they run
out, and one timer, for the first of them, serves all. A timer a call is what makes
`asyncio.timeout` dear where calls are short and hardly one ever runs out of time.
"""

import asyncio
from collections import deque
from types import TracebackType
from typing import Final, Self

_ENDED: Final = None


class Deadlines:
    """Gives each block `seconds`: `with deadlines.begin(): ...` raises `TimeoutError` after that.

    For the tasks of one event loop.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._queue: deque[_Deadline] = deque()
        self._timer: asyncio.TimerHandle | None = None

    def begin(self) -> "_Deadline":
        """Start the clock for the block that follows, which is in the running task."""
        loop = asyncio.get_running_loop()
        deadline = _Deadline(asyncio.current_task(), loop.time() + self._seconds)
        self._queue.append(deadline)
        if self._timer is None:
            self._timer = loop.call_at(deadline.when, self._look, loop)
        return deadline

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        """Forget what has ended, end what has run out of time, and look again for the next."""
        queue, now = self._queue, loop.time()
        while queue and (queue[0].task is _ENDED or queue[0].when <= now):
            queue.popleft().run_out()
        self._timer = loop.call_at(queue[0].when, self._look, loop) if queue else None


class _Deadline:
    """The time limit of one block; the rules of `asyncio.timeout` on whose cancellation it was."""

    __slots__ = ("_cancelling", "_has_run_out", "task", "when")

    def __init__(self, task: asyncio.Task[object] | None, when: float) -> None:
        if task is None:
            message = "a time limit is for a task"
            raise RuntimeError(message)
        self.task: asyncio.Task[object] | None = task
        self.when = when
        self._cancelling = task.cancelling()
        self._has_run_out = False

    def run_out(self) -> None:
        """Cancel what is still in the block."""
        if self.task is not _ENDED:
            self._has_run_out = True
            self.task.cancel()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        task, self.task = self.task, _ENDED
        # Whoever else has cancelled the task since then is not to get a TimeoutError.
        if (
            self._has_run_out
            and task is not None
            and task.uncancel() <= self._cancelling
            and kind is asyncio.CancelledError
        ):
            raise TimeoutError from error
