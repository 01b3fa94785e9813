"""The live run, once for all tests, and the matrix of what is proven of each alert."""

import asyncio
import traceback
from collections.abc import Callable, Coroutine, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from alerts.cases.matrix import Cells, counts, lines, rows_now
from app.database.migrations import migrate
from dashboards.proof import results
from tests.alerts import faults_stores, faults_watching, faults_work
from tests.alerts.acts import Run
from tests.alerts.heard import Ears
from tests.alerts.instrumented import InstrumentedService
from tests.alerts.links_service import LinksService
from tests.alerts.live import Watchers
from tests.alerts.service import serving
from tests.servers import PostgresServer, ValkeyServer, create_database

_DATABASE = "alerts_live"
_PROVEN = pytest.StashKey[Cells]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_PROVEN] = set()


@pytest.fixture
def proven(request: pytest.FixtureRequest) -> Cells:
    """What live tests have proven so far: (rule's subject, column)."""
    cells: Cells = request.config.stash[_PROVEN]
    return cells


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    proven = config.stash.get(_PROVEN, set())
    if proven:
        table = rows_now()
        total = counts(table, proven)
        figures = {"total": total.rules, "cells": total.cells, "empty": total.missing}
        results.merge({"alerts": figures}, results.PROOF)
        terminalreporter.section("alerts: what is proven of each rule")
        terminalreporter.write_line("\n".join(lines(table, proven)))


@pytest.fixture(scope="session")
def lived(
    postgres: PostgresServer, valkey: ValkeyServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Run]:
    """A run in which everything broke, was told, and was mended."""
    folder = tmp_path_factory.mktemp("live")
    second = PostgresServer(folder / "postgres").start()
    try:
        yield asyncio.run(_live(folder, postgres, second, valkey))
    finally:
        second.stop()


async def _live(
    folder: Path, first: PostgresServer, second: PostgresServer, valkey: ValkeyServer
) -> Run:
    await create_database(first, _DATABASE, "migrated")
    await create_database(second, _DATABASE)
    await migrate(second.url(_DATABASE))
    telemetry, links = InstrumentedService(), LinksService()
    async with serving(
        folder, first.url(_DATABASE), second, second.url(_DATABASE), valkey
    ) as service:
        jobs = service.jobs
        jobs["sightline-web"] += [telemetry.port, links.port]
        watchers = Watchers(folder, jobs)
        run = Run(service, watchers, Ears(watchers.mailbox.mails, watchers.inbox.alerts))
        with ExitStack() as stack:
            for block in (
                watchers.mailbox.open(),
                watchers.inbox.open(),
                telemetry.scraped(),
                telemetry.traffic(),
                links.running(),
            ):
                stack.enter_context(block)
            servers = (watchers.alertmanager, watchers.astray, watchers.prometheus)
            try:
                await asyncio.gather(*(server.start() for server in servers))
                await _break_everything(run, telemetry, links)
            finally:
                for server in (*servers, watchers.replica):
                    await server.stop()
    return run


async def _break_everything(run: Run, telemetry: InstrumentedService, links: LinksService) -> None:
    async def lasting(name: str, fault: Coroutine[Any, Any, None]) -> None:
        try:
            await fault
        except Exception:  # noqa: BLE001  # the others go on, and the tests tell of it
            run.failures[name] = traceback.format_exc()
            (run.watchers.folder / f"{name}.failure").write_text(run.failures[name])
            if name == faults_work.mails.__name__:
                run.calm.set()

    together: tuple[Callable[[Run], Coroutine[Any, Any, None]], ...] = (
        faults_stores.caches_and_loop,
        faults_stores.stores,
        faults_work.audit,
        faults_work.imports,
        faults_work.keys,
        faults_work.user_batches,
        faults_work.mails,
        faults_work.poison,
        faults_watching.rules_and_configuration,
        faults_watching.astray,
        faults_watching.watchdog,
    )
    await asyncio.gather(
        *(lasting(fault.__name__, fault(run)) for fault in together),
        lasting("telemetry", faults_watching.telemetry(run, telemetry)),
        lasting("links", faults_watching.links(run, links)),
    )
    await lasting("nobody", faults_watching.nobody(run, telemetry, links))
    await lasting("replica", faults_watching.replica(run))
    await run.remember_what_fired()
    await lasting("silence", faults_watching.silence(run))
