"""The servers of the outages' rows: they answer, what is well arrives, what is broken loses."""

import pytest

from bench.outage import _OUTAGES
from bench.processes import Cores, running
from bench.variants import VARIANTS

CORES = Cores(0, frozenset({0}))
BROKEN = [match.variant for match in _OUTAGES if match.variant != match.baseline]
FULL = 14_000
"""Requests that fill either queue."""


def test_every_outage_is_measured_against_ours() -> None:
    assert {match.baseline for match in _OUTAGES} == {"ours"}
    assert set(BROKEN) == {name for name in VARIANTS if name.startswith("ours.")}


@pytest.mark.parametrize("variant", BROKEN)
def test_a_server_in_an_outage_answers_and_counts_everything(variant: str) -> None:
    with running(variant, CORES) as server, server.awake() as client:
        assert client.answer(FULL).requests == FULL
    assert server.problems == []


@pytest.mark.parametrize("variant", BROKEN)
def test_an_outage_in_which_nothing_is_lost_is_none(variant: str) -> None:
    with (
        pytest.raises(RuntimeError, match="ended before its time"),
        running(variant, CORES) as server,
        server.awake() as client,
    ):
        client.answer(10)
