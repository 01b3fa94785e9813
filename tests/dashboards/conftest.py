"""What the tests of the dashboards share: every board as JSON, promtool, and the panels' matrix."""

import copy
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from compose.native.tools import TOOLS, Tools
from dashboards import files
from dashboards.boards import BOARDS
from dashboards.proof import command, results, samples
from dashboards.proof.proving import Proof

_GENERATED = files.generated(BOARDS)
_PROOF = pytest.StashKey[Proof]()


@pytest.fixture
def generated() -> dict[str, dict[str, Any]]:
    """Each board's dashboard by file name, free to be changed."""
    return copy.deepcopy(_GENERATED)


@pytest.fixture(scope="session")
def promtool() -> Path:
    return judge("promtool")


def judge(name: str) -> Path:
    """Return the program that judges; without it a test fails in CI, and is skipped elsewhere."""
    found = Tools().look(name)
    if found is None:
        absent = f"{name} is not on this machine: {TOOLS[name].install}"
        if os.environ.get("CI"):
            pytest.fail(absent)
        pytest.skip(absent)
    return found


@pytest.fixture(scope="session")
def keep_proof(request: pytest.FixtureRequest) -> Callable[[Proof], None]:
    """`keep_proof(proof)`: the run ends with its figures and samples, in build and printed."""

    def keep(proof: Proof) -> None:
        request.config.stash[_PROOF] = proof

    return keep


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    proof = config.stash.get(_PROOF, None)
    if proof is not None:
        results.merge(proof.counts, results.PROOF)
        samples.write(proof.samples, samples.SAMPLES)
        terminalreporter.section("dashboards: what is proven of each panel")
        terminalreporter.write_line(command.summary(proof))
