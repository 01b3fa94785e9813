"""What the tests of the dashboards share: every board as JSON, promtool, and the panels' matrix."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from compose.native.tools import Tools
from dashboards import files
from dashboards.boards import BOARDS
from dashboards.proof import command, results
from dashboards.proof.proving import Proof

_GENERATED = files.generated(BOARDS)
_PROOF = pytest.StashKey[Proof]()


@pytest.fixture
def generated() -> dict[str, dict[str, Any]]:
    """Each board's dashboard by file name, free to be changed."""
    return copy.deepcopy(_GENERATED)


@pytest.fixture(scope="session")
def promtool() -> Path:
    found = Tools().look("promtool")
    if found is None:
        pytest.skip("promtool is not on this machine: python -m compose provision")
    return found


@pytest.fixture(scope="session")
def keep_proof(request: pytest.FixtureRequest) -> Callable[[Proof], None]:
    """`keep_proof(proof)`: the run ends with its figures, printed and in build/proof.json."""

    def keep(proof: Proof) -> None:
        request.config.stash[_PROOF] = proof

    return keep


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    proof = config.stash.get(_PROOF, None)
    if proof is not None:
        results.merge(proof.counts, results.PROOF)
        terminalreporter.section("dashboards: what is proven of each panel")
        terminalreporter.write_line(command.summary(proof))
