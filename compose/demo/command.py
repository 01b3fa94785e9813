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
from compose.demo.pictures import Pictures
from compose.demo.record import recorded, write
from compose.demo.scenario import Evidence, Scenario
from compose.demo.screen import Screen
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
_MEBIBYTE: Final = 1024 * 1024


def run(arguments: list[str]) -> int:
    """Run the demo; the exit code is 0 only if every link of the chain was verified."""
    parser = argparse.ArgumentParser(prog="python -m compose demo", description=run.__doc__)
    add_platform_arguments(parser)
    parser.add_argument("--pictures", type=Path, metavar="FOLDER", help="draw each chapter there")
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
                    screen.say(f"no Jaeger on this machine: traces go to {platform.traces_file}")
                watch = Watch(platform)
                logs = LogMark({name: platform.log_path(name) for name in ("web", "worker")})
                try:
                    async with watch.watching():
                        scenario = Scenario(platform, screen, began)
                        evidence = await in_daemon_thread(scenario.run)
                        await asyncio.sleep(_LAST_LOOK_SECONDS)
                except BrokenLinkError as error:
                    screen.broken(str(error))
                    screen.say(f"the logs are in {platform.log_path('web').parent}")
                    return 1
                await _report(screen, partial(recorded, platform, watch, logs, evidence), chosen)
                _show_figures(screen, platform, evidence, time.monotonic() - began)
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
        screen.say(f"the incident as a page: {place}")


def _show_figures(screen: Screen, platform: Platform, evidence: Evidence, seconds: float) -> None:
    times = evidence.times
    screen.table(
        "What it took",
        ("", "seconds"),
        [
            ("platform ready", f"{platform.ready_seconds:.1f}"),
            ("fault → alert fires", f"{times.fault_to_firing:.1f}"),
            ("fault → mail", f"{times.fault_to_mail:.1f}"),
            ("repair → ready again", f"{times.repair_to_ready:.1f}"),
            ("repair → resolved mail", f"{times.repair_to_resolved_mail:.1f}"),
            ("the whole demo", f"{seconds:.1f}"),
        ],
    )
    peaks = platform.peak_memory()
    screen.table(
        "Parts",
        ("part", "ready after, s", "peak memory, MiB"),
        [
            (part, f"{taken:.1f}", f"{peaks[part] / _MEBIBYTE:.0f}" if part in peaks else "-")
            for part, taken in platform.start_times.items()
        ],
    )
