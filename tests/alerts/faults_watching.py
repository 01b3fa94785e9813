"""Faults of what watches, and of telemetry itself."""

import asyncio
import signal

from alerts import naming
from tests.alerts.acts import Run, subjects
from tests.alerts.instrumented import InstrumentedService
from tests.alerts.links_service import LinksService

TELEMETRY = (
    naming.INPUT_REFUSED,
    naming.LOG_LINES_DROPPED,
    naming.SCRAPES_REFUSED,
    naming.SERIES_CAPPED,
    naming.SIGNALS_CUT,
    naming.SPANS_DROPPED,
    naming.THREAD_FAILING,
)
_NOT_TO_EVALUATE = """
groups:
  - name: broken
    interval: 1s
    rules:
      - record: broken:up:ratio
        expr: up / on () up
"""
_NOT_TO_READ = "\nthis is no configuration: [\n"


async def rules_and_configuration(run: Run) -> None:
    """A rule is loaded that fails at each evaluation; then a file that cannot be read."""
    watchers = run.watchers
    good = {path: path.read_text() for path in (watchers.more_rules, watchers.configuration)}

    async def load_bad_rules() -> None:
        watchers.more_rules.write_text(_NOT_TO_EVALUATE)
        watchers.prometheus.send(signal.SIGHUP)

    async def load_bad_configuration() -> None:
        watchers.configuration.write_text(good[watchers.configuration] + _NOT_TO_READ)
        watchers.prometheus.send(signal.SIGHUP)

    async def load_good_ones() -> None:
        for path, text in good.items():
            path.write_text(text)
        watchers.prometheus.send(signal.SIGHUP)

    await run.prove([naming.RULES_FAILING], load_bad_rules, load_good_ones)
    await run.prove([naming.CONFIGURATION_REFUSED], load_bad_configuration, load_good_ones)


async def astray(run: Run) -> None:
    """The second Alertmanager runs for itself and cannot send; then it dies."""
    split, failing = naming.CLUSTER_SPLIT, naming.NOTIFICATIONS_FAILING
    await run.told(split, failing)
    await run.looked_into(split, failing)
    await run.watchers.astray.stop(signal.SIGKILL)
    await run.told(_alertmanager_down())
    await run.looked_into(naming.TARGET_DOWN)


async def replica(run: Run) -> None:
    """It comes back well.

    Not beside the other faults: of a pair, the second waits a second for the first before it tells.
    What is over within that second, as it may be in compressed time, it tells as firing still.
    """
    await run.watchers.replica.start()
    over = (naming.CLUSTER_SPLIT, naming.NOTIFICATIONS_FAILING, _alertmanager_down())
    await run.told(*over, status="resolved")


async def telemetry(run: Run, service: InstrumentedService) -> None:
    """All that telemetry can lose is lost at once."""
    await _broken(run, service, TELEMETRY)


async def links(run: Run, service: LinksService) -> None:
    """A collector rejects one span in each batch: few spans, and many of the links."""
    await _broken(run, service, (naming.EXEMPLARS_LOST,))


async def watchdog(run: Run) -> None:
    """It always fires; the last of all faults is that Prometheus stops."""
    await run.told(naming.WATCHDOG)
    await run.looked_into(naming.WATCHDOG)


async def nobody(run: Run, *callers: InstrumentedService | LinksService) -> None:
    """Nobody calls any more, until somebody does."""

    async def leave() -> None:
        for caller in callers:
            caller.calls.clear()

    async def come_back() -> None:
        for caller in callers:
            caller.calls.set()

    await run.prove([naming.TRAFFIC_STOPPED], leave, come_back)


async def silence(run: Run) -> None:
    """Stop Prometheus: the dead man's webhook is told that the Watchdog is over."""
    await run.watchers.prometheus.stop()
    await run.told(naming.WATCHDOG, status="resolved")


def _alertmanager_down() -> str:
    (down,) = (name for name in subjects(naming.TARGET_DOWN) if "alertmanager" in name)
    return down


async def _broken(
    run: Run, service: InstrumentedService | LinksService, which: tuple[str, ...]
) -> None:
    await run.until(f'up{{instance="127.0.0.1:{service.port}"}} == 1')
    await asyncio.sleep(2)

    async def inject() -> None:
        service.break_down()

    async def mend() -> None:
        service.repair()

    await run.prove(which, inject, mend)
