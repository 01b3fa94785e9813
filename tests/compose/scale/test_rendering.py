import json

import pytest

from compose.native.errors import RunError
from compose.scale import rendering

SOURCE = (rendering.FOLDER / "haproxy.cfg").read_text()


def test_only_the_replicas_that_run_are_served() -> None:
    found = rendering.haproxy(SOURCE, binds={"api": 81}, servers={"web-1": 91, "web-2": 92})
    servers = [line.split() for line in found.splitlines() if line.startswith("    server ")]
    assert servers == [["server", "web-1", "127.0.0.1:91"], ["server", "web-2", "127.0.0.1:92"]]
    assert "bind 127.0.0.1:81\n" in found
    assert "0.0.0.0" not in found
    assert "listen cache" not in found


def test_all_but_addresses_and_other_sections_is_as_it_ships() -> None:
    servers = {"web-1": 1, "web-2": 2, "web-3": 3, "cache-1": 4, "cache-2": 5}
    found = rendering.haproxy(SOURCE, binds={"api": 6, "cache": 7}, servers=servers).splitlines()
    changed = [
        (was, now) for was, now in zip(SOURCE.splitlines(), found, strict=True) if was != now
    ]
    assert len(changed) == 7
    assert all(was.split()[:-1] == now.split()[:-1] for was, now in changed)


@pytest.mark.parametrize(("binds", "servers"), [({"nobody": 1}, {}), ({"api": 1}, {"other-1": 2})])
def test_a_name_that_the_file_does_not_know_is_an_error(
    binds: dict[str, int], servers: dict[str, int]
) -> None:
    with pytest.raises(RunError, match="has no section"):
        rendering.haproxy(SOURCE, binds=binds, servers=servers)


def test_targets_are_what_file_sd_reads() -> None:
    assert json.loads(rendering.targets([1, 2])) == [{"targets": ["127.0.0.1:1", "127.0.0.1:2"]}]
