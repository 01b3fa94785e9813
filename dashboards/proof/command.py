"""`python -m dashboards prove`: run the proof, say what it found, keep figures and samples."""

import asyncio
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from compose.native.tools import Tools
from dashboards import matrix
from dashboards.boards import BOARDS
from dashboards.proof import results, samples
from dashboards.proof.observed import observed
from dashboards.proof.proving import Proof, prove


def run() -> int:
    """Prove every panel; return 1 where anything is not as it should be."""
    with TemporaryDirectory(prefix="sightline-proof-") as folder:
        proof = asyncio.run(prove(Path(folder) / "run", Tools()))
    return report(proof)


def report(proof: Proof) -> int:
    """Print and keep what the proof found; return the exit code."""
    results.merge(proof.counts)
    samples.write(proof.samples)
    faults = list(proof.faults)
    for fault in faults:
        _say(fault)
    _say(summary(proof))
    return 1 if faults else 0


def summary(proof: Proof) -> str:
    """Return what was seen of each board's panels, under each selection, and of the metrics."""
    panels, metrics = proof.counts["panels"], proof.counts["metrics"]
    by_selection: dict[str, Counter[str]] = {}
    for cell in proof.ordinary:
        by_selection.setdefault(cell.selection.title, Counter())[cell.state.value] += 1
    lines = [
        f"{title}: " + ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
        for title, states in by_selection.items()
    ]
    first = (
        f"{panels['proven']} of {panels['total']} panels answer under ordinary traffic, "
        f"{panels['waived']} are rightly empty then and are shown to answer otherwise"
    )
    if not proof.has_jaeger:
        lines.append("Jaeger is not on this machine: the searches of traces were not asked")
    by_board = matrix.text(observed(proof, BOARDS))
    return "\ndashboards: ".join([first, *by_board, *lines, _of_metrics(metrics)])


def _of_metrics(counts: Mapping[str, int]) -> str:
    return (
        f"{counts['emitted']} of {counts['catalog']} metrics emitted, "
        f"{counts['unplotted']} on no panel, each with its reason"
    )


def _say(line: str) -> None:
    sys.stdout.write(f"dashboards: {line}\n")
