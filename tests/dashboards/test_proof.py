"""Every panel answers from a real Prometheus, and catalog and service agree in both directions."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from compose.native.tools import Tools
from dashboards.boards import BOARDS
from dashboards.metrics import METRICS
from dashboards.model import Shown
from dashboards.proof import command, results, samples
from dashboards.proof.judging import State
from dashboards.proof.proving import Proof, excused_to, prove
from dashboards.unemitted import UNEMITTED

pytestmark = pytest.mark.platform


@pytest.fixture(scope="module")
def proof(tmp_path_factory: pytest.TempPathFactory, keep_proof: Callable[[Proof], None]) -> Proof:
    seen = asyncio.run(prove(tmp_path_factory.mktemp("proof") / "run", Tools()))
    keep_proof(seen)
    return seen


def test_nothing_is_wrong_with_any_panel_or_metric(proof: Proof) -> None:
    assert not "\n".join(proof.faults)


def test_every_query_is_asked_under_every_selection(proof: Proof) -> None:
    queries = sum(len(panel.queries) for board in BOARDS for panel in board.panels)
    titles = {cell.selection.title for cell in proof.ordinary}

    assert {"all", "job sightline-web", "job sightline-worker"} < titles
    assert len(proof.ordinary) == queries * len(titles)


def test_each_job_answers_most_of_what_it_emits(proof: Proof) -> None:
    for job in ("web", "worker"):
        states = [
            cell.state
            for cell in proof.ordinary
            if cell.selection.title == f"job sightline-{job} and its instance"
        ]
        assert states.count(State.ANSWERED) > len(states) / 2


def test_panels_that_may_be_empty_were_seen_to_answer(proof: Proof) -> None:
    excused = {id(panel) for panel in excused_to(Shown.LATER, BOARDS)}

    assert proof.later
    for cell in proof.later:
        assert id(cell.panel) in excused
        assert cell.state is State.ANSWERED, str(cell)


def test_everything_declared_is_emitted_or_excused(proof: Proof) -> None:
    assert proof.emitted == set(METRICS) - UNEMITTED.keys()


def test_the_figures_and_samples_are_kept(
    proof: Proof, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    figures, kept = tmp_path / "proof.json", tmp_path / "samples.json.gz"
    results.merge({"alerts": {"total": 3}}, figures)
    samples.write(proof.samples, kept)
    results.merge(proof.counts, figures)

    written = json.loads(figures.read_text())
    assert written["alerts"] == {"total": 3}
    panels = written["panels"]
    if proof.has_jaeger:
        assert panels["proven"] + panels["waived"] == panels["total"]
    assert str(panels["total"]) in command.summary(proof)
    # As text: a quantile over no measurement is NaN, which is not even itself.
    assert repr(samples.read(kept)) == repr(proof.samples)
