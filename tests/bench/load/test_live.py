"""Two replicas behind the shipped HAProxy and one Prometheus: its counts are the client's.

The whole platform runs, for seconds and at a low rate: nothing here depends on how fast it is.
"""

import os

import pytest

from bench.load import rig
from bench.load.exactness import compare
from bench.load.utilisation import between, read
from compose.native.errors import MissingPartError

RATE = 120.0
SECONDS = 3.0


@pytest.mark.platform
def test_the_counts_of_two_replicas_are_the_clients_own() -> None:
    try:
        with rig.running(2, proxy=True, name="load-test") as running:
            before = read(running)
            found = compare(running, RATE, SECONDS)
            used = between(before, read(running))
    except MissingPartError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))
    assert found.differences == ()
    assert found.instances == 2
    assert found.failed > 0, "nothing failed: the ratios would be equal whatever they are of"
    assert found.is_exact, found
    assert {"web-1", "web-2", "haproxy", "postgres", "valkey", "load"} <= used.cores.keys()
    assert 0 < used.loop < 1
    assert 0 < used.pools["postgresql"] < 1
