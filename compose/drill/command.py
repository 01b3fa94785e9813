"""`python -m compose drill [FAULT...]`: break the platform, score who noticed, keep the records."""

import argparse
import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from rich.console import Console

from compose.drill import picture, report
from compose.drill.record import BUILD, FOLDER, Verdict
from compose.drill.running import Drill
from compose.drill.scorecard import Scorecard
from compose.drill.watch import Watch
from compose.faults.catalogue import FAULTS, named
from compose.faults.model import Fault
from compose.faults.stage import staged
from compose.incident.command import write as incident_pages
from compose.native.commands import add_platform_arguments, platform_options, run_command
from compose.native.errors import RunError
from compose.native.ports import Ports
from compose.native.progress import shown
from compose.native.provision.obtain import obtain_missing
from compose.native.run import PlatformOptions

SCALE: Final = 60
_HEALTHY_SECONDS: Final = 60.0
_WARM_SECONDS: Final = 12.0
_RATE: Final = 30.0
_INTERRUPTED: Final = 130
_WIDTH: Final = 170


def run(arguments: list[str]) -> int:
    """Run the drill; the exit code is 0 only if every link of every chain held."""
    parser = argparse.ArgumentParser(prog="python -m compose drill", description=run.__doc__)
    parser.add_argument("faults", nargs="*", metavar="FAULT", help="by name; all without any")
    parser.add_argument("--list", action="store_true", help="name the faults, and end")
    parser.add_argument("--write", action="store_true", help="put the scorecard into the README")
    parser.add_argument("--rate", type=float, default=_RATE, help="requests a second")
    parser.add_argument(
        "--healthy", type=float, default=_HEALTHY_SECONDS, help="seconds before and after"
    )
    add_platform_arguments(parser)
    parser.set_defaults(name="drill", scale=SCALE)
    options = parser.parse_args(arguments)

    async def drill() -> int:
        console = Console()
        if not console.is_terminal:  # no width of its own: as wide as the table
            console = Console(width=_WIDTH)
        if options.list:
            for fault in FAULTS:
                console.print(f"{fault.name:<24} {fault.breaks}", highlight=False, soft_wrap=True)
            return 0
        if options.write and options.faults:
            message = "--write takes the whole drill: name no faults with it"
            raise RunError(message)
        faults = _chosen(options.faults)
        chosen = platform_options(options)
        with shown(console) as progress:
            await obtain_missing(chosen.tools, progress)
        scorecard = await drilled(
            _detourable(chosen),
            faults,
            console,
            Healthy(options.rate, options.healthy),
            Keeping(keep),
        )
        keep(scorecard)
        pages = incident_pages(FOLDER, [fault.name for fault in faults])
        console.print(report.table(scorecard))
        console.print("\n".join(report.summary(scorecard)), highlight=False, soft_wrap=True)
        console.print(f"a page for each incident: {pages[-1]}", highlight=False, soft_wrap=True)
        if options.write:
            report.into_readme(scorecard)
            picture.write(scorecard)
        return 1 if scorecard.faults else 0

    async def drill_or_interrupted() -> int:
        try:
            return await drill()
        except asyncio.CancelledError:  # the platform is stopped; nothing was scored
            return _INTERRUPTED

    return run_command(drill_or_interrupted)


@dataclass(frozen=True, slots=True)
class Healthy:
    """What goes on while nothing is broken: requests a second, and how long before and after."""

    rate: float = _RATE
    seconds: float = _HEALTHY_SECONDS


@dataclass(frozen=True, slots=True)
class Keeping:
    """What is kept as the drill goes: what ends it does not take along what was seen before."""

    scorecard: Callable[[Scorecard], None]
    """Gets the scorecard after each incident."""
    folder: Path = FOLDER
    """Where each incident's record goes."""


async def drilled(
    options: PlatformOptions,
    faults: tuple[Fault, ...],
    console: Console,
    healthy: Healthy,
    keeping: Keeping,
) -> Scorecard:
    """Go through the faults on a platform of their own; return their scorecard."""
    began = time.monotonic()

    def say(text: str) -> None:
        moment = time.monotonic() - began
        console.print(f"{moment:7.1f} s  {text}", markup=False, highlight=False, soft_wrap=True)

    verdicts: list[Verdict] = []
    async with staged(options, rate=healthy.rate) as stage:
        watch = Watch(stage.platform)
        async with watch.watching():
            drill = Drill(stage, watch, options.scale, say)
            say(f"ready; {healthy.rate:g} requests a second, {_WARM_SECONDS:.0f} s to warm up")
            await asyncio.sleep(_WARM_SECONDS)
            say(f"a healthy stretch of {healthy.seconds:.0f} s")
            false_alarms = await drill.healthy(healthy.seconds)

            def scored(*, stretches: int, whole: bool = False) -> Scorecard:
                return Scorecard(
                    verdicts=tuple(verdicts),
                    false_alarms=tuple(false_alarms),
                    healthy_s=stretches * healthy.seconds,
                    evaluation_s=drill.theory.evaluation,
                    group_interval_s=drill.theory.group_interval,
                    scale=options.scale,
                    whole=whole,
                    took_s=time.monotonic() - began,
                )

            for number, fault in enumerate(faults, start=1):
                say(f"[{number}/{len(faults)}] {fault.name}")
                record = await drill.incident(fault)
                record.write(keeping.folder)
                assert record.verdict is not None  # noqa: S101  # an incident ends judged
                verdicts.append(record.verdict)
                for text in record.verdict.broken:
                    say(f"BROKEN: {text}")
                keeping.scorecard(scored(stretches=1))
            say(f"a healthy stretch of {healthy.seconds:.0f} s")
            false_alarms += await drill.healthy(healthy.seconds)
            say(
                f"answers: {report.counts(stage.traffic.answers)}; "
                f"the schedule was at most {stage.traffic.latest:.2f} s late"
            )
            last = scored(stretches=2, whole=len(faults) == len(FAULTS))
            keeping.scorecard(last)
    return replace(last, took_s=time.monotonic() - began)


def keep(scorecard: Scorecard, folder: Path = BUILD) -> None:
    """Write the scorecard as JSON and Markdown."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(scorecard.document(), indent=2) + "\n"
    (folder / "drill.json").write_text(text, encoding="utf-8")
    (folder / "drill.md").write_text(report.markdown(scorecard), encoding="utf-8")


def _chosen(names: list[str]) -> tuple[Fault, ...]:
    try:
        return named(names)
    except KeyError as error:
        message = f"no fault is called {error}: python -m compose drill --list names them"
        raise RunError(message) from None


def _detourable(options: PlatformOptions) -> PlatformOptions:
    """Take free ports: a drill stands beside whatever else runs here."""
    return options if options.ports != Ports() else replace(options, ports=Ports.free())
