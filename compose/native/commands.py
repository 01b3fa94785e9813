"""`python -m compose up | down | provision`."""

import argparse
import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Final

from rich.console import Console

from compose.native.errors import RunError
from compose.native.folder import RunFolder, named
from compose.native.ports import Ports
from compose.native.progress import shown
from compose.native.provision.obtain import obtain_missing
from compose.native.run import Platform, PlatformOptions
from compose.native.summary import print_summary
from compose.native.tools import Tools

_WATCH_SECONDS: Final = 0.5
_STOP_SECONDS: Final = 90.0
_INTERRUPTED: Final = 130


def up(arguments: list[str]) -> int:
    """Start the platform, and stay until Ctrl-C, SIGTERM, or a part's end."""
    parser = argparse.ArgumentParser(prog="python -m compose up", description=up.__doc__)
    add_platform_arguments(parser)
    options = parser.parse_args(arguments)

    async def run() -> int:
        console = Console()
        chosen = platform_options(options)
        refuse_early(chosen)
        with shown(console) as progress:
            await obtain_missing(chosen.tools, progress)
        with contextlib.ExitStack() as stack:
            progress = stack.enter_context(shown(console))
            platform = Platform(replace(chosen, progress=progress))
            async with platform:
                stack.close()
                print_summary(console, platform)
                while True:
                    platform.check()
                    await asyncio.sleep(_WATCH_SECONDS)

    return run_command(run)


def down(arguments: list[str]) -> int:
    """Stop the platform that `up` runs in another terminal, and wait until it is gone."""
    parser = argparse.ArgumentParser(prog="python -m compose down", description=down.__doc__)
    parser.add_argument("--name", default="default", help="the run's name")
    try:
        folder = RunFolder(named(parser.parse_args(arguments).name))
    except RunError as error:
        return _fail(error)
    owner = folder.owner()
    if owner is not None:
        owner.send(signal.SIGTERM)
    if not folder.wait_free(_STOP_SECONDS):
        sys.stderr.write(f"the platform in {folder.root} has not stopped yet\n")
        return 1
    sys.stdout.write("stopped\n" if owner else "nothing is running\n")
    return 0


def obtain(arguments: list[str]) -> int:
    """Obtain what the native run needs and this machine lacks, into the cache folder."""
    parser = argparse.ArgumentParser(prog="python -m compose provision", description=obtain.__doc__)
    told = "dashboard-linter and pint too, which `make check` judges boards and rules with"
    parser.add_argument("--linters", action="store_true", help=told)
    linters = parser.parse_args(arguments).linters

    async def run() -> int:
        console = Console()
        tools = Tools()
        with shown(console) as progress:
            await obtain_missing(tools, progress, linters=linters)
        lacking = "" if tools.look("jaeger") else " but Jaeger: traces will go to a file"
        told = f"everything is here{lacking}; the cache is {tools.cache}"
        console.print(told, highlight=False, soft_wrap=True)
        return 0

    return run_command(run)


def add_platform_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that choose how a platform runs; `platform_options` reads them."""
    parser.add_argument("--name", default="default", help="of the folder in build/run")
    parser.add_argument(
        "--port",
        action="append",
        default=[],
        metavar="PART=N",
        help="a part's port, again for each; or SIGHTLINE_PORT_<PART>=N",
    )
    parser.add_argument("--free-ports", action="store_true", help="take any ports that are free")
    parser.add_argument(
        "--scale", type=int, default=1, help="run the alerting windows N times faster"
    )


def platform_options(options: argparse.Namespace) -> PlatformOptions:
    """Return the options of a platform; a wrong one raises `RunError` in one line."""
    if options.scale < 1:
        message = f"--scale must be a whole number from 1 up, not {options.scale}"
        raise RunError(message)
    pairs = [text.partition("=") for text in options.port]
    base = Ports.free() if options.free_ports else Ports()
    ports = base.changed_by_environment(os.environ).changed(
        {name.replace("-", "_"): value for name, _, value in pairs}
    )
    return PlatformOptions(run_dir=named(options.name), ports=ports, scale=options.scale)


def refuse_early(options: PlatformOptions) -> None:
    """Raise what would refuse the start, before minutes are spent on obtaining what is missing."""
    os.close(RunFolder(options.run_dir).lock())
    options.ports.require_free()


def run_command(main: Callable[[], Awaitable[int]]) -> int:
    """Run a command to its end; SIGTERM and SIGHUP end it as Ctrl-C does. Returns the status."""

    async def until_told() -> int:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        for number in (signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, lambda: task and task.cancel())
        return await main()

    try:
        return asyncio.run(until_told())
    except RunError as error:
        return _fail(error)
    except KeyboardInterrupt:
        return _INTERRUPTED
    except asyncio.CancelledError:
        return 0


def _fail(error: RunError) -> int:
    sys.stderr.write(f"{error}\n")
    return 1
