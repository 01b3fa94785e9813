"""build/proof.json has all that a whole run of the tests proves, from what each part has seen."""

import json
from collections import Counter
from contextlib import nullcontext
from pathlib import Path
from typing import cast

import pytest

from alerts.cases.matrix import Cells, counts, declared, rows_now
from dashboards.boards import BOARDS
from dashboards.model import Panel, Shown
from dashboards.proof import command, results, samples
from dashboards.proof.jaeger import Trace
from dashboards.proof.judging import Cell, State
from dashboards.proof.observed import observed
from dashboards.proof.prometheus import Window
from dashboards.proof.proving import Proof
from dashboards.proof.samples import Samples
from dashboards.proof.selection import ALL
from tests.alerts import conftest as of_alerts
from tests.alerts import test_mutations as of_mutations
from tests.dashboards import conftest as of_dashboards


class _Reporter:
    """What pytest prints at its end."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def section(self, title: str) -> None:
        self.said.append(title)

    def write_line(self, line: str) -> None:
        self.said.append(line)


class _Quiet:
    """Keeps from the terminal what would pass there for the counts of this run."""

    def disabled(self) -> nullcontext[None]:
        return nullcontext()


class _Config:
    """What pytest carries through a run."""

    def __init__(self) -> None:
        self.stash = pytest.Stash()


def _proof(*, broken: Panel | None = None) -> Proof:
    """A run in which every panel did as it should, but for `broken`, which never answered."""
    ordinary, later = list[Cell](), list[Cell]()
    for board in BOARDS:
        for panel in board.panels:
            silent = panel is broken or panel.quiet is not None
            state = State.EMPTY if silent else State.ANSWERED
            ordinary += [Cell(board, panel, query, ALL, state) for query in panel.queries]
            if panel.quiet is not None and panel.quiet.shown is Shown.LATER:
                told = State.EMPTY if panel is broken else State.ANSWERED
                later += [Cell(board, panel, query, ALL, told) for query in panel.queries]
    found = {
        (board.slug, panel.title): (Trace("a1", "web: GET /", 0.5, 0.1),)
        for board in BOARDS
        for panel in board.panels
        if panel.search is not None and panel is not broken
    }
    samples = Samples(Window(0, 1), {}, {}, (), found)
    return Proof(tuple(ordinary), tuple(later), (), (), frozenset(), samples)


@pytest.fixture
def figures(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    file = tmp_path / "proof.json"
    monkeypatch.setattr(results, "PROOF", file)
    monkeypatch.setattr(samples, "SAMPLES", tmp_path / "samples.json.gz")
    return file


def test_a_run_leaves_the_figures_of_all_four_proofs(
    figures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, reporter = cast("pytest.Config", _Config()), _Reporter()
    proof, table = _proof(), rows_now()
    proven: Cells = declared(table)
    proven.pop()
    config.stash[of_dashboards._PROOF] = proof
    config.stash[of_alerts._PROVEN] = proven
    counted = Counter(mutants=9, equivalent=2, killed=7)
    monkeypatch.setattr(of_mutations, "COUNTED", counted)

    for one in (of_dashboards, of_alerts):
        one.pytest_terminal_summary(cast("pytest.TerminalReporter", reporter), config)
    of_mutations.test_the_counts(cast("pytest.CaptureFixture[str]", _Quiet()))

    kept = json.loads(figures.read_text("utf-8"))
    total = counts(table, proven)
    assert total.missing == 1
    assert kept == {
        **proof.counts,
        "alerts": {"total": len(table), "cells": total.cells, "empty": 1},
        "mutations": {"total": 7, "caught": 7},
    }
    assert command.summary(proof) in reporter.said
    assert samples.read(samples.SAMPLES) == proof.samples


def test_a_run_without_the_platform_leaves_them_as_they_are(figures: Path) -> None:
    config, reporter = (
        cast("pytest.Config", _Config()),
        cast("pytest.TerminalReporter", _Reporter()),
    )

    for one in (of_dashboards, of_alerts):
        one.pytest_terminal_summary(reporter, config)

    assert not figures.exists()


def test_the_matrix_counts_what_was_seen() -> None:
    *_, as_it_should = observed(_proof(), BOARDS)
    panel = next(one for one in BOARDS[1].panels if one.queries and one.quiet is None)
    later = next(
        one
        for board in BOARDS
        for one in board.panels
        if one.quiet is not None and one.quiet.shown is Shown.LATER
    )

    *_, one_silent = observed(_proof(broken=panel), BOARDS)
    listing = next(one for one in BOARDS[1].panels if one.search is not None)
    without_trace = _proof(broken=listing)
    *_, one_unfound = observed(without_trace, BOARDS)

    *_, one_never = observed(_proof(broken=later), BOARDS)

    assert one_silent.under_load == as_it_should.under_load - 1
    assert one_never.under_faults < as_it_should.under_faults
    assert one_unfound.from_jaeger == as_it_should.from_jaeger - 1
    assert list(_proof().faults) == []
    assert list(without_trace.faults) == [
        f"{BOARDS[1].slug}, panel {listing.title!r}: Jaeger finds no such trace"
    ]
    assert str(as_it_should.under_load) in command.summary(_proof())
