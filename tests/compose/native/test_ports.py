import socket
from dataclasses import asdict

import pytest

from compose.native.errors import PortTakenError, RunError
from compose.native.ports import HOST, Ports


def test_free_ports_differ_and_can_be_bound() -> None:
    ports = Ports.free()
    assert len(set(asdict(ports).values())) == len(asdict(ports))
    ports.require_free()


def test_a_taken_port_is_named_with_its_part_and_how_to_set_another() -> None:
    with socket.create_server((HOST, 0)) as holder:
        number = holder.getsockname()[1]
        ports = Ports.free().changed({"prometheus": str(number)})
        with pytest.raises(PortTakenError) as caught:
            ports.require_free()
    assert str(caught.value) == (
        f"port {number} (prometheus) is taken: choose with --port prometheus=N or "
        "SIGHTLINE_PORT_PROMETHEUS=N, or --free-ports"
    )


def test_every_taken_port_is_named() -> None:
    with socket.create_server((HOST, 0)) as one, socket.create_server(("", 0)) as other:
        numbers = one.getsockname()[1], other.getsockname()[1]
        ports = Ports.free().changed({"web": str(numbers[0]), "smtp": str(numbers[1])})
        with pytest.raises(PortTakenError) as caught:
            ports.require_free()
    assert f"ports {numbers[0]} (web), {numbers[1]} (smtp) are taken" in str(caught.value)


def test_two_parts_cannot_share_a_port() -> None:
    with pytest.raises(PortTakenError, match="web and inbox share a port"):
        Ports().changed({"inbox": "8000"}).require_free()


def test_the_environment_sets_ports() -> None:
    ports = Ports().changed_by_environment({"SIGHTLINE_PORT_WEB_METRICS": "19464", "HOME": "/"})
    assert ports == Ports(web_metrics=19464)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"webb": "1"}, "no part has a port named 'webb'"),
        ({"web": ""}, "the port of web must be 1 to 65535, not ''"),
        ({"web": "0"}, "the port of web must be"),
        ({"web": "65536"}, "the port of web must be"),
        ({"web": "-1"}, "the port of web must be"),
    ],
)
def test_a_wrong_port_is_one_line(settings: dict[str, str], message: str) -> None:
    with pytest.raises(RunError, match=message) as caught:
        Ports().changed(settings)
    assert "\n" not in str(caught.value)
