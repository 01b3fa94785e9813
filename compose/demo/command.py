"""The demo's command: a platform in compressed time, the scenario on it, and what it all took."""

import argparse
import asyncio
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

import httpx
from rich.console import Console

from compose.chain.waiting import BrokenLinkError
from compose.demo.figures import Figures
from compose.demo.pictures import Pictures
from compose.demo.record import recorded, write
from compose.demo.scenario import Scenario
from compose.demo.screen import Screen, place_of
from compose.demo.thread import in_daemon_thread
from compose.drill.logs import LogMark
from compose.drill.record import Record
from compose.drill.watch import Watch
from compose.native.commands import add_platform_arguments, platform_options, run_command
from compose.native.progress import shown
from compose.native.provision.obtain import obtain_missing
from compose.native.run import Platform, PlatformOptions

SCALE: Final = 60
_WIDTH: Final = 120
_INTERRUPTED: Final = 130
_LAST_LOOK_SECONDS: Final = 1.0
"""Until what the scenario waited for last has been taken down, too."""


def run(arguments: list[str]) -> int:
    """Run the demo; the exit code is 0 only if every link of the chain was verified."""
    parser = argparse.ArgumentParser(prog="python -m compose demo", description=run.__doc__)
    add_platform_arguments(parser)
    parser.add_argument("--pictures", type=Path, metavar="FOLDER", help="draw each chapter there")
    parser.add_argument("--write", action="store_true", help="put what it took into README.md")
    parser.set_defaults(name="demo", scale=SCALE)
    options = parser.parse_args(arguments)

    async def demo() -> int:
        wide = options.pictures is not None or not Console().is_terminal
        console = Console(width=_WIDTH if wide else None, record=options.pictures is not None)
        pictures = Pictures(console, options.pictures) if options.pictures else None
        screen = Screen(console, pictures)
        chosen = platform_options(options)
        with shown(console) as progress:
            await obtain_missing(chosen.tools, progress)
        began = time.monotonic()
        screen.chapter(0, f"The platform starts; alerting runs {chosen.scale} times as fast")
        with ExitStack() as bars:
            progress = bars.enter_context(shown(console))
            async with Platform(replace(chosen, progress=progress)) as platform:
                bars.close()
                if platform.traces_file:
                    screen.say(
                        f"no Jaeger on this machine: traces go to {place_of(platform.traces_file)}"
                    )
                watch = Watch(platform)
                logs = LogMark({name: platform.log_path(name) for name in ("web", "worker")})
                try:
                    async with watch.watching():
                        scenario = Scenario(platform, screen, began)
                        evidence = await in_daemon_thread(scenario.run)
                        await asyncio.sleep(_LAST_LOOK_SECONDS)
                except BrokenLinkError as error:
                    screen.broken(str(error))
                    screen.say(f"the logs are in {place_of(platform.log_path('web').parent)}")
                    return 1
                await _report(screen, partial(recorded, platform, watch, logs, evidence), chosen)
                figures = Figures(
                    platform.ready_seconds,
                    evidence.times,
                    time.monotonic() - began,
                    platform.start_times,
                    platform.peak_memory(),
                )
                screen.table("What it took", ("", "seconds"), figures.took())
                heads = ("part", "ready after, s", "peak memory, MiB")
                screen.table("Parts", heads, figures.parts())
        if options.write:
            figures.into_readme()
        screen.chapter(time.monotonic() - began, "Every link held; everything is stopped")
        return 0

    async def demo_or_interrupted() -> int:
        try:
            return await demo()
        except asyncio.CancelledError:  # the platform is stopped; nothing was verified
            return _INTERRUPTED

    return run_command(demo_or_interrupted)


async def _report(
    screen: Screen, record: Callable[[int], Record], options: PlatformOptions
) -> None:
    """Write the incident's page, and say where it is."""
    try:
        place = write(await asyncio.to_thread(record, options.scale))
    except httpx.HTTPError as error:
        screen.say(f"no page about the incident: {error}")
    else:
        screen.say(f"the incident as a page: {place_of(place)}")
