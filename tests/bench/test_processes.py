"""The receiving side's check, on its own and with real servers."""

import pytest

from bench.processes import Arrived, Cores, problems_of, running

CORES = Cores(0, frozenset({0}))


def test_all_that_was_asked_arrived() -> None:
    assert problems_of("ours", 1.0, Arrived(100, 100, 100, 100, 100)) == []
    assert problems_of("stock", 1.0, Arrived(100, 300, 300, 100, 100)) == []
    assert problems_of("bare", 1.0, Arrived(100, 0, 0, 0, 0)) == []


@pytest.mark.parametrize(
    ("arrived", "missing"),
    [
        (Arrived(100, 99, 99, 100, 100), "sampled spans"),
        (Arrived(100, 100, 99, 100, 100), "spans received"),
        (Arrived(100, 100, 100, 101, 100), "log lines"),
        (Arrived(100, 100, 100, 100, 98), "requests counted"),
    ],
)
def test_one_that_is_missing_is_named(arrived: Arrived, missing: str) -> None:
    (problem,) = problems_of("ours", 1.0, arrived)
    assert missing in problem


def test_a_share_is_what_chance_allows() -> None:
    assert problems_of("ours", 0.1, Arrived(10_000, 1_060, 1_060, 10_000, 10_000)) == []
    assert problems_of("ours", 0.1, Arrived(10_000, 1_300, 1_300, 10_000, 10_000)) != []


@pytest.mark.parametrize("variant", ["bare", "ours"])
def test_a_server_is_driven_frozen_and_delivers_everything(variant: str) -> None:
    with running(variant, CORES) as server:
        with server.awake() as client:
            assert client.answer(200).requests == 200
        with server.awake() as client:
            assert client.pace(1000, 0.1).requests == 100
        assert server.cpu_seconds() > 0
    assert server.problems == []


def test_a_line_that_came_too_much_is_a_problem() -> None:
    with running("ours", CORES) as server, server.awake() as client:
        client.answer(100)
        client.answered -= 1
    assert any("log lines: 100 in place of 99" in problem for problem in server.problems)
