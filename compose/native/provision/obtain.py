"""Obtains everything that is missing, side by side; what is built from Go may stay missing."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from compose.native.errors import MissingPartError
from compose.native.guard import Guard
from compose.native.progress import Progress
from compose.native.provision.debian import ALERTMANAGER, PROMETHEUS, obtain_package
from compose.native.provision.go_module import (
    DASHBOARD_LINTER,
    JAEGER,
    PINT,
    GoModule,
    obtain_module,
)
from compose.native.tools import TOOLS, Tools

_Step = Callable[[Callable[[str], None]], Awaitable[None]]


async def obtain_missing(tools: Tools, progress: Progress, *, linters: bool = False) -> None:
    """Obtain what is missing; `MissingPartError` names every part that cannot be had.

    Jaeger's absence raises nothing, it is told through `progress`: without it traces go to a file.
    So is that of the linters, which are obtained where they are asked for.
    """
    for name in ("postgres", "valkey"):
        tools.find(name)
    with Guard() as guard:
        steps: dict[str, _Step] = {}
        if _lacks(tools, "prometheus", "promtool"):
            steps["prometheus"] = lambda say: obtain_package(PROMETHEUS, tools, guard, say)
        if _lacks(tools, "alertmanager", "amtool"):
            steps["alertmanager"] = lambda say: obtain_package(ALERTMANAGER, tools, guard, say)
        for module in (JAEGER, DASHBOARD_LINTER, PINT) if linters else (JAEGER,):
            if _lacks(tools, module.tool):
                steps[module.tool] = _building(module, tools, guard)
        problems = await asyncio.gather(
            *(_attempt(name, step, progress) for name, step in steps.items())
        )
    failed = dict(zip(steps, problems, strict=True))
    built = {module.tool for module in (JAEGER, DASHBOARD_LINTER, PINT)}
    needed = [problem for name, problem in failed.items() if problem and name not in built]
    if needed:
        raise MissingPartError("\n".join(needed))


def _building(module: GoModule, tools: Tools, guard: Guard) -> _Step:
    return lambda say: obtain_module(module, tools, guard, say)


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
