"""Obtains everything that is missing, side by side; Jaeger may stay missing, the others not."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from compose.native.errors import MissingPartError
from compose.native.guard import Guard
from compose.native.progress import Progress
from compose.native.provision.debian import ALERTMANAGER, PROMETHEUS, obtain_package
from compose.native.provision.jaeger import obtain_jaeger
from compose.native.tools import TOOLS, Tools

_Step = Callable[[Callable[[str], None]], Awaitable[None]]


async def obtain_missing(tools: Tools, progress: Progress) -> None:
    """Obtain what is missing; `MissingPartError` names every part that cannot be had.

    Jaeger's absence raises nothing, it is told through `progress`: without it traces go to a file.
    """
    for name in ("postgres", "valkey"):
        tools.find(name)
    with Guard() as guard:
        steps: dict[str, _Step] = {}
        if _lacks(tools, "prometheus", "promtool"):
            steps["prometheus"] = lambda say: obtain_package(PROMETHEUS, tools, guard, say)
        if _lacks(tools, "alertmanager", "amtool"):
            steps["alertmanager"] = lambda say: obtain_package(ALERTMANAGER, tools, guard, say)
        if _lacks(tools, "jaeger"):
            steps["jaeger"] = lambda say: obtain_jaeger(tools, guard, say)
        problems = await asyncio.gather(
            *(_attempt(name, step, progress) for name, step in steps.items())
        )
    failed = dict(zip(steps, problems, strict=True))
    needed = [problem for name, problem in failed.items() if problem and name != "jaeger"]
    if needed:
        raise MissingPartError("\n".join(needed))


def _lacks(tools: Tools, *names: str) -> bool:
    return any(tools.look(name) is None for name in names)


async def _attempt(name: str, step: _Step, progress: Progress) -> str | None:
    """Take the step; return why it failed, or None."""
    progress.begin(name)
    began = time.monotonic()
    try:
        await step(lambda text: progress.update(name, text))
    except MissingPartError as error:
        progress.end(name, f"{TOOLS[name].title} cannot be had: {error}")
        return str(error)
    progress.end(name, f"obtained in {time.monotonic() - began:.0f} s")
    return None
